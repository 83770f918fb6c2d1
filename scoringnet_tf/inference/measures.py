"""What a coach names in a flight, read from an athlete's track: entry, opening, distance, turning speed, position.

Angles are those in the picture, against the fall's own line: a camera that is not level makes a body lean. Who is
filmed aslant seems to lean less. No value comes from a single frame.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from scoringnet_tf.body.angles import Angles, angles_of
from scoringnet_tf.body.skeleton import BONES, JOINT, centre_of_mass, wrap
from scoringnet_tf.body.track import Track
from scoringnet_tf.body.turning import Turns, turns_of

STEADY = 0.004  # seconds²: how surely angles do not change, or not otherwise than the path
OUTLIERS = 40.0  # degrees from the median
NOISE = 600.0  # degrees of a bend for each body length of noise
ROLL = np.radians(3.0)  # of cameras, about which the fall's line tells
WANDERING = 3.0  # how much more the camera's path errs than frames do
LAST, SHAPE = 0.2, 0.12  # seconds before the entry that the body's line and bends are read from
FEWEST_SEEN = 6  # frames of a flight
BENT = ((55.0, 15.0), (85.0, 15.0))  # degrees of hip and knee that tell positions apart, and how surely
FEWEST = 2  # frames in which something must be seen
QUICK = 0.2  # seconds in which the turning speed is the highest
HELD = 80.0  # degrees of hip and knee together that are no straight position


@dataclasses.dataclass(frozen=True)
class Flight:
    """An athlete's flight in a track: from the frame `off`, the first in the air, to `end`, the first in the water."""

    track: Track
    angles: Angles
    turns: Turns
    off: int
    end: int

    def seen(self, start: float, end: float) -> np.ndarray:
        """Frames from one time to another, both counted from the entry in seconds, in which the body was seen."""
        times = self.track.times - self.track.times[self.end]
        return np.flatnonzero((times >= start) & (times < end) & (self.angles.weight > 0))

    def last(self, seconds: float) -> np.ndarray:
        """Frames in the last seconds before the entry, three at least, in which the body was seen."""
        return self.seen(-max(seconds, 3.5 * float(np.median(np.diff(self.track.times)))), 0)

    @functools.cached_property
    def seconds(self) -> float:
        """How long it lasts."""
        return float(self.track.times[self.end] - self.track.times[self.off])

    @functools.cached_property
    def noise(self) -> float:
        """How far bones change their length from one frame that was looked at to the next, in body lengths."""
        joints, seen = self.track.positions, np.flatnonzero(self.angles.weight > 0)
        if len(seen) < FEWEST:
            return 1.0
        bones = np.stack([np.linalg.norm(joints[seen, one] - joints[seen, other], axis=1) for one, other in BONES])
        return self.track.step * float(np.median(np.abs(np.diff(bones, axis=1))) / self.angles.length)


def flight_of(track: Track) -> Flight | None:
    """A track's flight; None if an end is not known, or too little of it is seen."""
    off, end = track.flight
    if off is None or end is None or track.seen[off:end].sum() < FEWEST_SEEN:
        return None
    level = levelled(track, off, end)
    angles = angles_of(level)
    return Flight(level, angles, turns_of(level, angles, (off, end)), off, end)


def levelled(track: Track, off: int, end: int) -> Track:
    """The track in a scene whose vertical is the line along which the fall gets faster, as far as that is sure."""
    frames = off + np.flatnonzero(track.seen[off:end])
    times = track.times[frames] - track.times[frames].mean()
    centre = centre_of_mass(track.in_scene()[frames])
    powers = np.stack((np.ones_like(times), times, times**2), axis=1)
    fit, *_ = np.linalg.lstsq(powers, centre, rcond=None)
    errors = np.sqrt(np.square(centre - powers @ fit).sum(axis=0) / max(len(frames) - 3, 1))
    unsure = errors[0] * WANDERING * np.sqrt(np.linalg.inv(powers.T @ powers)[2, 2]) / max(abs(fit[2, 1]), 1e-6)
    lean = np.arctan2(fit[2, 0], fit[2, 1]) if fit[2, 1] > 0 else 0.0
    lean *= ROLL**2 / (ROLL**2 + unsure**2)
    turn = np.array(((np.cos(lean), -np.sin(lean)), (np.sin(lean), np.cos(lean))))
    return dataclasses.replace(track, camera=turn @ track.camera)


@dataclasses.dataclass(frozen=True)
class Reading:
    """A measured value: in how many frames, in which one best, and by how much they differ, in its unit."""

    value: float
    frames: int
    frame: int
    spread: float = 0.0


def _entry_angle(flight: Flight) -> Reading | None:
    """From the vertical as the body meets the water; positive past it (over-rotated), negative short of it."""
    frames, path = flight.last(LAST), flight.turns.path
    if len(frames) < FEWEST:
        return None
    apart, spread = _at_the_entry(flight, frames, flight.turns.sense * flight.angles.line[frames] - path[frames])
    return Reading((path[flight.end] + apart + 90) % 180 - 90, len(frames), int(frames[-1]), spread)


def _bend(flight: Flight, *names: str) -> Reading | None:
    """The largest of the bends with these names at the entry; what noise adds to a bend is taken off."""
    frames = flight.last(SHAPE)
    if len(frames) < FEWEST:
        return None
    bends = [_at_the_entry(flight, frames, getattr(flight.angles, name)[frames]) for name in names]
    bend, spread = max(bends, key=lambda each: abs(each[0]))
    noise = NOISE * flight.noise / np.sqrt(len(frames) / flight.track.step)
    return Reading(float(np.sqrt(max(bend**2 - noise**2, 0.0))), len(frames), int(frames[-1]), spread)


