"""The body's way through its candidates: in a flight, angular momentum stays what it was at the take-off.

So the speed of turning goes with the inverse of the body's moment of inertia, and has one direction.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from scoringnet_tf.body.candidates import Candidates
from scoringnet_tf.body.skeleton import MIRRORED, inertia, turned, wrap

MOMENTA = np.outer((1, -1), np.geomspace(2.9, 344.0, 40)).ravel()  # degrees clockwise × heights² per s
RATIOS = np.divide.outer(MOMENTA, MOMENTA)
CHANGES = np.where(RATIOS > 0, np.log(np.abs(RATIOS)) ** 2 / 2, np.inf)  # from one to another one
DRIFT, DRIFT_ON_GROUND = 0.015, 0.36  # of the logarithm of the momentum from frame to frame
SURE, RELATIVE, FARTHEST = 12.0, 0.15, 8.0  # degrees that a turn may differ, and so much of it; the most that costs
MOST_TURN, IMPOSSIBLE = 150.0, 50.0  # degrees from frame to frame; more could as well be the other way
SKIP, LONGEST_GAP = 9.0, 6  # what it costs to leave out a frame's candidates; frames
ENDS, UPSIDE_DOWN = 4, 2.5  # frames before the take-off and the entry; what it costs to be on the head, or feet, there
SHAPE = 20.0  # what it costs if joints move, in the body's own frame, by a height of the body


class Way(NamedTuple):
    """A way through N frames."""

    frames: list[int]  # in which the body was seen, in order
    chosen: list[int]  # the candidate in each
    turned: np.ndarray  # (N,), the trunk's direction, whole turns included


def best_way(found: Sequence[Candidates], times: np.ndarray, flight: tuple[int, int]) -> Way | None:
    """The way with least cost, by Viterbi over (candidate, momentum); None if nothing was found.

    Args:
        found: the candidates in each of L frames.
        times: (L,), seconds.
        flight: first frame in it, and first one after it; elsewhere the momentum may change.
    """
    if not any(len(each.cost) for each in found):
        return None
    costs: dict[int, np.ndarray] = {}
    came: dict[int, np.ndarray] = {}
    for at, here in enumerate(found):
        if len(here.cost):
            costs[at], came[at] = _reached(found, times, flight, at, costs)
    at = min(costs, key=lambda at: costs[at].min() - SKIP * at)
    steps = [(at, *map(int, np.unravel_index(costs[at].argmin(), costs[at].shape)))]
    while (before := came[steps[-1][0]][steps[-1][1:]])[0] >= 0:
        steps.append(tuple(before.tolist()))
    steps.reverse()
    angles = [float(found[steps[0][0]].angle[steps[0][1]])]
    for (at, one, _), (then, other, momentum) in itertools.pairwise(steps):
        turn = _expected(found[at].shape[[one]], found[then].shape[[other]], times[then] - times[at])[0, 0, momentum]
        angles.append(float(angles[-1] + turn + wrap(found[then].angle[other] - angles[-1] - turn)))
    return Way([at for at, *_ in steps], [one for _, one, _ in steps], np.array(angles))


def _reached(
    found: Sequence[Candidates], times: np.ndarray, flight: tuple[int, int], at: int, costs: Mapping[int, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What it costs to reach each candidate in frame `at` with each momentum, (M, P), by `costs` of frames before.

    And from where, (M, P, 3): the frame before, its candidate and momentum; −1 if the way begins here.
    """
    here, own = found[at], found[at].cost
    for end, up in zip(flight, (1, -1), strict=True):  # feet leave the board, and hands enter first; armstands are rare
        if end - ENDS <= at < end:
            own = own + UPSIDE_DOWN * (1 - up * np.cos(np.radians(here.angle))) / 2
    best = np.repeat((own + SKIP * at)[:, np.newaxis], len(MOMENTA), axis=1)
    back = np.full((*best.shape, 3), -1)
    for before in range(max(0, at - LONGEST_GAP), at):
        if before not in costs:
            continue
        skipped = at - before - 1
        drift = DRIFT if flight[0] <= before and at < flight[1] else DRIFT_ON_GROUND
        so_far = costs[before][:, :, np.newaxis] + CHANGES / (drift**2 * (skipped + 1))
        momentum_before, so_far = so_far.argmin(axis=1), so_far.min(axis=1)  # (before, momentum now)
        step = _step(found[before], here, times[at] - times[before], skipped)
        cost = so_far[:, np.newaxis] + step + SKIP * skipped + own[:, np.newaxis]
        source, cost = cost.argmin(axis=0), cost.min(axis=0)
        came = np.stack([np.full_like(source, before), source, np.take_along_axis(momentum_before, source, 0)], -1)
        back = np.where((cost < best)[..., np.newaxis], came, back)
        best = np.minimum(cost, best)
    return best, back


def _step(before: Candidates, after: Candidates, seconds: float, skipped: int) -> np.ndarray:
    """What it costs to go from each pose to each other one with each momentum, (N, M, P)."""
    turn = wrap(after.angle - before.angle[:, np.newaxis])
    expected = _expected(before.shape, after.shape, seconds)
    off = wrap(turn[..., np.newaxis] - expected) / np.hypot(SURE, RELATIVE * expected)
    cost = np.where(np.abs(expected) > MOST_TURN * (skipped + 1), IMPOSSIBLE, np.minimum(off**2 / 2, FARTHEST))
    moved = np.linalg.norm(turned(before.shape[:, np.newaxis], turn) - after.shape, axis=-1)
    return cost + SHAPE / (1 + skipped) * np.minimum(moved, 0.5).mean(axis=-1)[..., np.newaxis]


def _expected(before: np.ndarray, after: np.ndarray, seconds: float) -> np.ndarray:
    """Degrees that bodies with shapes (N, 17, 2) and (M, 17, 2) turn between them with each momentum, (N, M, P)."""
    return MOMENTA * 2 * seconds / np.add.outer(inertia(before), inertia(after))[..., np.newaxis]


def same_sides(joints: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Which of N poses (N, 17, 2), turned by (N,), have left and right exchanged, bool, so that joints move least."""
    upright = turned(joints, -angle)
    same, other = (
        np.linalg.norm(upright[1:] - before, axis=-1).mean(axis=-1) for before in (upright[:-1], upright[:-1, MIRRORED])
    )
    exchanged = np.cumsum(np.concatenate(([False], other < same))) % 2 == 1
    return exchanged if exchanged.mean() <= 0.5 else ~exchanged
