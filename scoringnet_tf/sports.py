"""What a sport is: its stages, key fragments, score ranges and fusion rule (paper §3.2, §4.1, §4.3).

This is the one place that knows. Everything else asks `get_sport(name)`. It imports neither Keras nor TensorFlow, so
that offline tools stay light.
"""

import dataclasses

NOISE = "noise"
SCORES = ("difficulty", "execution", "final")
PREDICTED_SCORES = SCORES[:2]  # the final score is fused from them


@dataclasses.dataclass(frozen=True)
class Sport:
    """One sport, as the rules and the paper describe it.

    Attributes:
        name: key in `SPORTS`.
        stages: class names of KFS in label order; label 0 is noise.
        difficulty_fragment: stages whose frames the Difficulty tower sees (§4.3, Tables 1 and 2).
        execution_fragment: stages whose frames the Execution tower sees.
        difficulty_range: smallest and largest difficulty that occurs, in points of the sport (§4.1, label files).
        execution_range: the same for execution.
        final_range: the same for the final score.
        fusion: `"product"` (final = difficulty · execution) or `"sum"` (final = difficulty + execution): Eq. 4 as §4.1
            and the label files have it; the sentence after Eq. 4 swaps the two.
        mark_step: execution is a sum of marks and so a multiple of this, points; None where marks are finer.
    """

    name: str
    stages: tuple[str, ...]
    difficulty_fragment: tuple[str, ...]
    execution_fragment: tuple[str, ...]
    difficulty_range: tuple[float, float]
    execution_range: tuple[float, float]
    final_range: tuple[float, float]
    fusion: str
    mark_step: float | None = None

    @property
    def num_stages(self):
        """Number of KFS classes, noise included."""
        return len(self.stages)

    def stage_index(self, stage):
        """Label of a stage name; ValueError for a name the sport does not have."""
        if stage not in self.stages:
            raise ValueError(f"Expected a stage of {self.name}, one of {', '.join(self.stages)}. Received: {stage!r}")
        return self.stages.index(stage)

    def fuse(self, difficulty, execution):
        """Final score of Eq. 4; plain arithmetic, so numbers, NumPy arrays and Keras tensors all work."""
        if self.fusion == "product":
            return difficulty * execution
        return difficulty + execution


SPORTS = {
    "diving": Sport(
        name="diving",
        stages=(NOISE, "pre-starting", "take-flight", "entry"),
        difficulty_fragment=("take-flight",),
        execution_fragment=("take-flight", "entry"),
        difficulty_range=(1.3, 4.8),
        execution_range=(0.0, 30.0),
        final_range=(0.0, 144.0),
        fusion="product",
        mark_step=0.5,
    ),
    "vault": Sport(
        name="vault",
        stages=(NOISE, "pre-flight", "posting-flight", "landing"),
        difficulty_fragment=("posting-flight",),
        execution_fragment=("posting-flight", "landing"),
        difficulty_range=(2.0, 7.4),
        execution_range=(0.0, 10.0),
        final_range=(0.0, 17.4),
        fusion="sum",
    ),
}


def get_sport(name):
    """The `Sport` called `name`; ValueError naming the known ones."""
    if name not in SPORTS:
        raise ValueError(f"Expected a sport, one of {', '.join(sorted(SPORTS))}. Received: {name!r}")
    return SPORTS[name]
