"""The page with the flags of every command: what each one's --help prints, asked for as the site is built."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

from scoringnet_tf.__main__ import commands as ours

ROOT = pathlib.Path(__file__).parents[1]


def commands() -> list[str]:
    """What stands behind `python -m` for each command."""
    of_data = [
        path.stem for path in (ROOT / "data_prep" / "commands").glob("*.py") if "\ndef main(" in path.read_text()
    ]
    return [*(f"data_prep {name}" for name in sorted(of_data)), *(f"scoringnet_tf.{name}" for name in ours())]


def help_of(command: str) -> str:
    """What a command prints for --help, without the place of the repository."""
    words = [sys.executable, "-m", *command.split(), "--help"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return result.stdout.replace(f"{ROOT}{os.sep}", "").strip()


def page() -> str:
    """The page in Markdown."""
    names = commands()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        helps = list(pool.map(help_of, names))
    parts = [
        "# Commands",
        "What `python -m COMMAND --help` prints. `--helpfull` adds the flags that all commands have.",
    ]
    for name, text in zip(names, helps, strict=True):
        parts.append(f"## {name.replace('scoringnet_tf.', '')}\n\n````text\n{text}\n````")
    return "\n\n".join(parts) + "\n"
