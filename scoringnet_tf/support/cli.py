"""What every command of the package does the same way: flags, user errors, a quiet stderr, how it ends."""

import contextlib
import errno
import functools
import gc
import logging as python_logging
import os
import pathlib
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, NoReturn

from absl import app, flags, logging

from scoringnet_tf.support.errors import InputError, Stopped
from scoringnet_tf.support.paths import WAITING, answered, of_a_store
from scoringnet_tf.support.reading import flag_files

flags.DEFINE_float("timeout", WAITING.seconds, "Seconds to wait for an address that does not answer.", 0.1)
# What TensorFlow says of a record that is whole, but not that of the index (`data.input_pipeline`), or of other fields.
NO_SUCH_RECORD = re.compile("the record of|Could not parse example|Can't parse serialized Example")
CODES: dict[int | None, str] = {  # of what the operating system says
    errno.ENOSPC: "disk_full",
    errno.ENOENT: "not_found",
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.EROFS: "no_permission",
}


def run(
    main: Callable[[list[str]], int | None],
    positional: bool = False,
    may_be_empty: bool = False,
    uses_keras: bool = False,
) -> NoReturn:
    """Runs `main(arguments)` under absl.

    A user's error is one message on stderr with its code, and exit status 1: an `InputError`, a full disk, too little
    memory, a closed pipe. SIGINT and SIGTERM are one line and 130 or 143. Any other exception is a traceback.

    Args:
        main: the command.
        positional: whether it takes arguments that are no flags.
        may_be_empty: whether a flag may have an empty value, to undo that of a flag file. By default that is refused:
            it comes from a shell variable that is not set.
        uses_keras: whether it computes with Keras; it then refuses another backend than TensorFlow.
    """

    def checked(argv):
        _take_any_name()
        _quiet_libraries()
        gc.set_threshold(50_000, 20, 20)  # imports and graphs are many objects and little garbage
        WAITING.seconds = flags.FLAGS.timeout
        arguments = argv[1:]

        def work():
            if arguments and not positional:
                raise InputError(
                    "unexpected_argument", f"This command takes flags only, not: {' '.join(arguments)}.", "See --help."
                )
            if not may_be_empty:
                _check_values()
            if uses_keras:
                _use_tensorflow()
            return main(arguments)

        return _status(work, _command_name(argv))

    _help_succeeds()
    # absl's own default, once it runs, is to show TensorFlow's progress.
    flags.FLAGS.verbosity = logging.WARNING  # type: ignore[assignment]
    app.run(checked, flags_parser=_parsed)


def _parsed(argv):
    """The command line without its flags; exits with status 1 if one is wrong."""
    try:
        arguments = flags.FLAGS(argv)
        for name, value in flags.FLAGS.flag_values_dict().items():
            if isinstance(value, float) and not isfinite(value):
                raise flags.Error(f"--{name}: {value} is not a finite number.")
        return arguments
    except UnicodeDecodeError as error:
        message = f"{', '.join(flag_files(argv))} is not a flag file in UTF-8 ({error})."
        _print_error(_command_name(argv), InputError("wrong_format", message))
    except flags.Error as error:
        code = "unknown_flag" if isinstance(error, flags.UnrecognizedFlagError) else "wrong_flag"
        _print_error(_command_name(argv), InputError(code, f"{str(error).rstrip('.')}.", "See --help."))
    sys.exit(1)


def _print_error(name, error):
    print(f"{name}: {error} [{error.code}]", file=sys.stderr)


