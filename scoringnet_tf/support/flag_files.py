"""Flag files of a command line, and what their opening comments say."""

import itertools
from collections.abc import Sequence
from pathlib import Path


def flag_files(arguments: Sequence[str]) -> list[str]:
    """The flag files of a command line: absl replaces --flagfile by what the file holds, so only this names them."""
    following = dict(itertools.pairwise(arguments))
    names = (
        following.get(argument, "") if argument.lstrip("-") == "flagfile" else argument.partition("=")[2]
        for argument in arguments
        if argument.startswith("-") and argument.lstrip("-").partition("=")[0] == "flagfile"
    )
    return [str(Path(name.strip()).expanduser()) for name in names if name.strip()]  # as absl does


def records_recipe(flagfile: str | Path) -> list[str]:
    """How a flag file's opening comment says its records are made: the lines from "Records:" to the next entry."""
    comment = itertools.takewhile(lambda line: line.startswith("#"), Path(flagfile).read_text().splitlines())
    from_records = itertools.dropwhile(lambda line: not line.startswith("# Records:"), comment)
    lines = list(itertools.takewhile(lambda line: not line.startswith("# Hardware:"), from_records))
    return [f"{flagfile} says:", *(line.removeprefix("#") for line in lines)] if lines else []
