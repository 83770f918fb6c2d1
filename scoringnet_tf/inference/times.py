"""A performance's moments and durations: when its stages begin and end, how long they last, and how surely."""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from scoringnet_tf.sports import Sport

Edges: TypeAlias = Mapping[tuple[str, bool], int]  # (stage, whether at its end) → frame


@dataclasses.dataclass(frozen=True)
class Moment:
    """A moment in a performance.

    Attributes:
        frame: the first frame in the file that shows it, from 0.
        seconds: its time.
        uncertainty: seconds to either side within which it lies in 90 % of videos; None if that was not measured.
    """

    frame: int
    seconds: float
    uncertainty: float | None = None


@dataclasses.dataclass(frozen=True)
class Measure:
    """What is measured in a performance.

    Attributes:
        value: in the unit.
        unit: s, m, m/s, °, °/s, or body lengths.
        uncertainty: to either side, as in `Moment`.
        frame: the frame in the file that shows it best; None for what no single one shows.
    """

    value: float
    unit: str
    uncertainty: float | None = None
    frame: int | None = None


@dataclasses.dataclass(frozen=True)
class Element:
    """What a performance is by the rules, in words, such as the dive's number 207C.

    Attributes:
        value: the likeliest one.
        probability: of it; None if that was not measured.
        frame: as in `Measure`.
    """

    value: str
    probability: float | None = None
    frame: int | None = None


def of_athlete(name: str, number: int) -> str:
    """The name of a measure, element or curve of one of several athletes; the first one's is plain."""
    return name if number == 1 else f"{name} of athlete {number}"


def moments_of(
    sport: Sport,
    edges: Edges,
    times: np.ndarray,
    uncertainties: Mapping[str, float | None] | None = None,
    first_frame: int = 0,
) -> dict[str, Moment]:
    """The moments in a sport that a performance shows, by name and in order.

    Its stages have `edges` in frames of `times` (L + 1,), seconds at which each begins, and the last one ends;
    `first_frame` is the first one's number in the file. `uncertainties` are seconds to either side.
    """
    frames = {name: edges[stage, is_end] for name, stage, is_end in sport.moments if (stage, is_end) in edges}
    widths = uncertainties or {}
    return {
        name: Moment(first_frame + frame, seconds_at(times, frame), widths.get(name))
        for name, frame in sorted(frames.items(), key=lambda each: each[1])
    }


def durations_of(
    sport: Sport, edges: Edges, times: np.ndarray, uncertainties: Mapping[str, float | None] | None = None
) -> dict[str, Measure]:
    """The durations in a sport that a performance shows whole, by name; arguments as in `moments_of`.

    A stage lasts until the next one begins, if that is shown: frames between them that have no stage are its own.
    """
    durations, widths = {}, uncertainties or {}
    for name, stage in sport.durations:
        if (stage, False) in edges and (stage, True) in edges:
            following = dict(itertools.pairwise(sport.stages)).get(stage, "")
            end = edges.get((following, False), edges[stage, True])
            seconds = seconds_at(times, end) - seconds_at(times, edges[stage, False])
            durations[name] = Measure(round(seconds, 3), "s", widths.get(name))
    return durations


def seconds_at(times: np.ndarray, frame: int) -> float:
    """The time of a frame, to a millisecond, as all results tell it."""
    return round(float(times[frame]), 3)
