"""What a result tells of the athlete's body: measures with uncertainties, the dive and its parts, the trunk's curve.

The uncertainties are those of simulated dives whose joints were degraded as film degrades them: `benchmarks.body`.
"""

import collections
import functools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from scoringnet_tf.body.track import Track
from scoringnet_tf.inference.measures import READERS, Flight, Reading, flight_of, is_straight, position, tightest
from scoringnet_tf.inference.times import Element, Measure, of_athlete
from scoringnet_tf.sports import Sport
from scoringnet_tf.sports.dive_table import SEEN_OF
from scoringnet_tf.support.files import read_json

CURVE = "trunk's angle"
WIDEST = {"s": 0.5, "°": 45.0, "body lengths": 1.0, "°/s": 400.0}  # half-widths from which on nothing is told
ERRORS = pathlib.Path(__file__).with_name("body_errors.json")  # python -m benchmarks.body --fit


class Shown(NamedTuple):
    """What a track shows; `not_seen` names what it does not."""

    measures: dict[str, Measure]
    elements: dict[str, Element]
    curves: dict[str, list[float | None]]
    not_seen: list[str]


def shown_by(track: Track, sport: Sport, frames: tuple[int, int]) -> Shown:
    """What a performance's track shows of what its sport names; nothing if its flight lacks an end.

    `frames` are the performance's first one in the file, and the one behind its last, for curves.
    """
    flight = flight_of(track)
    if flight is None:
        return Shown({}, {}, {}, list(sport.measures))
    values = {name: READERS[name][1](flight) for name in sport.measures if name in READERS}
    told = {name: _measure(name, flight, seen) for name, seen in values.items() if seen}
    measures = {name: measure for name, measure in told.items() if measure}
    elements = _elements(flight, sport)
    missing = [name for name in sport.measures if name not in measures and name not in elements]
    if is_straight(flight):  # there is no opening to be seen
        missing = [name for name in missing if name != "opening"]
    return Shown(measures, elements, {CURVE: _curve(flight, *frames)}, missing)


def shown_by_all(tracks: Sequence[Track], sport: Sport, frames: tuple[int, int]) -> Shown:
    """What all athletes' tracks show; as `shown_by`, with names by `of_athlete`. Without a track nothing is seen."""
    everything = Shown({}, {}, {}, [] if tracks else list(sport.measures))
    for number, track in enumerate(tracks, start=1):
        one = shown_by(track, sport, frames)
        for kind in ("measures", "elements", "curves"):
            own = getattr(one, kind).items()
            getattr(everything, kind).update({of_athlete(name, number): each for name, each in own})
        everything.not_seen.extend(of_athlete(name, number) for name in one.not_seen)
    return everything


def _measure(name: str, flight: Flight, reading: Reading) -> Measure | None:
    """None if the uncertainty is so wide that the value tells nothing."""
    unit, digits = READERS[name][0], 1 if READERS[name][0].startswith("°") else 2
    width = float(widths()[name] @ conditions(flight, reading))
    frame = int(flight.track.first_frame + reading.frame)
    value = round(float(reading.value), digits)
    return Measure(value, unit, round(width, digits), frame) if width < WIDEST[unit] else None


def _curve(flight: Flight, first: int, behind: int) -> list[float | None]:
    """The trunk's path in the file's frames, from the first one on, where it was seen."""
    seen = np.flatnonzero(flight.angles.weight > 0).tolist()
    shown = {flight.track.first_frame + at: round(float(flight.turns.path[at]), 1) for at in seen}
    return [shown.get(frame) for frame in range(first, behind)]


def _elements(flight: Flight, sport: Sport) -> dict[str, Element]:
    """The dive, if its sport has a table, and its parts: the likeliest."""
    turns = flight.turns
    parts: dict[str, Mapping[Any, float]] = {"position": position(flight), "group": turns.starts}
    parts |= {"half somersaults": turns.half_somersaults, "half twists": turns.half_twists}
    likely = sport.dives.most_likely(parts) if sport.dives else []
    if likely:
        sums: dict[str, dict[Any, float]] = {name: collections.defaultdict(float) for name in parts}
        for dive, probability in likely:
            for name, odds in sums.items():
                odds[SEEN_OF[name](dive)] += probability
        parts = dict(sums)
    elements = {}
    for name in [name for name in sport.measures if name in parts]:
        value, probability = max(parts[name].items(), key=lambda each: each[1])
        frame = int(flight.track.first_frame + tightest(flight)) if name == "position" else None
        elements[name] = Element(str(value), round(float(probability / sum(parts[name].values())), 2), frame)
    if likely:
        elements["dive"] = Element(likely[0][0].number, round(float(likely[0][1]), 2))
    return elements


def conditions(flight: Flight, reading: Reading) -> np.ndarray:
    """What the size of errors depends on: nothing, frames, their spread, noise of joints, a view aslant, the rate."""
    step = flight.track.step  # frames between those that were looked at add nothing
    joints = 10 * flight.noise, flight.turns.aslant / 45, 10 * step * float(np.median(np.diff(flight.track.times)))
    return np.array((1.0, np.sqrt(step / reading.frames), reading.spread, *joints))


@functools.cache
def widths() -> dict[str, np.ndarray]:
    """Measure → weights of `conditions` that give the half-width of its 90 % interval."""
    return {name: np.array(weights) for name, weights in read_json(ERRORS).items()}