def _quiet_libraries():
    """Keeps the notices of libraries off stderr; their errors stay. TF_CPP_MIN_LOG_LEVEL=0 shows TensorFlow's."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its errors are raised, too
    # gcsfs logs what it raises; google.auth logs whom it may not ask, and warns of every older Python.
    for library in ("gcsfs", "google.auth"):
        python_logging.getLogger(library).setLevel(python_logging.CRITICAL)
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.")
    # A lost connection ends a task that nobody awaits; the request itself fails too, and the command tells of it.
    python_logging.getLogger("asyncio").addFilter(
        lambda record: "exception was never retrieved" not in record.getMessage()
    )


def _use_tensorflow():
    """Has Keras compute with TensorFlow, whatever its keras.json says; InputError if KERAS_BACKEND says otherwise."""
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        raise InputError("wrong_backend", f"KERAS_BACKEND={backend}: the commands need tensorflow.")
    os.environ["KERAS_BACKEND"] = backend


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raises `Stopped` in the main thread on SIGTERM or SIGINT, so that the work is left in order."""
    # Who was started with one of them ignored, as by nohup, goes on to ignore it.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]

    def stop(number, _):
        for each in numbers:  # once is enough: what follows is tidying up
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _take_any_name():
    """Lets streams of text pass on the name of a file that is no text, or none in this locale."""
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def _command_name(argv):
    """`train` of `…/train.py`, `experiments` of `…/experiments/__main__.py`, `build` of `data_prep.commands.build`."""
    program = pathlib.Path(argv[0])
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


def _check_values():
    """InputError naming a flag with an empty value."""
    for name, value in flags.FLAGS.flag_values_dict().items():
        if value == "" and flags.FLAGS[name].present:
            raise InputError("empty_flag", f"--{name} has no value.")


def _status(work, name):
    """The exit status of a command; a user's error is on stderr."""
    try:
        with stoppable():
            status = work() or 0
            sys.stdout.flush()
            return status
    except Stopped as stop:
        print(f"{name}: {stop}", file=sys.stderr)
        return stop.exit_status
    except Exception as error:
        problem = _as_input_error(error)
        if problem is None:
            raise
        if isinstance(error, OSError) and error.filename is None:
            _give_up_stdout()  # it may be what is full or closed
        _print_error(name, problem)
        return 1


def _as_input_error(error: Exception) -> InputError | None:
    """The `InputError` for what a user can mend; None for a fault of the program."""
    message = " ".join(str(error).partition("Traceback (most recent call last)")[0].split())
    if isinstance(error, InputError):
        return error
    if isinstance(error, BrokenPipeError):
        return InputError("output_closed", "Stopped: whoever read the output has closed it.")
    if isinstance(error, MemoryError):
        return InputError("out_of_memory", "Out of memory.")
    if _of_damaged_records(error):
        return InputError("damaged_records", f"Damaged records ({message}).", "Find them: python -m data_prep inspect")
    if type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's, of memory and of a disk
        return InputError("out_of_memory", f"Out of memory or disk: {str(error).splitlines()[0]}.")
    if of_a_store(error) and (stores := _remote_flags()):
        answer = answered(error, next(iter(stores.values())))
        where = ", ".join(f"--{flag}={path}" for flag, path in stores.items())
        return InputError(answer.code, f"{where}: the store was lost. {answer}")
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{error.filename}: "
        return InputError(CODES.get(error.errno, "not_usable"), f"{where}{error.strerror}.")
    return None


def _of_damaged_records(error):
    """Whether TensorFlow met a damaged record, or another than the index says; importing it here would be slow."""
    kind, message = type(error).__name__, str(error)
    if kind == "UnknownError":  # whatever a generator of tf.data ended with (`data.service`): it is named there
        return "DataLossError" in message or bool(NO_SUCH_RECORD.search(message))
    return kind == "DataLossError" or (kind == "InvalidArgumentError" and bool(NO_SUCH_RECORD.search(message)))


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
            raise InputError("missing_flag", f"--{name} is missing.", "See --help.")


def size_flag(name: str) -> list[int]:
    """The two positive integers of a list flag; InputError naming it."""
    values: Any = flags.FLAGS[name].value
    if len(values) != 2 or not all(value.strip().isdigit() and int(value) > 0 for value in values):
        raise InputError("wrong_value", f"--{name}={','.join(values)}: it takes two positive integers, e.g. 64,64.")
    return [int(value) for value in values]
