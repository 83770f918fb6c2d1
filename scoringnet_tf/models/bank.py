"""The training performances that a model can show beside a new one: which are most alike, and what they scored.

Of each it keeps an id, its true scores and where it lies along the axes of the `Spread` of training, in standard
deviations along each; nothing can be seen of the video itself. In bytes of JSON a video takes 43 for 16 axes, and those
of its id and its scores: 2,000 are some 200 kB.
"""

import base64
import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

NEAREST = 3
NUMBER = "<f2"  # a coordinate as stored: a thousandth of a standard deviation


@dataclasses.dataclass(frozen=True)
class Bank:
    """N training performances.

    Attributes:
        ids: N names.
        scores: score → N true values, points; None is unknown.
        coordinates: (N, K), see `Spread.coordinates`, float16 in base64.
    """

    ids: Sequence[str]
    scores: Mapping[str, Sequence[float | None]]
    coordinates: str

    def __post_init__(self):
        """ValueError where the parts are not of the same videos, in the configuration of a model from elsewhere."""
        numbers = len(base64.b64decode(self.coordinates, validate=True)) // 2
        lengths = {len(self.ids), *(len(values) for values in self.scores.values())}
        if not self.ids or len(lengths) > 1 or not numbers or numbers % len(self.ids):
            raise ValueError(f"expected ids, scores and coordinates of the same videos, received {lengths}, {numbers}")

    @property
    def num_axes(self) -> int:
        """K."""
        return len(base64.b64decode(self.coordinates)) // 2 // len(self.ids)

    @classmethod
    def of(cls, ids: Sequence[str], scores: Mapping[str, Sequence[float]], coordinates: np.ndarray) -> "Bank":
        """The bank of N performances.

        Args:
            ids: N names.
            scores: score → N true values, points; NaN is unknown.
            coordinates: (N, K).
        """
        known = {score: [_kept(value) for value in values] for score, values in scores.items()}
        encoded = base64.b64encode(np.asarray(coordinates).astype(NUMBER).tobytes()).decode("ascii")
        return cls(list(ids), known, encoded)

    def nearest(self, coordinates: np.ndarray, count: int = NEAREST) -> list[dict]:
        """The performances most alike, the nearest first.

        Args:
            coordinates: (K,), of the performance that they are compared with.
            count: how many, or all where there are fewer.

        Returns:
            `{"id", "distance", and the true scores}` of each; the distance is Mahalanobis's along the axes.
        """
        stored = np.frombuffer(base64.b64decode(self.coordinates), NUMBER).reshape(len(self.ids), -1)
        distances = np.linalg.norm(stored.astype(float) - coordinates, axis=1)
        return [
            {
                "id": self.ids[index],
                "distance": round(float(distances[index]), 3),
                **{score: values[index] for score, values in self.scores.items()},
            }
            for index in np.argsort(distances, kind="stable")[:count]
        ]


def _kept(value):
    """A true score as JSON has it: None where it is unknown, without the digits that float32 adds."""
    return None if math.isnan(value) else float(f"{value:.6g}")
