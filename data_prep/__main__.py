"""python -m data_prep COMMAND --flags: videos and labels in, TFRecords out.

Each command has its own flags: python -m data_prep COMMAND --help
"""

import importlib
import sys
from typing import NoReturn

from scoringnet_tf.support import cli

COMMANDS = {  # command: (module of data_prep.commands with its flags and main(arguments), purpose)
    "simulate": (
        "simulate",
        "render a dataset of simulated videos, in the layout of the public ones",
    ),
    "build": ("build", "turn videos and their labels into TFRecords"),
    "check": ("check", "check videos and labels as build does, without writing"),
    "split": ("split", "split a dataset at random, by score or by group, or into folds"),
    "stages": (
        "stages",
        "import stage labels from annotation tools, or export them to be corrected there",
    ),
    "suggest": (
        "suggest",
        "label the stages of videos with a trained model, to be corrected in such a tool",
    ),
    "describe": ("describe", "count what records hold, before they are trained on, in tables, JSON and a picture"),
    "inspect": ("inspect", "verify a folder of TFRecords and draw a contact sheet"),
}


def main() -> None:
    """Imports the module of the command alone, so that its flags are the only ones, and runs it."""
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command is None or command not in COMMANDS:
        _exit_with_usage(command)
    module = importlib.import_module(f"data_prep.commands.{COMMANDS[command][0]}")
    # absl's --help prints the docstring of __main__ and the flags of the module that argv[0] names.
    sys.modules["__main__"].__doc__ = module.__doc__
    sys.argv = [module.__name__, *sys.argv[2:]]
    _run(module)


def _run(module):
    """Runs a command; of one whose exit status scripts read, wrong flags are told from what it found."""
    is_running = False

    def main(arguments):
        nonlocal is_running
        is_running = True
        return module.main(arguments)

    try:
        cli.run(
            main,
            positional=getattr(module, "POSITIONAL", False),
            uses_keras=getattr(module, "USES_KERAS", False),
        )
    except SystemExit as stop:
        if is_running or not stop.code:
            raise
        sys.exit(getattr(module, "WRONG_USE", stop.code))


def _exit_with_usage(command) -> NoReturn:
    usage = "\n".join([__doc__, *(f"  {name:10}{purpose}" for name, (_, purpose) in COMMANDS.items())])
    if command in ("-h", "--help"):
        print(usage)
        sys.exit(0)
    received = "no command" if command is None else repr(command)
    print(f"{usage}\n\nExpected a command: {', '.join(COMMANDS)}. Received: {received}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
