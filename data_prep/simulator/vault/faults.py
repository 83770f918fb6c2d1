"""The faults of a vault, how they look at their worst, and the panel that marks them.

The faults are those of the table of deductions of the FIG Code of Points, men's artistic gymnastics (article on vault:
first flight and support, second flight, landing); severity 1 costs `max_points` of 10.
"""

import dataclasses

import numpy as np
from numpy.random import Generator

from data_prep.simulator.faults import Fault, middle_marks

FAULTS = (
    Fault("landing", 1.1, 3.6),
    Fault("looseness", 0.8, 2.9),
    Fault("leg_separation", 0.8, 2.7),
    Fault("bent_knees", 0.6, 0.9),
    Fault("low_flight", 0.6, 0.6),
    Fault("under_rotation", 0.6, 0.6),
    Fault("poor_support", 0.5, 0.5),
    Fault("sideways", 0.5, 0.4),
)
FALL = 0.8  # severity of `landing` from which the gymnast does not stay on the feet
MAX_STRADDLE, MAX_SCISSOR = 76.0, 54.0  # degrees between the thighs, sideways and in the sagittal plane
MAX_SIDEWAYS = 1.7  # metres off the middle of the mat, whose corridor ends at about 0.5
NUM_JUDGES, MARKS_COUNTED, MAX_EXECUTION = 5, 3, 10.0
MARK_SD = 0.1  # of a judge, points
# Standard deviation of the execution about what a vault deserves, as `judge` marks it.
EXECUTION_SD = 0.06


@dataclasses.dataclass(frozen=True)
class VaultTrait:
    """What a vault looks like beside its name."""

    severities: dict[str, float]  # fault name → 0..1
    side: int  # −1 or 1, the side of the mat to which a landing goes astray
    step: int  # −1 or 1, the direction along the mat of steps after the landing
    twist_sign: int  # direction of every turn, 1 or −1
    stride: float  # phase of the run-up, radians
    salutes: bool  # whether the gymnast raises the arms after the landing

    @property
    def off_line(self) -> float:
        """Metres off the middle of the mat at the landing."""
        return self.side * MAX_SIDEWAYS * self.severities["sideways"]

    @property
    def rise(self) -> float:
        """Metres that the centre of mass rises after the table."""
        return 0.80 - 0.72 * self.severities["low_flight"]

    @property
    def distance(self) -> float:
        """Metres from the middle of the table to the feet at the landing."""
        return 3.2 - 1.65 * self.severities["low_flight"]

    @property
    def falls(self) -> bool:
        """Whether the landing ends in a fall."""
        return self.severities["landing"] >= FALL


def random_trait(severities: dict[str, float], rng: Generator) -> VaultTrait:
    """A `VaultTrait` with those severities; the rest is drawn."""
    return VaultTrait(
        severities=severities,
        side=1 if rng.random() < 0.5 else -1,
        step=1 if rng.random() < 0.5 else -1,
        twist_sign=1 if rng.random() < 0.5 else -1,
        stride=float(rng.uniform(0, 2 * np.pi)),
        salutes=bool(rng.random() < 0.8),
    )


def judge(deduction: float, rng: Generator) -> np.ndarray:
    """Marks (5,) in tenths of a panel for a vault that deserves to lose `deduction` of 10 points."""
    opinions = MAX_EXECUTION - deduction + rng.normal(0.0, MARK_SD, NUM_JUDGES)
    return np.clip(np.round(opinions, 1), 0.0, MAX_EXECUTION)


def execution_score(marks: np.ndarray) -> float:
    """Execution, 0 to 10: the mean of the middle three of five marks, cut off after three decimals."""
    tenths = int(np.round(middle_marks(marks, NUM_JUDGES, MARKS_COUNTED) * 10).sum())
    return tenths * 1000 // (10 * MARKS_COUNTED) / 1000
