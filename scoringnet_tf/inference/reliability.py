"""How far a model's scores and times can be relied on, whatever a video shows."""

import dataclasses
from collections.abc import Iterable, Mapping

from scoringnet_tf.data.dataset_info import described_pixels
from scoringnet_tf.inference.words import CALIBRATE, NOT_MEASURED, remark
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import Intervals, can_be_measured, is_current
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.messages import Remark, counted


@dataclasses.dataclass(frozen=True)
class Reliability:
    """How far a model's scores and times can be relied on.

    Attributes:
        reasons: why its scores measure no video; empty if they may.
        doubts: the checks that are not made, or may be wrong.
        gives_scores: whether it has learned scores.
        intervals: for its scores, in points.
        times: for moments and durations, in seconds.
    """

    reasons: tuple[Remark, ...]
    doubts: tuple[Remark, ...]
    gives_scores: bool
    intervals: Intervals
    times: Intervals

    @property
    def level(self) -> float | None:
        """The probability with which an interval holds the true score; None without intervals."""
        return self.intervals.level if self.intervals.half_widths and not self.reasons else None

    def score_intervals(self, scores: Mapping[str, float], sport: Sport) -> dict[str, tuple[float, float]]:
        """Score → lower and upper end in points, for each score that has an interval."""
        ends = {name: self.intervals.around(name, value, sport.range_of(name)) for name, value in scores.items()}
        return {name: interval for name, interval in ends.items() if interval}

    def time_uncertainties(self, names: Iterable[str], frame: float) -> dict[str, float | None]:
        """Moment or duration → seconds to either side; None if the model has not measured its errors.

        `frame` is the time between two frames: what one of them shows first may be as old.
        """
        widths = {name: self.times.half_widths.get(name) for name in names}
        return {name: None if width is None else round(width + frame, 3) for name, width in widths.items()}


def reliability(model: ScoringNet, scorer: ScoringNet | None = None) -> Reliability:
    """A model's `Reliability`, with the scores of another one if there is a `scorer`. It reads all weights once."""
    scoring = scorer or model
    reasons, remarks, of_times = score_reasons(scoring), doubts(scoring), doubts(model)
    # Without scores nobody misses intervals. A backbone that recognises the sport needs no distance.
    needless = {"no_intervals"} if reasons else set()
    needless |= {"no_reference", "no_distance"} if model.recognised else set()
    unmet = {doubt.code: doubt for doubt in (*of_times, *remarks) if doubt.code not in needless}
    return Reliability(
        reasons=tuple(reasons),
        doubts=tuple(unmet.values()),
        gives_scores=not scoring.unlearned_parts,
        intervals=_stated(scoring, "intervals", remarks),
        times=_stated(model, "times", of_times),
    )


def score_reasons(model: ScoringNet) -> list[Remark]:
    """Why a model's scores measure no video (`words.MODEL_REASONS`); empty if they may."""
    if model.unlearned_parts:
        return [remark("scores_not_learned")]
    simulation = (model.provenance or {}).get("simulation")
    return [remark("simulated_training", pixels=described_pixels(simulation))] if simulation else []


def doubts(model: ScoringNet) -> list[Remark]:
    """A model's checks that are not made or may be wrong for want of `TrainingStatistics`."""
    statistics = model.reference
    if statistics is None:
        return [remark("no_reference", remedy=CALIBRATE if can_be_measured(model) else "")]
    if not is_current(model):
        return [remark("stale_reference")]
    remarks, intervals = [], statistics.intervals
    lacking = NOT_MEASURED if intervals is None else intervals.lacking
    if lacking:
        which = "some scores" if intervals and intervals.half_widths else "its scores"
        remarks.append(remark("no_intervals", which=which, lacking=lacking))
    if statistics.spread is None:
        remarks.append(remark("no_distance", videos=counted(statistics.num_videos, "training video")))
    if statistics.times and statistics.times.half_widths and (model.provenance or {}).get("simulation"):
        remarks.append(remark("simulated_times"))
    return remarks


def stated_intervals(model: ScoringNet) -> Intervals:
    """The `Intervals` that a model states for scores; none, and why, if they are unknown or stale."""
    return _stated(model, "intervals", doubts(model))


def _stated(model: ScoringNet, kind: str, remarks: list[Remark]) -> Intervals:
    for doubt in remarks:
        if doubt.code in ("no_reference", "stale_reference"):
            return Intervals.none(doubt)
    return getattr(model.reference, kind) or Intervals.none(NOT_MEASURED)
