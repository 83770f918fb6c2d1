"""What a system says of itself: what it sees of videos, and how it learns one score from that."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scoringnet_tf.baselines.videos import Videos

See = Callable[[Videos], np.ndarray]  # videos → what a system sees of them, (V, …)


@dataclasses.dataclass(frozen=True)
class TrainingSet:
    """V videos of known score.

    Attributes:
        inputs: (V, …), what the system sees of each.
        scores: (V,), points.
        held_out: bool (V,), the validation part: what chooses epochs; what is fitted at once may learn from it.
        seed: of everything random.
        groups: (V,), which videos are cuts of one source: they are held out together.
    """

    inputs: np.ndarray
    scores: np.ndarray
    held_out: np.ndarray
    seed: int
    groups: np.ndarray


@dataclasses.dataclass(frozen=True)
class Learned:
    """A score that was learnt.

    Attributes:
        predict: inputs (V, …) → scores (V,), points.
        chosen: settings that were chosen inside the training split, name → value.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    chosen: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class System:
    """A system that ScoringNet is compared with.

    Attributes:
        title: as tables call it.
        sees: `"clips"`, `"grey"` or `"joints"`, of `Videos`.
        watch: of the training videos and a seed, the function that gives what the system sees of videos, (V, …). What
            is learnt without scores is learnt here.
        learn: one score from what was seen. Every score that the training videos know is learnt by itself, the final
            one too, as the papers have it.
    """

    title: str
    sees: str
    watch: Callable[[Videos, int], See]
    learn: Callable[[TrainingSet], Learned]
