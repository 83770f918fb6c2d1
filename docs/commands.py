"""The page with the flags of every command: what each one's --help prints, asked for as the site is built."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

from scoringnet_tf.support.commands import GROUPS

ROOT = pathlib.Path(__file__).parents[1]


def help_of(command: str) -> str:
    """What a command prints for --help, without the place of the repository."""
    words = [sys.executable, "-m", "scoringnet_tf", command, "--help"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return result.stdout.replace(f"{ROOT}{os.sep}", "").strip()


def page() -> str:
    """The page in Markdown."""
    parts = [
        "# Commands",
        "What `scoringnet COMMAND --help` prints. `--helpfull` adds the flags that all commands have.",
    ]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for heading, group in GROUPS.items():
            names = [module.rpartition(".")[2] for module in group]
            helps = zip(names, pool.map(help_of, names), strict=True)
            parts += [f"## {heading}", *(f"### {name}\n\n````text\n{text}\n````" for name, text in helps)]
    return "\n\n".join(parts) + "\n"
