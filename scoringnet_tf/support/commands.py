"""The commands, in groups: `scoringnet COMMAND --flags` runs one, `scoringnet` alone lists them."""

import ast
import pathlib
import runpy
import sys
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Groups: TypeAlias = Mapping[str, Sequence[str]]  # heading → modules

ROOT = pathlib.Path(__file__).parents[2]
PREPARATION: Groups = {
    "Prepare videos and labels": [f"data_prep.commands.{name}" for name in ("simulate", "build", "inspect")]
}
GROUPS: Groups = {
    "Score videos": ["scoringnet_tf.predict", "scoringnet_tf.report", "scoringnet_tf.serve"],
    **PREPARATION,
    "Train": [
        f"scoringnet_tf.{name}"
        for name in ("train", "evaluate", "calibrate", "export", "pretrain", "import_weights", "extract")
    ],
    "Compare": ["scoringnet_tf.experiments.cross_validate", "scoringnet_tf.baselines", "scoringnet_tf.experiments"],
}


def run(program: str, groups: Groups, alone: int = 0) -> int:
    """Runs the command that the first argument names, as `python -m` runs its module.

    Without one it lists the commands, and imports none of them. Returns the exit status: 2 for an unknown command,
    `alone` for none.
    """
    modules = {module.rpartition(".")[2]: module for group in groups.values() for module in group}
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command in modules:
        del sys.argv[0]
        runpy.run_module(modules[command], run_name="__main__", alter_sys=True)  # which exits
    asks = command in ("-h", "--help", "help")
    status = 0 if asks else alone if command is None else 2
    lines = [f"{program} COMMAND --help lists the flags of a command."]
    for heading, group in groups.items():
        lines += [f"\n{heading}:", *(f"  {module.rpartition('.')[2]:16}{_purpose(module)}" for module in group)]
    if status:
        problem = f"no command {command!r}. [unknown_name]" if command else "a command is missing. [missing_flag]"
        lines.append(f"\n{program.rpartition(' ')[2]}: {problem}")
    stream = sys.stderr if status else sys.stdout
    stream.write("\n".join([*lines, ""]))  # at once, for who reads the first lines alone
    return status


def _purpose(module: str) -> str:
    """The first line about a command, from its source."""
    path = ROOT.joinpath(*module.split("."))
    path = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
