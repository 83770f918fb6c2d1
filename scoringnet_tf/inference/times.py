"""Moments and durations of a performance: when its stages begin and end, how long they last, and how surely."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from scoringnet_tf.sports import Sport, stage_runs

Edges: TypeAlias = dict[tuple[str, bool], int]  # (stage, whether at its end) → frame
Uncertainty: TypeAlias = Callable[[str], float | None]  # of the name of a moment or duration, seconds


@dataclasses.dataclass(frozen=True)
class Moment:
    """A moment of a performance.

    Attributes:
        frame: of the file, counted from 0: the first that shows it.
        seconds: its time.
        uncertainty: seconds to either side within which it lies in 90 of 100 videos; None if that was not measured.
    """

    frame: int
    seconds: float
    uncertainty: float | None = None


@dataclasses.dataclass(frozen=True)
class Measure:
    """What is measured of a performance: its value and uncertainty, as of `Moment`, in a unit: s, m or m/s."""

    value: float
    unit: str
    uncertainty: float | None = None


def stage_edges(labels: np.ndarray, sport: Sport) -> Edges:
    """First frame of every stage in labels (L,), and first frame after it.

    Without stages that occur twice, and without edges of the labels themselves: there a stage is cut.
    """
    runs = [run for run in stage_runs(labels) if run[0] > 0]
    stages = [stage for stage, _, _ in runs]
    edges: Edges = {}
    for stage, start, end in runs:
        if stages.count(stage) == 1:
            edges |= {(sport.stages[stage], False): start, (sport.stages[stage], True): end}
    return {edge: frame for edge, frame in edges.items() if 0 < frame < len(labels)}


def seconds_in(labels: np.ndarray, sport: Sport, frame_rate: float) -> dict[str, float]:
    """The moments and durations of a sport in labels (L,) of a video, by name, seconds; none if a label is unknown."""
    edges = {} if (labels < 0).any() else stage_edges(labels, sport)
    moments = moments_of(sport, edges, 0, lambda frame: frame / frame_rate, lambda name: None)
    durations = durations_of(sport, edges, lambda frame: frame / frame_rate, lambda name: None)
    return {name: each.seconds for name, each in moments.items()} | {name: e.value for name, e in durations.items()}


def moments_of(
    sport: Sport, edges: Edges, first_frame: int, second_of: Callable[[int], float], uncertainty: Uncertainty
) -> dict[str, Moment]:
    """The moments of a sport that a performance shows, by name and in order of time.

    Args:
        sport: that names them.
        edges: of its stages.
        first_frame: of the file, from which edges count.
        second_of: the time of a frame of `edges`.
        uncertainty: of each.
    """
    frames = {name: edges[stage, ends] for name, stage, ends in sport.moments if (stage, ends) in edges}
    return {
        name: Moment(first_frame + frame, second_of(frame), uncertainty(name))
        for name, frame in sorted(frames.items(), key=lambda each: each[1])
    }


def durations_of(
    sport: Sport, edges: Edges, second_of: Callable[[int], float], uncertainty: Uncertainty
) -> dict[str, Measure]:
    """The durations of a sport that a performance shows whole, by name; arguments as of `moments_of`.

    A stage lasts until the next one begins, if that is shown: frames between them that have no stage are its own.
    """
    durations = {}
    for name, stage in sport.durations:
        if (stage, False) in edges and (stage, True) in edges:
            following = dict(itertools.pairwise(sport.stages)).get(stage, "")
            end = edges.get((following, False), edges[stage, True])
            durations[name] = Measure(round(second_of(end) - second_of(edges[stage, False]), 3), "s", uncertainty(name))
    return durations
