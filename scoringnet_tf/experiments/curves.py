"""Fig. 5: predictions for three held-out videos with close scores, epoch by epoch, and for all close pairs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.results import read_rows
from scoringnet_tf.experiments.training import Surroundings, Training
from scoringnet_tf.sports import decimals, get_sport
from scoringnet_tf.sports.score_metrics import ratio
from scoringnet_tf.support.drawing import STAGE_COLORS, save_png
from scoringnet_tf.support.files import write_csv, write_text
from scoringnet_tf.support.messages import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCORE = "execution"
CLOSE = 0.5  # the largest difference in a close pair, in standard deviations of the true scores


class Course(NamedTuple):
    """What a training predicted for V held-out videos after E epochs."""

    ids: tuple[str, ...]
    truth: np.ndarray  # (V,), points
    epochs: np.ndarray  # (E,), counted from 1
    predicted: np.ndarray  # (E, V), points


Courses = Mapping[str, Sequence[Course]]  # row → a course for each seed


def read_course(folder: Path) -> Course | None:
    """The execution scores of a run's held-out videos; None if it kept none."""
    path = next((path for phase in ("joint", "scoring") if (path := folder / f"{phase}_scores.csv").is_file()), None)
    if path is None:
        return None
    rows = [row for row in read_rows(path) if row["score"] == SCORE]
    truth = {row["video_id"]: float(row["true"]) for row in rows}
    points = {(int(row["epoch"]), row["video_id"]): float(row["predicted"]) for row in rows}
    ids, epochs = sorted(truth), sorted({epoch for epoch, _ in points})
    predicted = np.array([[points[epoch, video_id] for video_id in ids] for epoch in epochs])
    return Course(tuple(ids), np.array([truth[name] for name in ids]), np.array(epochs), predicted) if ids else None


# === Figures ===


def samples(course: Course) -> list[int]:
    """Three videos with adjacent scores around the median, lowest first: chosen by their true scores alone.

    The paper's (§4.5: 13, 15.5 and 16) are its own videos; it does not say how they were chosen.
    """
    order = np.argsort(course.truth, kind="stable")
    distinct, first = np.unique(course.truth[order], return_index=True)
    median = int(np.searchsorted(distinct, np.median(course.truth)))
    start = max(0, min(median - 1, len(distinct) - 3))
    return order[first][start : start + 3].tolist()  # the first video of each score


def share_in_order(course: Course) -> np.ndarray:
    """The share of close pairs that is predicted in the right order, (E,); NaN without a pair. Ties are none."""
    apart = course.truth - course.truth[:, np.newaxis]
    close = np.triu((apart != 0) & (np.abs(apart) <= CLOSE * course.truth.std()))
    differences = course.predicted[:, np.newaxis] - course.predicted[:, :, np.newaxis]
    right = close & (differences * np.sign(apart) > 0)  # (E, V, V)
    return ratio(right.sum(axis=(1, 2)), np.full(len(right), close.sum()))


# === Files ===


def write_curves(folder: Path, experiment: Experiment, surroundings: Surroundings, seeds: int) -> str | None:
    """Writes fig5.png, curves.csv and table.md for the trainings that are done; returns the text, if any."""
    done: dict[str, dict[int, Course]] = {}
    for row in experiment.rows:
        runs = {seed: Training(row.flags, seed) for seed in range(seeds)}
        folders = {seed: run.folder(surroundings) for seed, run in runs.items() if run.is_trained(surroundings)}
        if found := {seed: course for seed, path in folders.items() if (course := read_course(path))}:
            done[row.name] = found
    shared = sorted(set.intersection(*map(set, done.values()))) if done else []  # rows are compared over the same seeds
    if not shared:
        return None
    courses = {name: [of_seeds[seed] for seed in shared] for name, of_seeds in done.items()}
    places = decimals(get_sport(surroundings.records.sport).range_of(SCORE))
    text = _text(experiment, courses, places)
    save_png(draw(courses, places), folder / "fig5.png")
    write_csv(folder / "curves.csv", _lines(courses, shared))
    write_text(folder / "table.md", text)
    return text


def _text(experiment: Experiment, courses: Courses, places: int) -> str:
    first = next(iter(courses.values()))[0]
    shown = samples(first)
    lines = [f"**{experiment.title}.** {experiment.question}", "", "![](fig5.png)", ""]
    lines += ["| | close pairs in order, last epoch | three samples in order, share of epochs |", "|---|---|---|"]
    for name, of_row in courses.items():
        close = np.mean([share_in_order(course)[-1] for course in of_row])
        ordered = np.mean([(np.diff(course.predicted[:, shown], axis=1) > 0).all(axis=1).mean() for course in of_row])
        lines.append(f"| {name} | {close:.3f} | {ordered:.3f} |")
    truth = ", ".join(f"{first.truth[video]:.{places}f}" for video in shown)
    seeds = counted(len(next(iter(courses.values()))), "seed")
    lines += [
        "",
        f"Held-out videos, {SCORE}, mean of {seeds}. The samples' true scores: {truth}; those of a close pair differ "
        f"by at most {CLOSE:g} standard deviations.",
    ]
    return "\n".join(lines) + "\n"


def _lines(courses: Courses, seeds: Sequence[int]) -> Iterator[list[Any]]:
    yield ["row", "seed", "epoch", "video_id", "true", "predicted"]
    for name, of_row in courses.items():
        for seed, course in zip(seeds, of_row, strict=True):
            for index, video in np.ndindex(course.predicted.shape):
                values = float(course.truth[video]), float(course.predicted[index, video])
                yield [name, seed, course.epochs[index], course.ids[video], *values]


def draw(courses: Courses, places: int) -> "Figure":
    """The first seed's three samples under each row, dashed where they truly lie; and all close pairs.

    `places` are a score's decimals.
    """
    from matplotlib.figure import Figure  # a wrong path does not wait for it
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4 * len(courses) + 4, 3.6), layout="constrained")
    *panels, last = figure.subplots(1, len(courses) + 1)
    for axes, (name, (first, *_)) in zip(panels, courses.items(), strict=True):
        for color, video in zip(STAGE_COLORS[1:], samples(first), strict=False):
            true = first.truth[video]
            axes.plot(first.epochs, first.predicted[:, video], color=color, label=f"true {true:.{places}f}")
            axes.axhline(true, color=color, linestyle="--", linewidth=0.8)
        axes.set(title=name, xlabel="epoch", ylabel=f"predicted {SCORE}, points")
        axes.legend(frameon=False, fontsize="small")
        axes.sharey(panels[0])
    for color, (name, of_row) in zip(STAGE_COLORS[2:], courses.items(), strict=False):
        shares = [share_in_order(course) for course in of_row]
        for course, share in zip(of_row, shares, strict=True):
            last.plot(course.epochs, share, color=color, linewidth=0.6, alpha=0.6)
        if len({len(share) for share in shares}) == 1:
            last.plot(of_row[0].epochs, np.mean(shares, axis=0), color=color, linewidth=2, label=name)
    last.set(title="close pairs in the right order", xlabel="epoch", ylim=(-0.03, 1.03))
    last.legend(frameon=False, fontsize="small")
    for axes in figure.axes:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
