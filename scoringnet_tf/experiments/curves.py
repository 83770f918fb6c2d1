"""Fig. 5: predictions of three held-out videos of close scores, epoch by epoch, and of all pairs of close scores."""

import csv
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scoringnet_tf.bootstrap import Groups, chosen, interval, resamples
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.training import Surroundings, Training
from scoringnet_tf.sports import decimals, get_sport
from scoringnet_tf.support.drawing import STAGE_COLORS, save_png
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCORE = "execution"
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


def read_course(folder: Path) -> Course | None:
    """The execution scores of a run's held-out videos, epoch by epoch; None where it kept none."""
    path = next((path for phase in ("joint", "scoring") if (path := folder / f"{phase}_scores.csv").is_file()), None)
    if path is None:
        return None
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["score"] == SCORE]
    truth = {row["video_id"]: float(row["true"]) for row in rows}
    epochs: dict[int, dict[str, float]] = {}
    for row in rows:
        epochs.setdefault(int(row["epoch"]), {})[row["video_id"]] = float(row["predicted"])
    ids, numbers = tuple(sorted(truth)), sorted(epochs)
    predicted = np.array([[epochs[number][video_id] for video_id in ids] for number in numbers])
    return Course(ids, np.array([truth[name] for name in ids]), np.array(numbers), predicted) if ids else None


def samples(course: Course) -> list[int]:
    """Three videos of adjacent scores around the median, lowest first: chosen by their true scores alone.

    The paper's (§4.5: 13, 15.5 and 16) are videos of its own; it does not say how they were chosen.
    """
    order = np.argsort(course.truth, kind="stable")
    distinct, first = np.unique(course.truth[order], return_index=True)
    median = int(np.searchsorted(distinct, np.median(course.truth)))
    start = max(0, min(median - 1, len(distinct) - 3))
    return order[first][start : start + 3].tolist()  # the first video of each score


def share_in_order(course: Course, counts: np.ndarray | None = None) -> np.ndarray:
    """Of all pairs of close, different scores the share that is predicted in the right order, (E,); NaN of none.

    Args:
        course: of a training.
        counts: (V,), how often each video counts; None for once each.
    """
    apart = course.truth - course.truth[:, np.newaxis]
    weights = np.triu((apart != 0) & (np.abs(apart) <= CLOSE * course.truth.std())).astype(float)
    if counts is not None:
        weights *= np.outer(counts, counts)
    if not weights.any():
        return np.full(len(course.epochs), np.nan)
    differences = course.predicted[:, np.newaxis] - course.predicted[:, :, np.newaxis]
    right = differences * np.sign(apart) > 0  # (E, V, V)
    return (right * weights).sum(axis=(1, 2)) / weights.sum()


def drawn_shares(
    courses: Mapping[str, Sequence[Course]], number: int | None = None, groups: Groups = ()
) -> dict[str, np.ndarray]:
    """Bootstrap draws of the mean `share_in_order` after the last epoch: row → (number,), as of `bootstrap.draws_of`.

    Args:
        courses: row → those of its seeds, all of the same held-out videos.
        number: of draws; `bootstrap.DRAWS` by default.
        groups: of these videos, as of `bootstrap.draws_of`.
    """
    last = {
        row: [dataclasses.replace(one, predicted=one.predicted[-1:], epochs=one.epochs[-1:]) for one in of_row]
        for row, of_row in courses.items()
    }
    num_videos = len(next(iter(courses.values()))[0].ids)
    found: dict[str, list[float]] = {row: [] for row in courses}
    draws = resamples([(len(of_row), 1, num_videos) for of_row in courses.values()], number, groups)
    for uniform, _, videos in zip(*draws, strict=True):
        counts = np.bincount(videos[videos >= 0], minlength=num_videos)
        for row, of_row in last.items():
            shares = [share_in_order(of_row[seed], counts)[0] for seed in chosen(uniform, len(of_row))]
            found[row].append(float(np.mean(shares)))
    return {row: np.array(shares) for row, shares in found.items()}


