"""python -m data_prep COMMAND --flags: videos and labels in, TFRecords out.

Each command has its own flags: python -m data_prep COMMAND --help
"""

import importlib
import sys
from typing import NoReturn

from scoringnet_tf.support import cli

COMMANDS = {  # command, and module of data_prep.commands with its flags and main(arguments): purpose
    "simulate": "Render a dataset of simulated videos, in the layout of a public one.",
    "build": "Turn videos and their labels into TFRecords.",
    "check": "Check videos and labels like build, without writing.",
    "split": "Split a dataset at random, by score or by group, or into folds.",
    "stages": "Import stage labels from annotation tools, or export them to be corrected there.",
    "suggest": "Label the stages of videos with a trained model, to be corrected in such a tool.",
    "inspect": "Verify a folder of TFRecords and draw a contact sheet.",
}
OPTIONS = ("POSITIONAL", "USES_KERAS", "WRONG_USE")  # arguments of `cli.run` that a module may state


def main() -> None:
    """Imports the command's module alone, so that its flags are the only ones, and runs it."""
    global __doc__
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command is None or command not in COMMANDS:
        _exit_with_usage(command)
    module = importlib.import_module(f"data_prep.commands.{command}")
    # absl's --help prints the docstring of __main__, which this is, and the flags of the module that argv[0] names.
    __doc__ = module.__doc__ or ""
    sys.argv = [module.__name__, *sys.argv[2:]]
    options = {name.lower(): getattr(module, name) for name in OPTIONS if hasattr(module, name)}
    cli.run(module.main, **options)


def _exit_with_usage(command: str | None) -> NoReturn:
    usage = "\n".join([__doc__, *(f"  {name:10}{purpose}" for name, purpose in COMMANDS.items())])
    if command in ("-h", "--help"):
        print(usage)
        sys.exit(0)
    problem = "a command is missing. [missing_flag]" if command is None else f"no command {command!r}. [unknown_name]"
    print(f"{usage}\n\ndata_prep: {problem}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
