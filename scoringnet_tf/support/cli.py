"""What all commands share: flags, user errors, a quiet stderr, exit statuses."""

import atexit
import contextlib
import errno
import functools
import gc
import io
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

from scoringnet_tf.support.messages import InputError, Stopped, without_notices
from scoringnet_tf.support.paths import WAITING, answered, of_a_store

flags.DEFINE_float("timeout", WAITING.seconds, "Network timeout, in seconds.", 0.1)
# What TensorFlow says of a record that is whole, but not that of the index (`data.input_pipeline`), or of other fields;
# an UnknownError is whatever a generator of tf.data ended with.
NO_SUCH_RECORD = "the record of|Could not parse example|Can't parse serialized Example"
DAMAGED = {"InvalidArgumentError": NO_SUCH_RECORD, "UnknownError": f"DataLossError|{NO_SUCH_RECORD}"}
# Where in its graph TensorFlow met an error, which is no place that a user knows
OF_GRAPHS = re.compile(
    r"\{\{function_node.*?\}\}|Error in user-defined function.*Iterator::\S+:|\[\[.*?\]\]|\[Op:.*", re.DOTALL
)
NVIDIA = pathlib.Path("/proc/driver/nvidia")  # there if Linux has NVIDIA's driver
TELL = "backslashreplace"
CODES: dict[int | None, str]  # of what the operating system says
CODES = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "no_permission")
CODES |= {errno.ENOSPC: "disk_full", errno.ENOENT: "not_found"}


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
        positional: it takes arguments that are no flags.
        may_be_empty: a flag may have an empty value, to undo a flag file's; else a shell's variable was not set.
        uses_keras: it refuses another backend than TensorFlow.
    """

    def checked(argv: list[str]) -> int:
        _prepare_process()
        name, arguments = _command_name(argv), argv[1:]
        if _status(functools.partial(_check_use, arguments, positional, may_be_empty, uses_keras), name):
            return 1
        return _status(functools.partial(main, arguments), name)

    # absl's own default, once it runs, is to show TensorFlow's progress.
    flags.FLAGS.verbosity = logging.WARNING  # type: ignore[assignment]
    app.run(checked, flags_parser=_parsed)


def _prepare_process() -> None:
    # A file's name need not be text, nor text of this locale.
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, TELL), (sys.stderr, TELL)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    _quiet_libraries()
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")  # pictures have threads of ours: more would only fight
    gc.set_threshold(50_000, 20, 20)  # imports and graphs are many objects and little garbage
    atexit.register(gc.freeze)  # Python would look through all of them once more before it ends
    WAITING.seconds = flags.FLAGS.timeout


def _check_use(arguments: list[str], positional: bool, may_be_empty: bool, uses_keras: bool) -> None:
    """InputError if the command line or the environment does not fit the command; chooses Keras's backend."""
    if arguments and not positional:
        message = f"This command takes flags only, not: {' '.join(arguments)}."
        raise InputError("unexpected_argument", message, "See --help.")
    for name, value in flags.FLAGS.flag_values_dict().items():
        if value == "" and flags.FLAGS[name].present and not may_be_empty:
            raise InputError("empty_flag", f"--{name} has no value.")
    if uses_keras:  # whatever keras.json says
        backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
        if backend != "tensorflow":
            raise InputError("wrong_backend", f"KERAS_BACKEND={backend}: the commands need tensorflow.")
        os.environ["KERAS_BACKEND"] = backend


def _parsed(argv: list[str]) -> list[str]:
    """The command line without its flags; exits if one is wrong."""
    try:
        arguments = flags.FLAGS(argv)
        for name, value in flags.FLAGS.flag_values_dict().items():
            if isinstance(value, float) and not isfinite(value):
                raise flags.Error(f"--{name}: {value} is not a finite number.")
        return arguments
    except SystemExit:  # --help's, with absl's status 1
        sys.exit(0)
    except (UnicodeDecodeError, flags.Error) as error:  # of a flag file, and of a flag
        code, where = "unknown_flag" if isinstance(error, flags.UnrecognizedFlagError) else "wrong_flag", ""
        if isinstance(error, UnicodeDecodeError):
            files = re.findall(r"-flagfile[=\0]([^\0]+)", "\0".join(argv))
            code, where = "wrong_format", f"{', '.join(files)}: "
        print(f"{_command_name(argv)}: {where}{str(error).rstrip('.')}. See --help. [{code}]", file=sys.stderr)
        sys.exit(1)