def _at_the_entry(flight: Flight, frames: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Where a line through angles near their median is at the entry; how far all are from the mean of those."""
    weights = flight.angles.weight[frames]
    around = np.degrees(np.angle(weights @ np.exp(1j * np.radians(values))))
    values = wrap(values - around)
    order = np.argsort(values)
    shares = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    median = float(np.interp(0.5, shares, values[order]))
    trusted = weights * (np.abs(wrap(values - median)) < OUTLIERS) + 1e-6
    middle = median + float(wrap(values - median) @ trusted / trusted.sum())
    since = flight.track.times[frames] - flight.track.times[flight.end]
    powers = np.stack((np.ones_like(since), since))
    weighted = powers * trusted
    change = np.linalg.solve(weighted @ powers.T + np.diag((0, STEADY)), weighted @ wrap(values - middle))
    return float(wrap(around + middle + change[0])), float(np.abs(wrap(values - middle)).mean())


def _opening(flight: Flight) -> Reading | None:
    """Seconds before the entry at which hips and knees are half open; None for a straight body."""
    frames, held = flight.seen(-flight.seconds, 0), held_bends(flight)
    if len(frames) < FEWEST or is_straight(flight):
        return None
    bent = (np.abs(flight.angles.hip) + np.abs(flight.angles.knee))[frames] - sum(held) / 2
    # The cut that has the most bent before it, and the most open behind it
    gain = np.concatenate(([0.0], np.cumsum(np.clip(bent, -60, 60) * flight.angles.weight[frames])))
    cut = int(gain.argmax())
    if cut in (0, len(frames)):
        return None
    after, before = flight.track.times[flight.end] - flight.track.times[frames[cut - 1 : cut + 1]]
    return Reading(float(before + after) / 2, len(frames), int(frames[cut]), float(after - before))


def _distance(flight: Flight) -> Reading | None:
    """Between the head, as it passes the board, and the board's end, where toes or hands leave it."""
    scene, off, starts = flight.track.in_scene() / flight.angles.length, flight.off, flight.turns.starts
    holding = "hand" if max(starts, key=starts.__getitem__).startswith("armstand") else "toe"
    held = [JOINT[f"{holding}_{side}"] for side in "lr"]
    standing = np.arange(max(0, off - 4), off)
    standing = standing[flight.angles.weight[standing] > 0]
    frames = flight.seen(-0.8 * flight.seconds, 0)
    if not len(standing) or len(frames) < FEWEST:
        return None
    board, head = np.median(scene[standing][:, held], axis=(0, 1)), scene[frames, JOINT["head"]]
    below = head[:, 1] > board[1]
    if below.all() or not below.any():
        return None
    passing = int(below.argmax())
    near = slice(max(0, passing - 2), passing + 2)
    away = head[near, 0] - board[0]
    return Reading(abs(float(np.median(away))), len(away), int(frames[passing]), float(np.ptp(away)))


def _speed(flight: Flight) -> Reading | None:
    """The largest over `QUICK` seconds, degrees a second."""
    frames = flight.seen(-flight.seconds, 0)
    if len(frames) < FEWEST or flight.seconds < QUICK:
        return None
    times = flight.track.times[flight.off : flight.end + 1]
    starts = np.linspace(times[0], times[-1] - QUICK, 50)
    path = flight.turns.path[flight.off : flight.end + 1]
    speeds = (np.interp(starts + QUICK, times, path) - np.interp(starts, times, path)) / QUICK
    fastest = starts[speeds.argmax()] + QUICK / 2
    return Reading(float(speeds.max()), len(frames), flight.off + int(np.searchsorted(times, fastest)))


Reader = Callable[[Flight], Reading | None]
READERS: Mapping[str, tuple[str, Reader]] = MappingProxyType(
    {
        "opening": ("s", _opening),
        "entry angle": ("°", _entry_angle),
        "bend at entry": ("°", lambda flight: _bend(flight, "hip", "knee")),
        "legs apart": ("°", lambda flight: _bend(flight, "legs")),
        "arms at entry": ("°", lambda flight: _bend(flight, "arms")),
        "distance from board": ("body lengths", _distance),
        "turning speed": ("°/s", _speed),
    }
)


def held_bends(flight: Flight) -> tuple[float, float]:
    """Degrees that hip and knee are bent in the middle of the flight, where they are most."""
    frames = flight.seen(-0.85 * flight.seconds, -0.2 * flight.seconds)
    if len(frames) < FEWEST:
        return 0.0, 0.0
    bent = np.abs(np.stack((flight.angles.hip[frames], flight.angles.knee[frames])))
    hip, knee = np.percentile(bent, 80, axis=1)
    return float(hip), float(knee)


def tightest(flight: Flight) -> int:
    """The frame that shows hips and knees bent most."""
    frames = flight.seen(-flight.seconds, 0)
    return int(frames[(np.abs(flight.angles.hip) + np.abs(flight.angles.knee))[frames].argmax()])


def is_straight(flight: Flight) -> bool:
    """Whether neither hip nor knee is bent in the middle of the flight."""
    return sum(held_bends(flight)) < HELD


def position(flight: Flight) -> dict[str, float]:
    """Position → probability. Straight is free beside twists: a table of dives tells what there is."""
    middles, widths = np.array(BENT).T
    bent, tuck = (1 / (1 + np.exp((middles - held_bends(flight)) / widths))).tolist()
    return {"tuck": bent * tuck, "pike": bent * (1 - tuck), "straight": 1 - bent, "free": 1 - bent}
