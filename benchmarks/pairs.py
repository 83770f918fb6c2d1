"""Two ways of doing the same, measured in turn in one run: what disturbs the machine disturbs both.

Each way is a process that is asked for one measurement after another (`worker`), so that model after model is built and
traced once, and the two alternate step by step. What counts is the ratio of two neighbours: its median over
the rounds, and how far it spreads.
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
from typing import Any

from scoringnet_tf.support import cli

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

    def met(self, result: "Result") -> bool:
        """Whether the median of a result reaches it."""
        found = result.ratio if self.of == "ratio" else result.ours
        return found <= self.value if self.at_most else found >= self.value


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: what is measured, against what, what the two sides are asked for, and the figures' unit.

    `rounds` is the number of pairs, of slow rows fewer.
    """

    name: str
    against: str
    ours: str
    peer: str
    unit: str
    target: Target | None = None
    rounds: int = 7


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

    @property
    def ours(self) -> float:
        """Median of ours."""
        return statistics.median(ours for ours, _ in self.figures)

    @property
    def peer(self) -> float:
        """Median of the peer's."""
        return statistics.median(peer for _, peer in self.figures)

    @property
    def ratios(self) -> list[float]:
        """Ours by the peer's in every round."""
        return [ours / peer for ours, peer in self.figures]

    @property
    def ratio(self) -> float:
        """Median of the ratios."""
        return statistics.median(self.ratios)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        row, target = self.row, self.row.target
        found = {"comparison": self.comparison, "name": row.name, "against": row.against, "unit": row.unit}
        found["target"] = dataclasses.asdict(target) if target else None
        if not self.figures:
            return {**found, "missing": self.missing}
        ours, peer = map(list, zip(*self.figures, strict=True))
        spread, met = [min(self.ratios), max(self.ratios)], target.met(self) if target else None
        return {**found, "ours": ours, "peer": peer, "ratio": self.ratio, "spread": spread, "met": met}


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


def _in_turn(ours, peer, row, rounds):
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


def worker(module: str, **flags: Any) -> Side:
    """A side that is a process, which calls `measurements` of a module with these flags for an `Ask`.

    A flag whose value is a function has that of the function, which is called once it is needed.
    """

    @contextlib.contextmanager
    def started():
        words = [f"--{name}={value() if callable(value) else value}" for name, value in flags.items()]
        command = [sys.executable, "-m", "benchmarks.pairs", module, *words]
        with tempfile.TemporaryFile("w+") as said:
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said, text=True)
            try:
                yield lambda what: _answer(process, what, said)
            finally:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
                process.wait()
                process.stdout.close()

    return started


def _answer(process, what, said):
    with contextlib.suppress(BrokenPipeError):  # it has ended, and said why
        process.stdin.write(f"{what}\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        process.wait()
        said.seek(0)
        lines = said.read().strip().splitlines()
        raise NotMeasured(lines[-1] if lines else f"ended with status {process.returncode}")
    return json.loads(line)


def _serve(measure: Ask) -> None:
    """Answers each line of standard input, what is to be measured, with its figure, until there are no more.

    Whatever a library prints goes to stderr: the answers alone are on stdout.
    """
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
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


def _cells(result):
    row, target = result.row, result.row.target
    name, sought = f"{result.comparison}: {row.name}", "–"
    if target:
        unit = "×" if target.of == "ratio" else f" {row.unit}"
        sought = f"{'≤' if target.at_most else '≥'} {target.value:g}{unit}"
    if not result.figures:
        return (name, row.against, *["–"] * 4, sought, "not measured")
    spread = f"{min(result.ratios):.2f}–{max(result.ratios):.2f}"
    met = "–" if target is None else "yes" if target.met(result) else "no"
    figures = (f"{_short(value)} {row.unit}" for value in (result.ours, result.peer))
    return (name, row.against, *figures, f"{result.ratio:.2f}", spread, sought, met)


def _short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    measuring = importlib.import_module(sys.argv.pop(1))  # defines its flags
    cli.run(lambda _: _serve(measuring.measurements()))
