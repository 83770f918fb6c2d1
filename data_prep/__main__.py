"""python -m data_prep COMMAND --flags: videos and labels in, TFRecords out.

Each command has its own flags: python -m data_prep COMMAND --help
"""

import importlib
import sys
from types import ModuleType
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


def main() -> None:
    """Imports the module of the command alone, so that its flags are the only ones, and runs it."""
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command is None or command not in COMMANDS:
        _exit_with_usage(command)
    module = importlib.import_module(f"data_prep.commands.{command}")
    # absl's --help prints the docstring of __main__ and the flags of the module that argv[0] names.
    sys.modules["__main__"].__doc__ = module.__doc__
    sys.argv = [module.__name__, *sys.argv[2:]]
    _run(module)


def _run(module: ModuleType) -> None:
    """Runs a command; WRONG_USE is its exit status for wrong flags, if scripts read it."""
    is_running = False

    def main(arguments: list[str]) -> int | None:
        nonlocal is_running
        is_running = True
        return module.main(arguments)

    try:
        cli.run(main, positional=getattr(module, "POSITIONAL", False), uses_keras=getattr(module, "USES_KERAS", False))
    except SystemExit as stop:
        if is_running or not stop.code:
            raise
        sys.exit(getattr(module, "WRONG_USE", stop.code))


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
