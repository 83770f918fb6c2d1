"""What every command of the package does the same way: flags, user errors, a quiet stderr."""

import functools
import itertools
import pathlib
import sys

from absl import app, flags, logging

from scoringnet_tf.data.dataset_info import FILE_NAME, NO_INDEX, DatasetInfo
from scoringnet_tf.support import notices
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path, check_access, of_a_store, received


def run(main, positional=False):
    """Runs `main(arguments)` under absl: an `InputError` is one line on stderr and exit 1, not a traceback."""

    def checked(argv):
        arguments = argv[1:]
        if arguments and not positional:
            raise app.UsageError(f"Expected flags only. Received: {' '.join(arguments)}")
        notices.hold_back()
        return _status(main, arguments, pathlib.Path(argv[0]).stem)

    _help_succeeds()
    flags.FLAGS.verbosity = logging.WARNING  # absl's own default, once it runs, is to show TensorFlow's progress
    app.run(checked)


def _help_succeeds():
    """absl leaves with status 1 after --help."""
    app.define_help_flags()
    for name in ("help", "helpshort", "helpfull", "helpxml"):
        flag = flags.FLAGS[name]
        flag.parse = functools.partial(_parse_help, flag.parse)


def _parse_help(parse, argument):
    try:
        parse(argument)
    except SystemExit:
        sys.exit(0)


def _status(main, arguments, name):
    """The exit status of `main`; what went wrong for a reason that a user can see to is on stderr."""
    try:
        return main(arguments) or 0
    except InputError as error:
        print(f"{name}: {error}", file=sys.stderr)
    except Exception as error:
        if type(error).__name__ == "DataLossError":  # TensorFlow's; importing it here would slow every command
            print(f"{name}: damaged records ({error}). Find them: python -m data_prep inspect", file=sys.stderr)
        elif of_a_store(error) and (stores := _remote_flags()):
            where = ", ".join(f"--{flag}={path}" for flag, path in stores.items())
            said = received(error, next(iter(stores.values())))
            print(f"{name}: {where}: expected a store that can be reached all the time. {said}", file=sys.stderr)
        else:
            raise
    return 1


def _remote_flags():
    """Flag → value of the flags that name something in an object store."""
    values = flags.FLAGS.flag_values_dict().items()
    return {name: value for name, value in values if isinstance(value, str) and "://" in value}


def require(**values):
    """InputError naming the first flag of `values` that is empty."""
    for name, value in values.items():
        if not value:
            raise InputError(f"--{name}: expected a value. Received: none. See --help.")


def load_records(records_dir):
    """The `DatasetInfo` of --records_dir; where there is none, the error shows how the flag file says to make them."""
    check_access(records_dir, "records_dir")
    index = as_path(records_dir) / FILE_NAME
    recipe = [line for path in flag_files(sys.argv) for line in records_recipe(path)]
    if recipe and not index.is_file():
        raise InputError("\n".join([NO_INDEX.format(index), *recipe]))
    return DatasetInfo.load(records_dir)


def flag_files(arguments):
    """The flag files of a command line: absl replaces --flagfile by what the file holds, so only this names them."""
    following = dict(itertools.pairwise(arguments))
    names = (
        following.get(argument, "") if argument.lstrip("-") == "flagfile" else argument.partition("=")[2]
        for argument in arguments
        if argument.startswith("-") and argument.lstrip("-").partition("=")[0] == "flagfile"
    )
    return [name for name in names if name]


def records_recipe(flagfile):
    """How a flag file's opening comment says its records are made: the lines from "Records:" to the next entry."""
    comment = itertools.takewhile(lambda line: line.startswith("#"), pathlib.Path(flagfile).read_text().splitlines())
    from_records = itertools.dropwhile(lambda line: not line.startswith("# Records:"), comment)
    lines = list(itertools.takewhile(lambda line: not line.startswith("# Hardware:"), from_records))
    return [f"{flagfile} says:", *(line.removeprefix("#") for line in lines)] if lines else []


def flag_values(module):
    """The flags that a command's module defines or adopts, name → value, for the record beside its output."""
    return {flag.name: flag.value for flag in flags.FLAGS.get_key_flags_for_module(module)}


def size_flag(name):
    """The two positive integers of a list flag; InputError naming it."""
    values = flags.FLAGS[name].value
    if len(values) != 2 or not all(value.strip().isdigit() and int(value) > 0 for value in values):
        raise InputError(f"--{name}: expected two positive integers, e.g. 64,64. Received: {','.join(values)}")
    return [int(value) for value in values]
