"""Fig. 5: predictions of three held-out videos of close scores, epoch by epoch, and of all pairs of close scores."""

import csv
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.training import Surroundings, Training
from scoringnet_tf.support.drawing import STAGE_COLORS, save_png
from scoringnet_tf.support.files import replacing_file

SCORE = "execution"
PAPERS = {"diving": (13.0, 15.5, 16.0)}  # §4.5: true Execution scores of the paper's samples
CLOSE = 0.5  # standard deviations of the true scores by which those of a close pair differ at most


@dataclasses.dataclass(frozen=True)
class Course:
    """What a training predicted of the V held-out videos.

    Attributes:
        ids: V names, in their order.
        truth: (V,), points.
        epochs: E numbers, counted from 1, of those that were validated.
        predicted: (E, V), points.
    """

    ids: tuple[str, ...]
    truth: np.ndarray
    epochs: np.ndarray
    predicted: np.ndarray


def read_course(path: Path, score: str = SCORE) -> Course:
    """Reads `PHASE_scores.csv` of a run."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["score"] == score]
    truth = {row["video_id"]: float(row["true"]) for row in rows}
    found: dict[int, dict[str, float]] = {}
    for row in rows:
        found.setdefault(int(row["epoch"]), {})[row["video_id"]] = float(row["predicted"])
    ids = tuple(sorted(truth))
    predicted = np.array([[found[epoch][video_id] for video_id in ids] for epoch in sorted(found)])
    return Course(ids, np.array([truth[video_id] for video_id in ids]), np.array(sorted(found)), predicted)


def samples(course: Course, sport: str) -> list[int]:
    """Three videos, chosen by their true scores alone, lowest first.

    In diving those nearest to the paper's; in other sports those of three adjacent scores around the median.
    """
    order = np.argsort(course.truth, kind="stable")
    _, first = np.unique(course.truth[order], return_index=True)
    distinct = order[first]  # the first video of each score
    if sport not in PAPERS:
        middle = len(distinct) // 2
        return distinct[max(0, middle - 1) : max(0, middle - 1) + 3].tolist()
    chosen: list[int] = []
    for wanted in PAPERS[sport]:
        left = [video for video in distinct if video not in chosen]
        chosen += sorted(left, key=lambda video: abs(course.truth[video] - wanted))[:1]
    return sorted((int(video) for video in chosen), key=lambda video: course.truth[video])


def share_in_order(course: Course) -> np.ndarray:
    """Of all pairs of close, different scores the share that is predicted in the right order, (E,); NaN of none."""
    limit = CLOSE * course.truth.std()
    differences = [
        (course.predicted[:, j] - course.predicted[:, i]) * np.sign(course.truth[j] - course.truth[i])
        for i, j in itertools.combinations(range(len(course.ids)), 2)
        if 0 < abs(course.truth[j] - course.truth[i]) <= limit
    ]
    if not differences:
        return np.full(len(course.epochs), np.nan)
    return (np.array(differences) > 0).mean(axis=0)


def write_curves(folder: Path, experiment: Experiment, surroundings: Surroundings, seeds: int) -> str | None:
    """Writes fig5.png, curves.csv and table.md of the trainings that are done.

    Returns:
        the text; None where nothing is done.
    """
    done = {row.name: _courses(row, surroundings, seeds) for row in experiment.rows}
    done = {name: found for name, found in done.items() if found}
    shared = sorted(set.intersection(*map(set, done.values()))) if done else []  # rows are compared over the same seeds
    if not shared:
        return None
    by_row = {name: {seed: found[seed] for seed in shared} for name, found in done.items()}
    courses = {name: list(found.values()) for name, found in by_row.items()}
    text = _text(experiment, courses, surroundings.sport)
    with replacing_file(folder / "fig5.png") as path:
        save_png(draw(courses, surroundings.sport), path)
    with replacing_file(folder / "curves.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(_lines(by_row, surroundings.sport))
    with replacing_file(folder / "table.md") as path:
        path.write_text(text, encoding="utf-8")
    return text


def _courses(row, surroundings, seeds):
    """Seed → its course, of each that is trained and predicted the score of videos held out."""
    found: dict[int, Course] = {}
    for seed in range(seeds):
        training = Training(row.flags, seed)
        paths = sorted(training.folder(surroundings).glob("*_scores.csv"))
        if training.is_trained(surroundings) and paths:
            course = read_course(paths[0])
            found |= {seed: course} if course.ids else {}
    return found


def _text(experiment, courses, sport):
    chosen = samples(next(iter(courses.values()))[0], sport)
    lines = [f"**{experiment.title}.** {experiment.question}", "", "![](fig5.png)", ""]
    lines += ["| | close pairs in order, last epoch | three samples in order, share of epochs |", "|---|---|---|"]
    for name, found in courses.items():
        close = np.mean([share_in_order(course)[-1] for course in found])
        ordered = np.mean([(np.diff(course.predicted[:, chosen], axis=1) > 0).all(axis=1).mean() for course in found])
        lines.append(f"| {name} | {close:.3f} | {ordered:.3f} |")
    truth = ", ".join(f"{next(iter(courses.values()))[0].truth[video]:.2f}" for video in chosen)
    seeds = len(next(iter(courses.values())))
    lines += [
        "",
        f"Held-out videos, {SCORE}, mean of {seeds} seed{'s' if seeds > 1 else ''}. The samples' true scores: {truth}; "
        f"those of a close pair differ by at most {CLOSE:g} standard deviations.",
    ]
    return "\n".join(lines) + "\n"


def _lines(by_row, sport):
    yield ["row", "seed", "epoch", "video_id", "true", "predicted"]
    for name, found in by_row.items():
        for seed, course in found.items():
            for index, epoch in enumerate(course.epochs):
                for video in samples(course, sport):
                    values = (f"{course.truth[video]:.4f}", f"{course.predicted[index, video]:.4f}")
                    yield [name, seed, epoch, course.ids[video], *values]


def draw(courses: Mapping[str, Sequence[Course]], sport: str) -> Figure:
    """The three samples of the first seed under each row, dashed where they truly lie; and the close pairs of all."""
    figure = Figure(figsize=(4 * len(courses) + 4, 3.6), layout="constrained")
    *panels, last = figure.subplots(1, len(courses) + 1)
    for axes, (name, found) in zip(panels, courses.items(), strict=True):
        for color, video in zip(STAGE_COLORS[1:], samples(found[0], sport), strict=False):
            true = found[0].truth[video]
            axes.plot(found[0].epochs, found[0].predicted[:, video], color=color, label=f"true {true:.2f}")
            axes.axhline(true, color=color, linestyle="--", linewidth=0.8)
        axes.set(title=name, xlabel="epoch", ylabel=f"predicted {SCORE}, points")
        axes.legend(frameon=False, fontsize="small")
        axes.sharey(panels[0])
    for color, (name, found) in zip(STAGE_COLORS[2:], courses.items(), strict=False):
        shares = [share_in_order(course) for course in found]
        for course, share in zip(found, shares, strict=True):
            last.plot(course.epochs, share, color=color, linewidth=0.6, alpha=0.6)
        if len({len(share) for share in shares}) == 1:
            last.plot(found[0].epochs, np.mean(shares, axis=0), color=color, linewidth=2, label=name)
    last.set(title="close pairs in the right order", xlabel="epoch", ylim=(-0.03, 1.03))
    last.legend(frameon=False, fontsize="small")
    for axes in figure.axes:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
