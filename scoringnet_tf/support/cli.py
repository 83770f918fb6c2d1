"""What every command of the package does the same way: flags, user errors, quiet TensorFlow."""

import os
import pathlib
import sys
from typing import Any

from absl import app, flags

from scoringnet_tf.support.errors import InputError

# TensorFlow prints notices of its CPU kernels at import; a command's own output should be readable.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def run(main, positional=False):
    """Runs `main(arguments)` under absl: an `InputError` is one line on stderr and exit 1, not a traceback."""

    def checked(argv):
        arguments = argv[1:]
        if arguments and not positional:
            raise app.UsageError(f"Expected flags only. Received: {' '.join(arguments)}")
        return _leave(_status(main, arguments, pathlib.Path(argv[0]).stem))

    app.run(checked)


def _status(main, arguments, name):
    """The exit status of `main`; what went wrong for a reason that a user can see to is on stderr."""
    try:
        return main(arguments) or 0
    except InputError as error:
        print(f"{name}: {error}", file=sys.stderr)
    except Exception as error:
        if type(error).__name__ != "DataLossError":  # TensorFlow's; importing it here would slow every command
            raise
        print(f"{name}: damaged records ({error}). Find them: python -m data_prep inspect", file=sys.stderr)
    return 1


def _leave(status):
    """Returns `status`; once tensorflow-io was used it leaves the process with it at once.

    tensorflow-io 0.37.1 aborts a process ("pure virtual method called", status 134) that has used s3://, when the
    destructors of its libraries run.
    """
    if "tensorflow_io" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def require(**values):
    """InputError naming the first flag of `values` that is empty."""
    for name, value in values.items():
        if not value:
            raise InputError(f"--{name}: expected a value. Received: none. See --help.")


def flag_values(module):
    """The flags that a command's module defines or adopts, name → value, for the record beside its output."""
    return {flag.name: flag.value for flag in flags.FLAGS.get_key_flags_for_module(module)}


def size_flag(name):
    """The two positive integers of a list flag; InputError naming it."""
    values: Any = flags.FLAGS[name].value
    if len(values) != 2 or not all(value.strip().isdigit() and int(value) > 0 for value in values):
        raise InputError(f"--{name}: expected two positive integers, e.g. 64,64. Received: {','.join(values)}")
    return [int(value) for value in values]
