"""`predictions.csv` of `python -m scoringnet_tf.evaluate`, read again."""

import csv
import dataclasses
from pathlib import Path

import numpy as np

from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.errors import InputError


@dataclasses.dataclass(frozen=True)
class PredictedScores:
    """Scores of V videos in order of their ids.

    Attributes:
        ids: V names.
        truth: score → (V,), points; NaN = unknown.
        predicted: the same of the scores that the model predicts.
    """

    ids: tuple[str, ...]
    truth: dict[str, np.ndarray]
    predicted: dict[str, np.ndarray]


def read_predictions(path: Path) -> PredictedScores:
    """Reads `predictions.csv`.

    Raises:
        InputError: it is not one.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["video_id"])
    columns = rows[0].keys() if rows else ()
    scores = [score for score in SCORES if f"predicted_{score}" in columns]
    if not scores:
        raise InputError(
            "missing_column", f"{path}: there is no column predicted_…, only {', '.join(columns) or 'no rows'}."
        )
    return PredictedScores(
        tuple(row["video_id"] for row in rows),
        *(
            {score: np.array([float(row[f"{kind}_{score}"]) for row in rows]) for score in scores}
            for kind in ("true", "predicted")
        ),
    )
