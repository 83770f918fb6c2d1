"""Results as they are kept: `predictions.csv` read again, and cells computed of it again."""

import csv
import json
import math
from pathlib import Path

import numpy as np

from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.report import CELLS, PREDICTIONS
from scoringnet_tf.experiments.stage_results import FRAMES, StageResults
from scoringnet_tf.sports import SCORES

ROUNDING = 2e-3  # of a figure: scores are kept with four digits, and ties may break


def read_results(path: Path) -> Results | StageResults:
    """The results of a `predictions.csv` of one split."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])[4:]
    ids = tuple(dict.fromkeys(row["video_id"] for row in rows))
    by_row: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_row.setdefault(row["row"], []).append(row)
    arrays = {name: {column: _array(of, column) for column in columns} for name, of in by_row.items()}
    if columns[0].endswith("_right"):
        names = [column.removesuffix("_right") for column in columns[::2]]
        predicted = {
            row: {name: np.stack([found[f"{name}_right"], found[f"{name}_all"]], axis=-1) for name in names}
            for row, found in arrays.items()
        }
        return StageResults(ids, tuple(names[: names.index(FRAMES)]), predicted)
    truth = {
        score: next(iter(arrays.values()))[f"true_{score}"][0, 0] for score in SCORES if f"true_{score}" in columns
    }
    scores = {
        row: {score: found[f"predicted_{score}"] for score in truth if np.isfinite(found[f"predicted_{score}"]).all()}
        for row, found in arrays.items()
    }
    return Results(ids, truth, scores)


def _array(rows, column):
    """(S, R, V) of a column, NaN where it is empty."""
    shape = [len({row[name] for row in rows}) for name in ("seed", "rendering", "video_id")]
    return np.array([float(row[column] or "nan") for row in rows]).reshape(shape)


def wrong_cells(folder: Path) -> list[str]:
    """The cells of a folder of results whose mean is not that of its predictions, as `row, figure`."""
    kept = json.loads((folder / CELLS).read_text(encoding="utf-8"))["rows"]
    results = read_results(folder / PREDICTIONS)
    wrong = [f"{row}, no such row" for row in kept.keys() ^ results.predicted.keys()]
    for row in kept.keys() & results.predicted.keys():
        for name, cell in kept[row].items():
            found = float(results.values(row, name).mean())
            limit = ROUNDING * max(1.0, abs(found))
            mean = math.nan if cell["mean"] is None else cell["mean"]
            if not (abs(found - mean) <= limit or (math.isnan(found) and math.isnan(mean))):
                wrong.append(f"{row}, {name}")
    return sorted(wrong)
