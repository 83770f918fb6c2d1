"""When a body leaves the board and reaches the water: the run of frames in which it is likeliest to be in the air.

The stages propose. Where the body is seen, physics decides. Before the take-off the feet are as low as they get, and
the centre of mass is off the parabola of its fall. Who folds what was stretched has left. After the entry the water
hides the arms, and no pose fits.
"""

import numpy as np

from scoringnet_tf.body.skeleton import centre_of_mass

SHARE = 0.5  # of the stages' log odds: frames beside each other are seen by the same windows
PER_SECOND = 25.0  # frames that count as one each
BEFORE, AFTER = 0.4, 0.3  # seconds around the stages' take-off in which the body's feet and centre count
SETTLED = 0.08  # seconds after it from which on the centre is on the parabola
OFF, FARTHEST = 0.12, 3.0  # heights of the body from the parabola that count as 1, and the most it counts
RISEN, FOOT = 0.1, 0.05  # heights of the body: feet that rose so far have left; how surely they are seen
FLOOR, LIFTED = -1.5, 0.5  # log odds of feet on the board, and above it, where it may be a springboard that moves
STRETCHED, FOLDED = 0.9, 3.0  # share of the largest reach below the centre; log odds of who has less from then on
LAST, FITTING = (0.5, 0.15), 0.35  # seconds before the entry in which poses fit, and from which on they may not
WORSE, FIT, WET, DRY = 1.0, 0.5, -3.0, 1.0  # cost of a pose above theirs; how surely; bounds of the log odds
LEAST = 3.0, 6.0  # log odds that show each end: who is lost for two frames is not in the water yet


def ends_of(
    stages: np.ndarray,
    times: np.ndarray,
    flight: tuple[int, int],
    joints: np.ndarray,
    confidence: np.ndarray,
    fall: np.ndarray,
    cost: np.ndarray,
) -> tuple[tuple[int, int], tuple[bool, bool]]:
    """A flight's first frame in the air, and the first one in the water; whether the body itself shows each.

    Args:
        stages: (L,), the probability that each frame is in a flight.
        times: (L,), seconds.
        flight: the first frame in the air and the first one after it, as stages have them.
        joints: (L, 17, 2), in the scene, in heights of the body.
        confidence: (L,), 0 where the body was not seen.
        fall: (L,), how low the fall has the centre of mass, in the same unit.
        cost: (L,), how badly the best pose fits, as in `Candidates`; infinite without one.
    """
    weight = np.median(np.diff(times)) * PER_SECOND
    start, stop = times[flight[0]], times[min(flight[1], len(times) - 1)]
    sure = np.clip(stages, 1e-3, 1 - 1e-3)
    stands = weight * _on_board(times - start, joints, confidence, fall)
    wet = weight * _in_water(times - stop, cost)
    odds = weight * SHARE * np.log(sure / (1 - sure)) + stands + wet
    middle = (flight[0] + flight[1]) // 2
    off = _median(np.cumsum(odds[:middle][::-1])[::-1])
    end = middle + _median(np.concatenate(([0.0], np.cumsum(odds[middle:-1]))))
    return (off, end), (bool(stands[:off].sum() < -LEAST[0]), bool(wet[end:].sum() < -LEAST[1]))


def _on_board(since: np.ndarray, joints: np.ndarray, confidence: np.ndarray, fall: np.ndarray) -> np.ndarray:
    """Log odds (L,) of the air against the board, by feet and centre."""
    near = (since > -BEFORE) & (since < AFTER) & (confidence > 0)
    settled = near & (since > SETTLED)
    if not settled.any():
        return np.zeros(len(since))
    lowest, centre = joints[..., 1].max(axis=1), centre_of_mass(joints)[:, 1]
    feet = np.clip((np.percentile(lowest[near], 95) - lowest - RISEN) / FOOT, FLOOR, LIFTED)
    reach = near * (lowest - centre)
    reach = np.maximum.accumulate(reach[::-1])[::-1] / max(reach.max(), 1e-6)  # the largest one from now on
    folded = FOLDED * np.clip(10 * (STRETCHED - reach), 0, 1)
    off = centre - fall - np.average((centre - fall)[settled], weights=confidence[settled])
    return near * confidence * (feet + folded - np.minimum((off / OFF) ** 2, FARTHEST))


def _in_water(since: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Log odds (L,) of the air against the water, by how much worse poses fit than just before."""
    before = cost[(since > -LAST[0]) & (since < -LAST[1])]
    seen = before[np.isfinite(before)]
    if len(seen) < max(3, len(before) / 3):
        return np.zeros(len(since))
    usual = max(1.0, float(np.median(seen)))
    fits = (usual + WORSE - cost) / FIT
    return np.where(since > -FITTING, np.clip(fits, WET, DRY), 0.0)


def _median(log_weights: np.ndarray) -> int:
    """The index that halves the weights: it hardly moves if they change a little."""
    weights = np.cumsum(np.exp(log_weights - log_weights.max()))
    return int(np.searchsorted(weights, weights[-1] / 2))
