"""What is odd of files of features in which nothing is wrong: their scale, and whether they are turned."""

import statistics

import numpy as np

from scoringnet_tf.support.messages import counted, shown

LEAST_FILES = 3  # of two files nothing says which one is odd
LEAST_DECADES, DEVIATIONS = 2.5, 6.0  # a file is odd that far from the others, and beyond what they differ by
LEAST_SIDE = 4  # steps, and numbers a step, of files of which can be told which axis is time
SMOOTHER = 5.0  # neighbours along an axis are alike that many times as much as along the other: that one is time
AGREEMENT, MORE = 0.8, 0.2  # files agree that much in their means along an axis, and more than along the other: no time


class FeatureOddities:
    """Sees the features of one video after another, and tells which are odd among them."""

    def __init__(self) -> None:
        self._largest: dict[str, float] = {}
        self._shapes: set[tuple[int, ...]] = set()
        self._are_known = False
        self._roughness: list[float] = []
        self._means: list = [0.0, 0.0]
        self._variances: list = [0.0, 0.0]

    def see(self, name: str, features: np.ndarray, has_known_steps: bool) -> None:
        """Looks at the features of a video.

        Args:
            name: of the video.
            features: float32 (T, D).
            has_known_steps: something else says T or D.
        """
        values = features.astype(np.float64)
        self._largest[name] = float(np.abs(values).max())
        self._shapes.add(values.shape)
        self._are_known |= has_known_steps
        if not self._are_known and len(self._shapes) == 1 and min(values.shape) >= LEAST_SIDE:
            along, across = (float(np.square(np.diff(values, axis=axis)).mean()) for axis in (0, 1))
            self._roughness.append(along / across if across else 0.0)
            for axis in (0, 1):
                profile = values.mean(axis=1 - axis)
                self._means[axis] = self._means[axis] + profile
                self._variances[axis] += profile.var()

    def notes(self) -> list[str]:
        """All of it, a line for each kind."""
        return [*self._scales(), *self._turned()]

    def _scales(self):
        """A note on files whose largest number is far above or below that of the others; an empty file has none."""
        decades = {name: np.log10(largest) for name, largest in self._largest.items() if largest}
        if len(decades) < LEAST_FILES:
            return []
        median = statistics.median(decades.values())
        away = {name: abs(value - median) for name, value in decades.items()}
        limit = max(LEAST_DECADES, DEVIATIONS * statistics.median(away.values()))
        odd = [f"{name} ({10 ** (decades[name] - median):.2g} times)" for name, far in away.items() if far > limit]
        what = "the largest number is of another scale than in the other files; maybe outliers, or other units"
        return [f"{shown(odd)}: {what}."] if odd else []

    def _turned(self):
        """A note where all features are of one shape, and smooth along the axis that should not be time.

        Neighbouring channels may be alike as well, as of a spectrum: but those have levels of their own in all files.
        """
        number = len(self._roughness)
        if self._are_known or len(self._shapes) != 1 or number < 2 or statistics.median(self._roughness) <= SMOOTHER:
            return []
        steps, channels = (
            (mean / number).var() / (variance / number) if variance else 0.0
            for mean, variance in zip(self._means, self._variances, strict=True)
        )
        if channels > max(AGREEMENT, steps + MORE):
            return []
        (length, size), files = next(iter(self._shapes)), counted(number, "file")
        found = f"All {files} of features have {counted(length, 'step')} of {counted(size, 'number')}"
        smooth = "and change less from number to number than from step to step; maybe time is their second axis"
        return [f"{found}, {smooth}. A column num_frames says how many frames there are."]
