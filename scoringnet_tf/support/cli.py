"""What every command of the package does the same way: flags, user errors, a quiet stderr, how it ends."""

import functools
import os
import pathlib
import re
import sys
import types
from collections.abc import Callable
from math import isfinite
from typing import Any, NoReturn

from absl import app, flags, logging

from scoringnet_tf.support import notices
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.flag_files import flag_files
from scoringnet_tf.support.keras_backend import check_backend
from scoringnet_tf.support.paths import WAITING, answered, of_a_store
from scoringnet_tf.support.stopping import Stopped, stoppable

flags.DEFINE_float("timeout", WAITING.seconds, "Seconds to wait for an address that does not answer.", 0.1)
# What TensorFlow says of a record that is whole, but not that of the index (`data.input_pipeline`), or of other fields.
NO_SUCH_RECORD = re.compile("as the index says|Could not parse example|Can't parse serialized Example")


def run(
    main: Callable[[list[str]], int | None],
    positional: bool = False,
    may_be_empty: bool = False,
    uses_keras: bool = False,
) -> NoReturn:
    """Runs `main(arguments)` under absl.

    What a user can see to (an `InputError`, a full disk, too little memory, a closed pipe) is one line on stderr and
    exit 1, not a traceback; SIGINT and SIGTERM are one line and 130 or 143.

    Args:
        main: the command.
        positional: whether it takes arguments that are no flags.
        may_be_empty: whether a flag may be given without a value, to undo that of a flag file. Else it is refused, as
            where a shell's variable is not set: as if it were not given, another thing would be done.
        uses_keras: whether it computes with Keras; it is refused where that has another backend than TensorFlow.
    """

    def checked(argv):
        arguments, name = argv[1:], _command_name(pathlib.Path(argv[0]))
        _take_any_name()
        if arguments and not positional:
            print(f"{name}: Expected flags only. Received: {' '.join(arguments)}. See --help.", file=sys.stderr)
            return 1
        notices.hold_back()
        WAITING.seconds = flags.FLAGS.timeout
        work = functools.partial(_by_tensorflow, main) if uses_keras else main
        return _status(work if may_be_empty else functools.partial(_with_values, work), arguments, name)

    _help_succeeds()
    # absl's own default, once it runs, is to show TensorFlow's progress.
    flags.FLAGS.verbosity = logging.WARNING  # type: ignore[assignment]
    app.run(checked, flags_parser=_parsed)


def _parsed(argv):
    """What is left of a command line without its flags; leaves with status 1 where those are wrong, as absl does."""
    try:
        left = app.parse_flags_with_usage(argv)
        numbers = {name: value for name, value in flags.FLAGS.flag_values_dict().items() if isinstance(value, float)}
        wrong = [f"--{name}: expected a finite number. Received: {x}" for name, x in numbers.items() if not isfinite(x)]
    except UnicodeDecodeError as error:
        wrong = [f"--flagfile={','.join(flag_files(argv))}: expected text in UTF-8. Received: {error}"]
    if wrong:
        print(f"FATAL Flags parsing error: {'; '.join(wrong)}", file=sys.stderr)
        sys.exit(1)
    return left


def _take_any_name():
    """Lets streams of text pass on the name of a file that is no text, or none in this locale."""
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def _command_name(program):
    """`train` of `…/train.py`, `experiments` of `…/experiments/__main__.py`, `build` of `data_prep.commands.build`."""
    if program.stem == "__main__":
        return program.parent.name
    return program.name.removesuffix(".py").rpartition(".")[2]


def _help_succeeds():
    """Makes --help leave with status 0; absl's leaves with 1."""
    app.define_help_flags()
    for name in ("help", "helpshort", "helpfull", "helpxml"):
        flag = flags.FLAGS[name]
        flag.parse = functools.partial(_parse_help, flag.parse)  # type: ignore[method-assign]


