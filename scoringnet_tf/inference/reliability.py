"""A grade of how reliable a score is, by a rule small enough to be told: docs/serving.md."""

import dataclasses
from collections.abc import Collection, Iterable

# Warnings that make it low; those that say what was rightly done; all others make it fair.
GRAVE = frozenset(
    {"simulated_training", "no_reference", "stale_reference", "empty_fragment", "damaged", "beginning_missing"}
    | {"length_unlike_training"}
)
HARMLESS = frozenset(
    {"several_streams", "frame_rate_by_timestamps", "interlaced", "turned", "colours_converted", "pixel_aspect"}
)
FAR = 0.75  # of the distance beyond which a performance is unlike those of training
WIDE, VERY_WIDE = 0.25, 0.5  # of the range of the final score in the sport


@dataclasses.dataclass(frozen=True)
class Reliability:
    """How reliable a score is.

    Attributes:
        grade: `"high"`, `"fair"` or `"low"`.
        because: codes of what speaks against it; none if the grade is high.
    """

    grade: str
    because: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        """In words."""
        return f"{self.grade} ({', '.join(self.because)})" if self.because else self.grade


def reliability(
    reasons: Iterable[str], warnings: Collection[str], distance: float | None, width: float | None
) -> Reliability:
    """The grade of a performance that has scores: low for one thing that is grave, fair for one that is not, else high.

    Args:
        reasons: codes of what speaks against a score that was given by force: grave.
        warnings: codes.
        distance: from the training performances, as a share of the limit; None if it is not known.
        width: of the interval of the final score, as a share of the range in the sport; None if there is none.
    """
    grave = [*reasons, *(code for code in warnings if code in GRAVE)]
    light = [code for code in warnings if code not in GRAVE | HARMLESS]
    if distance is None:
        light.append("unknown_distance")
    elif distance > FAR:
        light.append("far_from_training")
    if width is None:
        light.append("no_intervals")
    elif width > WIDE:
        (grave if width > VERY_WIDE else light).append("wide_interval")
    grade = "low" if grave else "fair" if light else "high"
    return Reliability(grade, list(dict.fromkeys([*grave, *light])))
