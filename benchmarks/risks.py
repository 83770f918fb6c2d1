"""What goes wrong on the way, as `benchmarks.scenarios` simulates it. None of it is measured."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Risks:
    """What the flags of `benchmarks.scaling` say of failures, and how much is simulated.

    Attributes:
        mtbf: seconds of work between two failures of a machine, mean.
        repair: seconds until it works again.
        checkpoint: seconds that training waits for a checkpoint to be written.
        stragglers: share of the attempts at a video that are slow.
        straggle: times as slow.
        jobs: videos, or pieces of work, in each simulation.
        seed: of it.
    """

    mtbf: float
    repair: float
    checkpoint: float
    stragglers: float
    straggle: float
    jobs: int
    seed: int
