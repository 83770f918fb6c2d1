"""What a model's `Reference` says of a scored performance: how like training it is, its intervals, and a grade."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scoringnet_tf.inference.reliability import reliability_of
from scoringnet_tf.models.reference import pooled
from scoringnet_tf.support.messages import Remark

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet


@dataclasses.dataclass(frozen=True)
class Likeness:
    """How like training a performance is.

    Attributes:
        distance: from the middle of training, as a share of the limit beyond which it is unlike it; None: not known.
        alike: as of `Bank.nearest`.
    """

    distance: float | None = None
    alike: list[dict] = dataclasses.field(default_factory=list)


class Trust:
    """Tells how far the scores of a model are to be relied on.

    Args:
        model: `ScoringNet`.
        doubts: of it, see `refusal.doubts`: what was measured with other weights says nothing.
    """

    def __init__(self, model: "ScoringNet", doubts: Iterable[Remark]) -> None:
        stale = any(doubt.code == "stale_reference" for doubt in doubts)
        self._reference, self._sport = None if stale else model.reference, model.sport
        self._intervals: Any = self._reference and self._reference.intervals

    @property
    def level(self) -> float | None:
        """The probability with which an interval holds the true score; None where the model states none."""
        return self._intervals.level if self._intervals and self._intervals.half_widths else None

    def likeness(self, labels: np.ndarray | None, features: np.ndarray | None) -> Likeness:
        """How like training a performance is.

        Args:
            labels: int (L,), the stage of every frame; None of a model without KFS.
            features: (L, D), what the model saw of every frame; None where there is nothing to compare.
        """
        reference = self._reference
        if features is None or reference is None or reference.spread is None:
            return Likeness()
        given = None if labels is None else labels[np.newaxis]
        of_all = pooled(features[np.newaxis], given, np.ones((1, len(features)), bool))
        distance = float(np.asarray(reference.spread.distance(of_all))[0]) / reference.spread.limit
        bank = reference.bank
        return Likeness(distance, bank.nearest(reference.spread.coordinates(of_all)[0]) if bank else [])

    def said_of(
        self,
        scores: Mapping[str, float],
        reasons: Collection[str],
        warnings: Collection[str],
        likeness: Likeness,
    ) -> dict[str, Any]:
        """`intervals`, `reliability` and `alike` of a `Performance`.

        Args:
            scores: score → points; empty where they are withheld.
            reasons: codes of what speaks against it: then it is unlike those on which intervals were measured.
            warnings: codes.
            likeness: of it.
        """
        if "final" not in scores:
            return {"alike": likeness.alike}
        intervals = {} if reasons else self._intervals_of(scores)
        low, high = self._sport.range_of("final")
        width = np.ptp(intervals["final"]) / (high - low) if "final" in intervals else None
        grade = reliability_of(reasons, warnings, likeness.distance, width)
        return {"intervals": intervals, "reliability": grade, "alike": likeness.alike}

    def _intervals_of(self, scores):
        """Score → interval, of the scores that have one."""
        if self._intervals is None:
            return {}
        ends = {name: self._intervals.around(name, value, self._sport.range_of(name)) for name, value in scores.items()}
        return {name: interval for name, interval in ends.items() if interval}
