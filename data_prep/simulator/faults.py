"""Shares out lost points over visible faults, and back. Knows no sport: a sport lists its faults.

A fault has a severity from 0 (absent) to 1 (worst). Severity is concave in the points that it costs, so that small
deductions of good performances are visible too.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from scoringnet_tf.support.messages import InputError

EXPONENT = 0.7
# Concentration of the Dirichlet shares. Larger spreads a deduction more evenly and ties every single fault closer to
# the execution: performances differ in which fault spoils them. For seeds 0 to 7 the largest |Spearman ρ| of a fault of
# diving is .57 with 400 to 600 drawn dives, and .54 with UNLV-Diving's scores; at 0.3 it is .60 and at 0.4 .64.
CONCENTRATION = 0.22
LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)  # of the quantiles of real labels


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault: its name, the points that it costs at severity 1, and its share of deductions relative to others."""

    name: str
    max_points: float
    weight: float


def share_deduction(points: float, faults: tuple[Fault, ...], rng: Generator) -> dict[str, float]:
    """Severities by name of faults that together cost `points`, shared out at random.

    Shares are Dirichlet; what exceeds the most a fault can cost flows to the others. Points beyond what all faults
    together can cost are lost.
    """
    limits = np.array([fault.max_points for fault in faults])
    shares = rng.gamma(CONCENTRATION * np.array([fault.weight for fault in faults])) + 1e-9
    costs = np.zeros(len(faults))
    left = min(max(points, 0.0), limits.sum())
    while left > 1e-6:
        room = costs < limits - 1e-9
        added = np.minimum(left * shares * room / (shares * room).sum(), limits - costs)
        costs += added
        left -= added.sum()
    return {fault.name: float(s) for fault, s in zip(faults, (costs / limits) ** EXPONENT, strict=True)}


def total_deduction(severities: dict[str, float], faults: tuple[Fault, ...]) -> float:
    """Points that severities cost together: the inverse of `share_deduction`."""
    return float(sum(fault.max_points * severities[fault.name] ** (1 / EXPONENT) for fault in faults))


def draw(quantiles: Sequence[float], rng: Generator) -> float:
    """A number with these quantiles at `LEVELS`."""
    return float(np.interp(rng.random(), LEVELS, quantiles))


def middle_marks(marks: np.ndarray, judges: int, kept: int) -> np.ndarray:
    """The middle `kept` of the marks of a panel, in order of size; InputError (`count_mismatch`) for another panel."""
    if len(marks) != judges:
        raise InputError("count_mismatch", f"{len(marks)} marks instead of {judges}.")
    dropped = (judges - kept) // 2
    return np.sort(marks)[dropped : judges - dropped]
