"""The rows of `benchmarks.table`: two ways of doing the same, measured in turn, so that other work disturbs both.

What counts is the ratio of two neighbours: its median over the rounds, and its spread.
"""

import pathlib
import statistics
from typing import Any, NamedTuple

from benchmarks.worker import NotMeasured, Side, started

CLIPS, VIDEOS = 10, 48  # of a command; simulated ones, for the input pipeline
SEPARATE = "three C3Ds"  # a network for each part, which reads the frames by itself


class Row(NamedTuple):
    """A line of the table: what is measured, against what, the two sides, the unit, and at most which ratio."""

    name: str
    against: str
    ours: Side
    peer: Side
    unit: str = "s"
    target: float | None = None


class Result(NamedTuple):
    """What was found for a row: (ours, the peer's) of every round, or why there is none."""

    row: Row
    figures: list[tuple[float, float]]
    missing: str = ""

    @property
    def ratios(self) -> list[float]:
        """Ours by the peer's, of every round."""
        return [ours / peer for ours, peer in self.figures]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        row = {"name": self.row.name, "against": self.row.against, "unit": self.row.unit, "target": self.row.target}
        return row | {"figures": self.figures, "missing": self.missing}


def rows(folder: pathlib.Path) -> list[Row]:
    """All rows; what they are measured on is kept in a folder."""
    start, imports, kept = "TensorFlow's import", _side("predicting.imports_alone"), {"folder": folder}
    clip, clips = (_side("predicting.cold", **kept, clips=number) for number in (1, CLIPS))
    folds, script = _side("predicting.cross_validate", **kept), _side("peers.regressions.script", **kept)
    ours, loader = (_side(f"{name}.augmented", **kept, videos=VIDEOS) for name in ("input_pipeline", "peers.loader"))
    return [
        Row("predict: a clip of 120 frames, cold", start, clip, imports),
        Row(f"predict: {CLIPS} clips, cold", start, clips, imports),
        Row("predict: a clip, warm", "decode + model", _side("predicting.warm"), _side("predicting.alone"), target=1.2),
        Row("film: a dive, cold", start, _side("film.cold"), imports),
        Row("film: its body", "pose networks alone", _side("film.body"), _side("film.pose_networks")),
        Row("cross_validate", "scikit-learn script", folds, script, target=4.0),
        _shared("C3D: joint step", "training.step", "s"),
        _shared("C3D: its memory", "training.memory", "MiB"),
        _shared("I3D: joint step", "training.step", "s"),
        _shared("I3D: its memory", "training.memory", "MiB"),
        Row("I3D: 16 frames", "PyTorch", _side("i3d.inference"), _side("peers.i3d.inference"), "CPU s", 0.85),
        Row("input: augmented frames", "DataLoader", ours, loader, "µs", 0.5),
    ]


def _shared(name: str, function: str, unit: str) -> Row:
    """A backbone that reads each video once, against a C3D for each part."""
    sides = (_side(function, backbone=backbone) for backbone in (name.partition(":")[0], SEPARATE))
    return Row(name, SEPARATE, *sides, unit, 1.0)


def _side(function: str, **options: Any) -> Side:
    return Side(f"benchmarks.{function}", options)


def measured(row: Row, rounds: int) -> Result:
    """The figures of both sides in every round; who is first changes. A round before them is not counted."""
    figures = []
    try:
        with started(row.ours) as ours, started(row.peer) as peer:
            for number in range(1 + rounds):
                if number % 2:
                    theirs = peer()
                    figures.append((ours(), theirs))
                else:
                    figures.append((ours(), peer()))
    except NotMeasured as error:
        return Result(row, [], str(error))
    return Result(row, figures[1:])


# === The table ===

HEADS = ("", "compared with", "ours", "theirs", "ratio", "spread", "target", "met")


def table(results: list[Result]) -> str:
    """The results as text: a line each."""
    cells = [HEADS, *map(_cells, results)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    form = "  ".join(f"{{:{'<' if place < 2 else '>'}{width}}}" for place, width in enumerate(widths))
    missing = [f"{result.row.name}: not measured: {result.missing}" for result in results if result.missing]
    return "\n".join([*(form.format(*row).rstrip() for row in cells), *missing])


def _cells(result: Result) -> tuple[str, ...]:
    row, ratios = result.row, result.ratios
    sought = f"≤ {row.target:g}×" if row.target else "–"
    if not ratios:
        return (row.name, row.against, *["–"] * 4, sought, "not measured")
    ours, theirs = (f"{_short(statistics.median(side))} {row.unit}" for side in zip(*result.figures, strict=True))
    ratio, spread = statistics.median(ratios), f"{min(ratios):.2f}–{max(ratios):.2f}"
    met = "–" if not row.target else "yes" if ratio <= row.target else "no"
    return (row.name, row.against, ours, theirs, f"{ratio:.2f}", spread, sought, met)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