def write_curves(folder: Path, experiment: Experiment, surroundings: Surroundings, seeds: int) -> str | None:
    """Writes fig5.png, curves.csv and table.md of the trainings that are done.

    Returns:
        the text; None where nothing is done.
    """
    done: dict[str, dict[int, Course]] = {}
    for row, seed in itertools.product(experiment.rows, range(seeds)):
        training = Training(row.flags, seed)
        course = read_course(training.folder(surroundings)) if training.is_trained(surroundings) else None
        if course:
            done.setdefault(row.name, {})[seed] = course
    shared = sorted(set.intersection(*map(set, done.values()))) if done else []  # rows are compared over the same seeds
    if not shared:
        return None
    courses = {name: [of_seeds[seed] for seed in shared] for name, of_seeds in done.items()}
    places = decimals(get_sport(surroundings.records.sport).range_of(SCORE))
    groups = surroundings.records.groups_of(next(iter(courses.values()))[0].ids)
    text = _text(experiment, courses, groups, places)
    with replacing_file(folder / "fig5.png") as path:
        save_png(draw(courses, places), path)
    with replacing_file(folder / "curves.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(_lines(courses, shared))
    with replacing_file(folder / "table.md") as path:
        path.write_text(text, encoding="utf-8")
    return text


def _text(experiment, courses, groups, places):
    first = next(iter(courses.values()))[0]
    shown, drawn = samples(first), {}
    if all(one.ids == first.ids for of_row in courses.values() for one in of_row):
        drawn = drawn_shares(courses, groups=groups)
    lines = [f"**{experiment.title}.** {experiment.question}", "", "![](fig5.png)", ""]
    lines += ["| | close pairs in order, last epoch | three samples in order, share of epochs |", "|---|---|---|"]
    for name, of_row in courses.items():
        close = np.mean([share_in_order(course)[-1] for course in of_row])
        around = " [{:.3f}, {:.3f}]".format(*interval(drawn[name])) if drawn else ""
        ordered = np.mean([(np.diff(course.predicted[:, shown], axis=1) > 0).all(axis=1).mean() for course in of_row])
        lines.append(f"| {name} | {close:.3f}{around} | {ordered:.3f} |")
    lines += [""]
    reference = experiment.reference
    for name in drawn.keys() - {reference} if reference in drawn else ():
        low, high = interval(drawn[name] - drawn[reference])
        lines += [f"{name} against {reference} (95 %, paired): close pairs {low:+.3f} to {high:+.3f}.", ""]
    truth = ", ".join(f"{first.truth[video]:.{places}f}" for video in shown)
    seeds, videos = counted(len(next(iter(courses.values()))), "seed"), "videos in groups" if groups else "videos"
    lines += [
        f"Held-out videos, {SCORE}, mean of {seeds}; in brackets 95 % of a bootstrap over these and the {videos}. The "
        f"samples' true scores: {truth}; those of a close pair differ by at most {CLOSE:g} standard deviations."
    ]
    return "\n".join(lines) + "\n"


def _lines(courses, seeds):
    yield ["row", "seed", "epoch", "video_id", "true", "predicted"]
    for name, of_row in courses.items():
        for seed, course in zip(seeds, of_row, strict=True):
            for index, video in np.ndindex(course.predicted.shape):
                values = float(course.truth[video]), float(course.predicted[index, video])
                yield [name, seed, course.epochs[index], course.ids[video], *values]


def draw(courses: Mapping[str, Sequence[Course]], places: int) -> "Figure":
    """The three samples of the first seed under each row, dashed where they truly lie; and the close pairs of all.

    `places` are the decimals of a score.
    """
    from matplotlib.figure import Figure  # a wrong path does not wait for it
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4 * len(courses) + 4, 3.6), layout="constrained")
    *panels, last = figure.subplots(1, len(courses) + 1)
    for axes, (name, found) in zip(panels, courses.items(), strict=True):
        for color, video in zip(STAGE_COLORS[1:], samples(found[0]), strict=False):
            true = found[0].truth[video]
            axes.plot(found[0].epochs, found[0].predicted[:, video], color=color, label=f"true {true:.{places}f}")
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
