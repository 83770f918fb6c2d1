"""The vaults of the men's table, their difficulty, faults and marks (FIG Code of Points, men's gymnastics, 2009–2012).

That edition was in force when vaults of 7.4 were seen, the highest value of UNLV-Vault. The editions of 2013 and 2017
lowered the whole table by 1.0 and by 0.4: a Dragulescu was worth 7.0, then 6.0, then 5.6. The women's table of the same
years gives like values (Yurchenko stretched with 1/1 turn 5.0 against 5.4, with 5/2 turns 6.5 against 6.6).

A name such as `yurchenko-2A5` reads: family, half somersaults after the table, position, half twists.
"""

import dataclasses

import numpy as np
from numpy.random import Generator

from data_prep.simulator.performance import Fault, middle_marks

POSITION_NAMES = {"A": "straight", "B": "pike", "C": "tuck"}
ROUND_OFF = ("yurchenko", "half_on", "full_on")  # families that meet the springboard after a round-off


@dataclasses.dataclass(frozen=True)
class Vault:
    """One vault of the table."""

    # how the table is met: `handspring` forward; `tsukahara` (and Kasamatsu), a quarter to a half turn on; `yurchenko`,
    # round-off and flic-flac; `half_on` and `full_on` (Scherbo), round-off and a half or whole turn
    family: str
    half_somersaults: int  # after the table, beyond the handspring itself: 0, 2 or 4
    position: str  # A straight, B pike, C tuck
    half_twists: int  # after the table. A Kasamatsu counts as the tsukahara with one whole turn more, as in the Code.

    @property
    def name(self) -> str:
        """Name as it stands in `factors.csv` and in the card."""
        return f"{self.family}-{self.half_somersaults}{self.position}{self.half_twists}"

    @property
    def round_off(self) -> bool:
        """Whether a round-off leads to the springboard."""
        return self.family in ROUND_OFF


# family, half somersaults, position: (value, how often it is seen) of 0, 1, 2, … half twists. The weights are
# our estimate, not a count: vaults of finals have a large one, the long tail of juniors and early rounds a small one.
_TABLE = {
    ("handspring", 0, "A"): ((3.0, 1), (3.2, 1), (3.4, 1)),
    ("handspring", 2, "C"): ((3.8, 2), (4.2, 2), (4.6, 1)),
    ("handspring", 2, "B"): ((4.2, 2), (4.6, 1)),
    ("handspring", 2, "A"): ((5.0, 2), (5.4, 2), (5.8, 3), (6.2, 6), (6.6, 5), (7.0, 5), (7.4, 1)),
    ("handspring", 4, "C"): ((6.6, 8), (7.0, 8)),
    ("handspring", 4, "B"): ((7.0, 4),),
    ("tsukahara", 2, "C"): ((3.6, 1), (3.8, 1), (4.2, 1), (4.6, 1)),
    ("tsukahara", 2, "B"): ((3.8, 1),),
    ("tsukahara", 2, "A"): ((4.6, 2), (5.0, 2), (5.4, 4), (5.8, 5), (6.2, 12), (6.6, 9), (7.0, 6)),
    ("tsukahara", 4, "C"): ((6.6, 6),),
    ("tsukahara", 4, "B"): ((7.0, 4),),
    ("yurchenko", 2, "C"): ((3.6, 1), (3.8, 1), (4.2, 1)),
    ("yurchenko", 2, "B"): ((3.8, 1),),
    ("yurchenko", 2, "A"): ((4.6, 3), (5.0, 2), (5.4, 8), (5.8, 6), (6.2, 12), (6.6, 4)),
    ("yurchenko", 4, "C"): ((6.6, 1),),
    ("half_on", 2, "C"): ((4.0, 1), (4.4, 2)),
    ("half_on", 2, "B"): ((4.4, 2), (4.8, 2)),
    ("half_on", 2, "A"): ((5.2, 3), (5.6, 3), (6.0, 4), (6.4, 3), (6.8, 2), (7.2, 1)),
    ("half_on", 4, "C"): ((6.8, 1),),
    ("full_on", 2, "C"): ((4.2, 1), (4.4, 1), (4.8, 1)),
    ("full_on", 2, "B"): ((4.4, 1),),
    ("full_on", 2, "A"): ((5.2, 2), (5.6, 1), (6.0, 2), (6.4, 1), (6.8, 1), (7.2, 1)),
}
DIFFICULTIES = {Vault(*key, twists): value for key, row in _TABLE.items() for twists, (value, _) in enumerate(row)}
FREQUENCIES = {Vault(*key, twists): weight for key, row in _TABLE.items() for twists, (_, weight) in enumerate(row)}


# The faults of the table of deductions (article on vault: first flight and support, second flight, landing); severity 1
# costs `max_points` of 10.
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
        """Metres off the mat's middle at the landing."""
        return self.side * MAX_SIDEWAYS * self.severities["sideways"]

    @property
    def rise(self) -> float:
        """Metres that the centre of mass rises after the table."""
        return 0.80 - 0.72 * self.severities["low_flight"]

    @property
    def distance(self) -> float:
        """Metres from the table's middle to the feet at the landing."""
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
    """A panel's marks (5,) in tenths for a vault that deserves `deduction` from 10 points."""
    opinions = MAX_EXECUTION - deduction + rng.normal(0.0, MARK_SD, NUM_JUDGES)
    return np.clip(np.round(opinions, 1), 0.0, MAX_EXECUTION)


def execution_score(marks: np.ndarray) -> float:
    """Execution, 0 to 10: the middle three marks' mean, in five, cut off after three decimals."""
    tenths = int(np.round(middle_marks(marks, NUM_JUDGES, MARKS_COUNTED) * 10).sum())
    return tenths * 1000 // (10 * MARKS_COUNTED) / 1000
