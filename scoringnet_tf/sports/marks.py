"""Judges' marks: which count, and what they make."""

import dataclasses
import itertools
import math
from collections.abc import Sequence

from scoringnet_tf.support.messages import InputError


@dataclasses.dataclass(frozen=True)
class Marks:
    """How judges' marks make the execution: `factor` × the kept marks' mean.

    Attributes:
        panels: each a tuple of groups (judges, kept) in the order of their marks. The middle `kept` marks in a group
            count. The number of marks identifies the panel.
        step: between marks, points.
        maximum: the highest mark, points; the minimum is 0.
        factor: on the mean.
        penalty_off_marks: whether a penalty is taken off every mark (down to 0), and so is part of the execution.
    """

    panels: tuple[tuple[tuple[int, int], ...], ...]
    step: float
    maximum: float
    factor: float = 1.0
    penalty_off_marks: bool = False

    def __post_init__(self) -> None:
        groups = [group for panel in self.panels for group in panel]
        # As many of the highest as of the lowest marks are dropped, and some are left.
        odd = [f"{kept} of {n}" for n, kept in groups if not 0 < kept <= n or (n - kept) % 2]
        if odd:
            raise InputError("wrong_value", f"The kept marks are not in the middle of a group: {', '.join(odd)}.")
        if not self.panels or not all(self.panels) or len(set(self.numbers)) < len(self.panels):
            raise InputError("wrong_value", f"Panels must be of different sizes, not {self.panels}.")
        if not (self.step > 0 and self.maximum > 0 and self.factor > 0):
            values = f"{self.step:g}, {self.maximum:g}, {self.factor:g}"
            raise InputError("out_of_range", f"step, maximum and factor must be above 0, not {values}.")
        if not self._is_step(self.maximum):
            raise InputError("wrong_value", f"{self.maximum:g} is no multiple of the step, {self.step:g}.")

    @property
    def numbers(self) -> tuple[int, ...]:
        """How many marks there may be, one number for each panel."""
        return tuple(sum(judges for judges, _ in panel) for panel in self.panels)

    @property
    def execution_step(self) -> float:
        """The step between executions, points."""
        return self.factor * self.step / math.lcm(*(sum(kept for _, kept in panel) for panel in self.panels))

    def execution(self, marks: Sequence[float], penalty: float = 0.0) -> float:
        """The execution that marks give, points.

        Args:
            marks: one from each judge, group by group; as judges gave them, before the penalty.
            penalty: points that are taken off every mark, if `penalty_off_marks`.

        Raises:
            InputError: not as many marks as a panel gives, or a mark that cannot be given.
        """
        if len(marks) not in self.numbers:
            allowed = " or ".join(map(str, self.numbers))
            raise InputError("count_mismatch", f"{len(marks)} marks instead of {allowed}.")
        for mark in marks:
            if not 0 <= mark <= self.maximum or not self._is_step(mark):
                allowed = f"from 0 to {self.maximum:g} in steps of {self.step:g}"
                raise InputError("out_of_range", f"{mark:g} is no mark: marks go {allowed}.")
        off = penalty if self.penalty_off_marks else 0.0
        remaining, kept_marks = iter(max(mark - off, 0.0) for mark in marks), []
        for judges, kept in self.panels[self.numbers.index(len(marks))]:
            group, dropped = sorted(itertools.islice(remaining, judges)), (judges - kept) // 2
            kept_marks += group[dropped : judges - dropped]
        return self.factor * sum(kept_marks) / len(kept_marks)

    def _is_step(self, points: float) -> bool:
        steps = points / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-6)