def _parse_help(parse, argument):
    try:
        parse(argument)
    except SystemExit:
        sys.exit(0)


def _with_values(main, arguments):
    """What `main` returns; InputError naming a flag that is given as an empty text."""
    for name, value in flags.FLAGS.flag_values_dict().items():
        if value == "" and flags.FLAGS[name].present:
            raise InputError("todo", f"--{name}: expected a value. Received: an empty one.")
    return main(arguments)


def _by_tensorflow(main, arguments):
    """What `main` returns; InputError where Keras would compute with another backend."""
    check_backend()
    return main(arguments)


def _status(main, arguments, name):
    """The exit status of `main`; what went wrong for a reason that a user can see to is on stderr."""
    try:
        with stoppable():
            status = main(arguments) or 0
            sys.stdout.flush()
            return status
    except Stopped as stop:
        print(f"{name}: {stop}", file=sys.stderr)
        return stop.exit_status
    except InputError as error:
        print(f"{name}: {error} [{error.code}]", file=sys.stderr)
    except BrokenPipeError:
        _give_up_stdout()
        print(f"{name}: whoever read the output has closed it: stopped.", file=sys.stderr)
    except MemoryError:
        print(f"{name}: out of memory.", file=sys.stderr)
    except Exception as error:
        if _of_damaged_records(error):
            said = " ".join(str(error).partition("Traceback (most recent call last)")[0].split())
            print(f"{name}: damaged records ({said}). Find them: python -m data_prep inspect", file=sys.stderr)
        elif type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's, too: of memory, and of a disk
            print(f"{name}: out of memory or disk: {str(error).splitlines()[0]}", file=sys.stderr)
        elif of_a_store(error) and (stores := _remote_flags()):
            where = ", ".join(f"--{flag}={path}" for flag, path in stores.items())
            said = str(answered(error, next(iter(stores.values()))))
            expected = "expected a store that can be reached all the time"
            print(f"{name}: {where}: {expected}. Received: {said}", file=sys.stderr)
        elif isinstance(error, OSError) and error.strerror:
            if error.filename is None:
                _give_up_stdout()  # it may be what is full
            where = "" if error.filename is None else f"{error.filename}: "
            print(f"{name}: {where}{error.strerror}.", file=sys.stderr)
        else:
            raise
    return 1


def _of_damaged_records(error):
    """Whether TensorFlow met a damaged record, or another than the index says; importing it here would be slow."""
    kind, said = type(error).__name__, str(error)
    if kind == "UnknownError":  # whatever a generator of tf.data ended with (`data.service`): it is named there
        return "DataLossError" in said or bool(NO_SUCH_RECORD.search(said))
    return kind == "DataLossError" or (kind == "InvalidArgumentError" and bool(NO_SUCH_RECORD.search(said)))


def _give_up_stdout():
    """What could not be written to stdout is not tried again when Python ends, which would be an error once more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _remote_flags():
    """Flag → value of the flags that name something in an object store."""
    values = flags.FLAGS.flag_values_dict().items()
    return {name: value for name, value in values if isinstance(value, str) and "://" in value}


def require(**values: object) -> None:
    """InputError naming the first flag of `values` that is empty."""
    for name, value in values.items():
        if not value:
            raise InputError("todo", f"--{name}: expected a value. Received: none. See --help.")


def flag_values(module: types.ModuleType) -> dict[str, Any]:
    """The flags that a command's module defines or adopts, name → value, for the record beside its output."""
    return {flag.name: flag.value for flag in flags.FLAGS.get_key_flags_for_module(module)}


def size_flag(name: str) -> list[int]:
    """The two positive integers of a list flag; InputError naming it."""
    values: Any = flags.FLAGS[name].value
    if len(values) != 2 or not all(value.strip().isdigit() and int(value) > 0 for value in values):
        raise InputError("todo", f"--{name}: expected two positive integers, e.g. 64,64. Received: {','.join(values)}")
    return [int(value) for value in values]