def _quiet_libraries() -> None:
    """Keeps the notices of libraries off stderr; their errors stay."""
    # gcsfs logs what it raises; google.auth logs whom it may not ask, and warns of every older Python.
    for library in ("gcsfs", "google.auth"):
        python_logging.getLogger(library).setLevel(python_logging.CRITICAL)
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.")
    # A lost connection ends a task that nobody awaits; the request itself fails too, and the command tells of it.
    python_logging.getLogger("asyncio").addFilter(
        lambda record: "exception was never retrieved" not in record.getMessage()
    )


def load_tensorflow() -> None:
    """Imports TensorFlow without its first lines, which no level holds back; warns if it cannot use the GPU."""
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") in ("0", "1"):  # they are asked for
        import tensorflow

        return
    with without_notices():
        import tensorflow

        gpus = tensorflow.config.list_physical_devices("GPU")
    if NVIDIA.exists() and not gpus:
        print("TensorFlow cannot use the GPU. Set TF_CPP_MIN_LOG_LEVEL=0 to see why.", file=sys.stderr)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raises `Stopped` in the main thread on SIGTERM or SIGINT, so that the work is left in order."""
    # Who was started with one of them ignored, as by nohup, goes on to ignore it.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]

    def stop(number: int, _: object) -> NoReturn:
        for each in numbers:  # once is enough: what follows is tidying up
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _command_name(argv: list[str]) -> str:
    """`train` for `…/train.py`, `report` for `…/report/__main__.py`, `build` for `data_prep.commands.build`."""
    program = pathlib.Path(argv[0])
    if program.stem == "__main__":
        return program.parent.name
    return program.name.removesuffix(".py").rpartition(".")[2]


def _status(work: Callable[[], int | None], name: str) -> int:
    """A command's exit status; a user's error goes to stderr."""
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
        if isinstance(error, OSError) and error.filename is None:  # stdout may be what is full or closed
            try:
                sys.stdout.flush()
            except OSError:  # Python would try again when it ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"{name}: {problem} [{problem.code}]", file=sys.stderr)
        return 1


def _as_input_error(error: Exception) -> InputError | None:
    """The `InputError` for what a user can mend; None for a fault of the program."""
    kind, text = type(error).__name__, str(error)
    if isinstance(error, InputError):
        return error
    if isinstance(error, BrokenPipeError):
        return InputError("output_closed", "Stopped: whoever read the output has closed it.")
    if isinstance(error, MemoryError):
        return InputError("out_of_memory", "Out of memory.")
    # TensorFlow's errors go by their names: importing it here would be slow.
    if kind == "ResourceExhaustedError":
        return InputError("out_of_memory", f"Out of memory or disk: {text.splitlines()[0]}.")
    if kind == "DataLossError" or (kind in DAMAGED and re.search(DAMAGED[kind], text)):
        message = " ".join(OF_GRAPHS.sub("", text.partition("Traceback (most recent call last)")[0]).split())
        return InputError("damaged_records", f"Damaged records ({message}).", "Find them: python -m data_prep inspect")
    values = flags.FLAGS.flag_values_dict().items()
    stores = {name: value for name, value in values if isinstance(value, str) and "://" in value}
    if stores and of_a_store(error):
        answer = answered(error, next(iter(stores.values())))
        where = ", ".join(f"--{flag}={path}" for flag, path in stores.items())
        return InputError(answer.code, f"{where}: the store was lost. {answer}")
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{error.filename}: "
        return InputError(CODES.get(error.errno, "not_usable"), f"{where}{error.strerror}.")
    return None


def require(**values: object) -> None:
    """InputError naming the first flag in `values` that is empty."""
    for name, value in values.items():
        if not value:
            raise InputError("missing_flag", f"--{name} is missing.", "See --help.")


def size_flag(name: str) -> list[int]:
    """The two positive integers in a list flag; InputError naming it."""
    values: Any = flags.FLAGS[name].value
    if len(values) != 2 or not all(value.strip().isdigit() and int(value) > 0 for value in values):
        raise InputError("wrong_value", f"--{name}={','.join(values)}: it takes two positive integers, e.g. 64,64.")
    return [int(value) for value in values]
