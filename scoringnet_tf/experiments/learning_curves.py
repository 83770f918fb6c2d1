"""Learning curves: how well each way to train orders the test videos, by the number of videos that it learned from."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scoringnet_tf.bootstrap import interval
from scoringnet_tf.experiments import report, suite
from scoringnet_tf.experiments.catalogue import SCALE, TRAIN_VIDEOS, WAYS, Experiment, Row
from scoringnet_tf.experiments.results import Results
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.support.drawing import STAGE_COLORS, save_png
from scoringnet_tf.support.files import write_csv, write_text
from scoringnet_tf.support.messages import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = {
    "fragments": ("whole video", "key fragments", "true fragments"),
    "losses": ("key fragments", *(way.name for way in WAYS if way.name.startswith("ranking")), "distribution"),
}
CLAIMS = (  # of the first way: it orders the videos better than the second
    ("key fragments", "whole video"),
    ("true fragments", "key fragments"),
    *((way, "key fragments") for way in PICTURES["losses"][1:]),
)
CEILINGS = {"true faults": "--", "without the judges' error": ":"}
SHOWN = {"d_src": "D-SRC", "e_src": "E-SRC", "f_src": "F-SRC"}
FIGURES = (*SHOWN, "d_med", "e_med", "f_med")

Curves = Mapping[str, Mapping[int, Mapping[str, np.ndarray]]]  # way → training videos → figure → (S, R)


def write_learning_curves(folder: Path, experiment: Experiment, surroundings: Surroundings, seeds: int) -> str | None:
    """Writes curves.csv, a picture of each claim, and table.md; returns the table, or None if nothing is done."""
    found = suite.results(experiment, surroundings, seeds)
    if not found.predicted:
        return None
    all_videos = len(surroundings.records.split("train")["ids"])
    curves = curves_of(experiment.rows, found, all_videos)
    write_csv(folder / "curves.csv", _lines(curves))
    for name, ways in PICTURES.items():
        save_png(draw(curves, ways), folder / f"{name}.png")
    text = _table(experiment, found, surroundings, seeds)
    text += "\n".join(["", *_scale(found), *_by_number(experiment.rows, found, all_videos)]) + "\n"
    write_text(folder / "table.md", text)
    return text


def curves_of(rows: Sequence[Row], found: Results, all_videos: int) -> Curves:
    """The figures of all rows that are done; a row on all training videos learned from `all_videos`."""
    curves: dict[str, dict[int, dict[str, np.ndarray]]] = {}
    for row in (row for row in rows if row.name in found.predicted):
        way, number = _place(row, all_videos)
        curves.setdefault(way, {})[number] = {name: found.values(row.name, name) for name in FIGURES}
    return {way: dict(sorted(of_way.items())) for way, of_way in curves.items()}


def _place(row: Row, all_videos: int) -> tuple[str, int]:
    """Way and number of training videos of a row."""
    if TRAIN_VIDEOS in row.flags:
        return row.name.rpartition(",")[0], int(row.flags[TRAIN_VIDEOS])
    return row.name, all_videos


def _lines(curves: Curves) -> Iterator[list]:
    yield ["way", "training_videos", "seed", "rendering", *FIGURES]
    for way, of_way in curves.items():
        for number, figures in of_way.items():
            for seed, rendering in np.ndindex(*figures[FIGURES[0]].shape):
                yield [way, number, seed, rendering, *(f"{figures[name][seed, rendering]:.6f}" for name in FIGURES)]


def _table(experiment: Experiment, found: Results, surroundings: Surroundings, seeds: int) -> str:
    """The ways on all training videos, with intervals and differences."""
    rows = [row for row in WAYS if row.name in found.predicted]
    table = dataclasses.replace(experiment, rows=rows)
    whole = dataclasses.replace(found, predicted={row.name: found.predicted[row.name] for row in rows})
    described = suite.described(table, [surroundings], seeds)
    return report.markdown(table, report.cells([whole], table, FIGURES), described)


def _scale(found: Results) -> Iterator[str]:
    """What nobody should do worse than and what nobody can do better, a line each."""
    for row in (row.name for row in SCALE if row.name in found.predicted):
        means = {report.head(name): found.values(row, name).mean() for name in FIGURES}
        yield f"Scale, {row}: {', '.join(f'{name} {mean:.3f}' for name, mean in means.items() if mean == mean)}.  "


def _by_number(rows: Sequence[Row], found: Results, all_videos: int) -> Iterator[str]:
    """A table of the paired differences of every claim, by the number of training videos."""
    names = {_place(row, all_videos): row.name for row in rows if row.name in found.predicted and not row.baseline}
    numbers = sorted({number for _, number in names})
    most = {number: max(len(found.seeds_of(row)) for (_, n), row in names.items() if n == number) for number in numbers}
    heads = [f"{number:,} ({counted(seeds, 'seed')})" for number, seeds in most.items()]
    draws = {figure: found.drawn(figure) for figure in SHOWN}
    yield from ("", "SRC of one way less another's, by the number of training videos (95 %, paired; bold: told apart):")
    yield from ("", f"| | {' | '.join(heads)} |", f"|{'---|' * (len(numbers) + 1)}")
    for (way, other), (figure, label) in itertools.product(CLAIMS, SHOWN.items()):
        cells = [_difference(found, draws[figure], names.get((way, n)), names.get((other, n))) for n in numbers]
        if any(cells):
            yield f"| {way} − {other}: {label} | {' | '.join(cells)} |"


def _difference(found: Results, draws: Mapping[str, np.ndarray], way: str | None, other: str | None) -> str:
    if not way or not other or found.seeds_of(way) != found.seeds_of(other):
        return ""
    low, high = interval(draws[way] - draws[other])
    text = f"{low:+.3f} to {high:+.3f}"
    return f"**{text}**" if low > 0 or high < 0 else text


def draw(curves: Curves, ways: Sequence[str]) -> "Figure":
    """SRC of each score against the number of training videos: means, and from the worst to the best seed; ceilings."""
    from matplotlib.figure import Figure  # a wrong path does not wait for it

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    for axes, (name, label) in zip(figure.subplots(1, len(SHOWN), sharey=True), SHOWN.items(), strict=True):
        for color, way in zip(STAGE_COLORS[1:], [way for way in ways if way in curves], strict=False):
            numbers = list(curves[way])
            seeds = [figures[name].mean(axis=1) for figures in curves[way].values()]
            least, mean, most = ([of(values) for values in seeds] for of in (np.min, np.mean, np.max))
            axes.plot(numbers, mean, "o-", color=color, label=way, markersize=4)
            axes.fill_between(numbers, least, most, color=color, alpha=0.18, linewidth=0)
        for way, style in CEILINGS.items():
            if way in curves:
                (figures,) = curves[way].values()
                axes.axhline(figures[name].mean(), color="#555555", linestyle=style, linewidth=1, label=way)
        axes.set(title=label, xscale="log", xlabel="labelled training videos", ylim=(-0.1, 1.02))
        numbers = sorted({number for way in ways for number in curves.get(way, {})})
        axes.set_xticks(numbers, [f"{number:,}" for number in numbers])
        axes.minorticks_off()
        axes.grid(alpha=0.25)
    figure.axes[0].set_ylabel("Spearman's rank correlation")
    figure.axes[0].legend(frameon=False, fontsize="small")
    return figure
