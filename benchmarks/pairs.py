"""Two ways of doing the same, measured in turn in one run: what disturbs the machine disturbs both.

Each way is a process that is asked for one measurement after another (`worker`), so that each model is traced once, and
the two alternate step by step. What counts is the ratio of two neighbours: its median over the rounds, and its spread.
"""

import contextlib
import dataclasses
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

Ask = Callable[[str], Any]  # what is to be measured → its figure
Side = Callable[[], contextlib.AbstractContextManager[Ask]]


class NotMeasured(Exception):
    """A way could not be measured; its message says why, on one line."""


@dataclasses.dataclass(frozen=True)
class Target:
    """What a row should reach."""

    value: float
    at_most: bool = True
    of: str = "ratio"  # ours by the peer's; or "ours", in the row's unit


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: what is measured, against what, what the two sides are asked for, and the figures' unit."""

    name: str
    against: str
    ours: str
    peer: str
    unit: str
    target: Target | None = None
    rounds: int = 7  # pairs


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Rows that the same two sides are asked for."""

    name: str
    ours: Side
    peer: Side | None  # None: ours does both
    rows: tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Result:
    """What was found for a row: (ours, the peer's) of every round, or why there is none."""

    comparison: str
    row: Row
    figures: tuple[tuple[float, float], ...] = ()
    missing: str = ""

    def median(self, of: str) -> float:
        """Median over the rounds of "ours", the "peer" or their "ratio"."""
        ways = {"ours": lambda ours, _: ours, "peer": lambda _, peer: peer, "ratio": lambda ours, peer: ours / peer}
        return statistics.median(ways[of](*pair) for pair in self.figures)

    @property
    def spread(self) -> tuple[float, float]:
        """Least and greatest ratio."""
        ratios = [ours / peer for ours, peer in self.figures]
        return min(ratios), max(ratios)

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target; None without a target."""
        target = self.row.target
        if target is None:
            return None
        value = self.median(target.of)
        return value <= target.value if target.at_most else value >= target.value

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        values = {"comparison": self.comparison, **dataclasses.asdict(self.row)}
        if not self.figures:
            return values | {"missing": self.missing}
        ratio, spread = self.median("ratio"), self.spread
        return values | {"figures": self.figures, "ratio": ratio, "spread": spread, "met": self.met}


def measured(comparison: Comparison, rounds: int | None = None) -> Iterator[Result]:
    """Yields the `Result` of every row, of so many pairs or each row's own; of all that follow a failure its reason."""
    left = list(comparison.rows)
    try:
        with contextlib.ExitStack() as stack:
            ours = stack.enter_context(comparison.ours())
            peer = stack.enter_context(comparison.peer()) if comparison.peer else ours
            while left:
                figures = _in_turn(ours, peer, left[0], rounds or left[0].rounds)
                yield Result(comparison.name, left.pop(0), figures)
    except NotMeasured as error:
        yield from (Result(comparison.name, row, missing=str(error)) for row in left)


def _in_turn(ours: Ask, peer: Ask, row: Row, rounds: int) -> tuple[tuple[float, float], ...]:
    """The figures of both in every round; who is first changes. A round before them warms up and is not counted."""
    figures = []
    for number in range(1 + rounds):
        if number % 2:
            theirs = peer(row.peer)
            figures.append((ours(row.ours), theirs))
        else:
            figures.append((ours(row.ours), peer(row.peer)))
    return tuple(figures[1:])


# === Processes that measure ===


def worker(module: str, **options: Any) -> Side:
    """A process that calls `measurements` of a module with these options; a function is called as it starts."""

    @contextlib.contextmanager
    def started() -> Iterator[Ask]:
        given = {name: value() if callable(value) else value for name, value in options.items()}
        command = [sys.executable, "-m", "benchmarks.pairs", module, json.dumps(given, default=str)]
        with tempfile.TemporaryFile("w+") as log:
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, text=True)
            try:
                yield lambda what: _answer(process, what, log)
            finally:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
                process.wait()
                process.stdout.close()

    return started


def _answer(process: Any, what: str, log: IO[str]) -> Any:
    with contextlib.suppress(BrokenPipeError):  # it has ended, and said why
        process.stdin.write(f"{what}\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        process.wait()
        log.seek(0)
        lines = log.read().strip().splitlines()
        raise NotMeasured(lines[-1] if lines else f"ended with status {process.returncode}")
    return json.loads(line)


def _serve(measure: Ask) -> None:
    """Answers each line of standard input, what is to be measured, with its figure, until there are no more."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what libraries print goes to stderr
        for line in sys.stdin:
            answers.write(f"{json.dumps(measure(line.strip()))}\n")
            answers.flush()


# === The table ===

HEADS = ("", "compared with", "ours", "theirs", "ratio", "spread", "target", "met")


def table(results: list[Result]) -> str:
    """The results as text: a line each."""
    cells = [HEADS, *map(_cells, results)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    form = "  ".join(f"{{:{'<' if place < 2 else '>'}{width}}}" for place, width in enumerate(widths))
    missing = [f"{r.comparison}, {r.row.name}: not measured: {r.missing}" for r in results if r.missing]
    return "\n".join([*(form.format(*row).rstrip() for row in cells), *missing])


def _cells(result: Result) -> tuple[str, ...]:
    row, target = result.row, result.row.target
    name, sought = f"{result.comparison}: {row.name}", "–"
    if target:
        unit = "×" if target.of == "ratio" else f" {row.unit}"
        sought = f"{'≤' if target.at_most else '≥'} {target.value:g}{unit}"
    if not result.figures:
        return (name, row.against, *["–"] * 4, sought, "not measured")
    ours, peer = (f"{_short(result.median(side))} {row.unit}" for side in ("ours", "peer"))
    spread, met = "{:.2f}–{:.2f}".format(*result.spread), {None: "–", True: "yes", False: "no"}[result.met]
    return (name, row.against, ours, peer, f"{result.median('ratio'):.2f}", spread, sought, met)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    name, given = sys.argv[1:]
    _serve(importlib.import_module(name).measurements(**json.loads(given)))
