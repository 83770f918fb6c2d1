"""The body's way through its candidates: in a flight, angular momentum stays what it was at the take-off.

So the speed of turning goes with the inverse of the body's spread (its moment of inertia), and has one direction.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from scoringnet_tf.body.candidates import Candidates
from scoringnet_tf.body.skeleton import MIRRORED, inertia, turned

LIMBS = 0.008  # spread of a limb about its own line, heights² of the body
MOMENTA = np.geomspace(0.05, 6.0, 40)  # heights² per s; a tuck has a spread of .03, and turns up to 25 radians per s
DRIFT, DRIFT_ON_GROUND = 0.015, 0.36  # of the logarithm of the momentum from frame to frame
SURE, RELATIVE = np.radians(12), 0.15  # deviation of a turn, and so much of it
MOST_TURN = 2.6  # radians from frame to frame; more could as well be the other way
SKIP, LONGEST_GAP = 9.0, 6  # what it costs to leave out a frame's candidates; frames
ENDS = 4  # frames before the take-off and the entry
UPSIDE_DOWN = 2.5  # what it costs to stand on the head, or feet, there
SHAPE = 20.0  # what it costs if joints move, in the body's own frame, by a height of the body


@dataclasses.dataclass(frozen=True)
class Way:
    """A way through the frames.

    Attributes:
        frames: those in which the body was seen, in order.
        chosen: the candidate in each.
        turned: (N,), the trunk's angle, + clockwise in the picture, whole turns included.
        cost: of all.
    """

    frames: list[int]
    chosen: list[int]
    turned: np.ndarray
    cost: float


def spread(shape: np.ndarray) -> np.ndarray:
    """Moment of inertia of joints (…, 17, 2) with flesh on them, per mass, in the shape's unit²."""
    return inertia(shape) + LIMBS


def best_way(found: Sequence[Candidates], times: np.ndarray, flight: tuple[int, int]) -> Way | None:
    """The way with least cost, in either direction of turning; None if nothing was found.

    Args:
        found: the candidates in each of L frames.
        times: (L,), seconds.
        flight: first frame in it, and first one after it; elsewhere the momentum may change.
    """
    if not any(len(each.cost) for each in found):
        return None
    found = _with_ends(found, flight)
    return min((_way(found, times, flight, sign) for sign in (1, -1)), key=lambda way: way.cost)


def _with_ends(found: Sequence[Candidates], flight: tuple[int, int]) -> list[Candidates]:
    """The candidates with what speaks for feet on the board and hands first in the water; armstands are rare."""
    ended = [*found]
    for end, up in zip(flight, (1, -1), strict=True):
        for at in range(max(end - ENDS, 0), end):
            wrong = UPSIDE_DOWN * (1 - up * np.cos(found[at].angle)) / 2
            ended[at] = dataclasses.replace(found[at], cost=found[at].cost + wrong)
    return ended


def _way(found: Sequence[Candidates], times: np.ndarray, flight: tuple[int, int], sign: int) -> Way:
    """Viterbi over (candidate, momentum)."""
    costs: dict[int, np.ndarray] = {}
    came: dict[int, np.ndarray] = {}
    for at, here in enumerate(found):
        if len(here.cost):
            costs[at], came[at] = _reached(found, times, flight, sign, at, costs)
    cost, at = min((each.min() + SKIP * (len(found) - 1 - at), at) for at, each in costs.items())
    candidate, momentum = np.unravel_index(costs[at].argmin(), costs[at].shape)
    steps = []
    while at >= 0:
        steps.append((at, int(candidate), float(MOMENTA[momentum])))
        at, candidate, momentum = came[at][candidate, momentum]
    steps.reverse()
    return Way([at for at, *_ in steps], [each for _, each, _ in steps], _turned(found, times, steps, sign), cost)


def _reached(
    found: Sequence[Candidates],
    times: np.ndarray,
    flight: tuple[int, int],
    sign: int,
    at: int,
    costs: Mapping[int, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """What it costs to reach each candidate in frame `at` with each momentum, (M, P), by `costs` of frames before.

    And from where, (M, P, 3): the frame before, its candidate and momentum; −1 if the way begins here.
    """
    here, momenta = found[at], np.log(MOMENTA)
    best = np.repeat((here.cost + SKIP * at)[:, np.newaxis], len(momenta), axis=1)
    back = np.full((*best.shape, 3), -1)
    for before in range(max(0, at - LONGEST_GAP), at):
        if before not in costs:
            continue
        skipped = at - before - 1
        drift = DRIFT if flight[0] <= before and at < flight[1] else DRIFT_ON_GROUND
        change = (np.subtract.outer(momenta, momenta) / (drift * np.sqrt(skipped + 1))) ** 2 / 2
        so_far = costs[before][:, :, np.newaxis] + change
        momentum_before, so_far = so_far.argmin(axis=1), so_far.min(axis=1)  # (before, momentum now)
        step = _step(found[before], here, times[at] - times[before], sign, skipped)
        cost = so_far[:, np.newaxis] + step + SKIP * skipped + here.cost[:, np.newaxis]
        source = cost.argmin(axis=0)
        cost = cost.min(axis=0)
        is_better = cost < best
        best = np.where(is_better, cost, best)
        entry = np.stack([np.full_like(source, before), source, np.take_along_axis(momentum_before, source, 0)], -1)
        back[is_better] = entry[is_better]
    return best, back


def _step(before: Candidates, after: Candidates, seconds: float, sign: int, skipped: int) -> np.ndarray:
    """What it costs to go from each pose to each other one with each momentum, (N, M, P)."""
    turn = _wrapped(after.angle - before.angle[:, np.newaxis])
    expected = _expected(before.shape, after.shape, seconds)
    off = _wrapped(sign * turn[:, :, np.newaxis] - expected)
    deviation = np.sqrt(SURE**2 + (RELATIVE * expected) ** 2)
    cost = np.minimum((off / deviation) ** 2 / 2, 8)
    cost[expected > MOST_TURN * (skipped + 1)] = 50.0
    moved = np.linalg.norm(turned(before.shape[:, np.newaxis], turn) - after.shape, axis=-1)
    return cost + SHAPE / (1 + skipped) * np.minimum(moved, 0.5).mean(axis=-1)[:, :, np.newaxis]


def _expected(before: np.ndarray, after: np.ndarray, seconds: float) -> np.ndarray:
    """Radians that bodies with shapes (N, 17, 2) and (M, 17, 2) turn between them with each momentum, (N, M, P)."""
    return MOMENTA * 2 * seconds / np.add.outer(spread(before), spread(after))[:, :, np.newaxis]


def _turned(found: Sequence[Candidates], times: np.ndarray, steps: list[tuple], sign: int) -> np.ndarray:
    """The trunk's angle at each step, whole turns included, those in gaps too."""
    angles = [float(found[steps[0][0]].angle[steps[0][1]])]
    for (at, one, _), (then, other, momentum) in itertools.pairwise(steps):
        pair = found[at].shape[one], found[then].shape[other]
        expected = momentum * 2 * (times[then] - times[at]) / (spread(pair[0]) + spread(pair[1]))
        seen = sign * (found[then].angle[other] - found[at].angle[one])
        angles.append(angles[-1] + sign * (expected + _wrapped(seen - expected)))
    return np.array(angles)


def same_sides(joints: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Which of N poses (N, 17, 2), turned by (N,), have left and right exchanged, bool, so that joints move least."""
    upright = turned(joints, -angle)
    both = np.stack([upright, upright[:, MIRRORED]])  # (2, N, 17, 2)
    cost, came = np.zeros(2), []
    for at in range(1, len(joints)):
        step = np.linalg.norm(both[:, np.newaxis, at - 1] - both[np.newaxis, :, at], axis=-1).mean(axis=-1)
        came.append((cost[:, np.newaxis] + step).argmin(axis=0))
        cost = (cost[:, np.newaxis] + step).min(axis=0)
    chosen = [int(cost.argmin())]
    for back in reversed(came):
        chosen.append(int(back[chosen[-1]]))
    exchanged = np.array(chosen[::-1], bool)
    return exchanged if exchanged.mean() <= 0.5 else ~exchanged


def _wrapped(angle: np.ndarray | float) -> np.ndarray:
    return (np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi
