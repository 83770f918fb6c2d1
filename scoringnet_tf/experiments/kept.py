"""Results as they are kept: `predictions.csv` read again, cells computed of it again, and what may replace them."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.experiments.intervals import GROUP, Results
from scoringnet_tf.experiments.report import BEST, BEST_PREDICTIONS, CELLS, DRAWN, PREDICTIONS, TABLE
from scoringnet_tf.experiments.stage_results import FRAMES, StageResults
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.reading import read_json

WORDS = {
    "preset": "preset",
    "preset_flags": "preset of that name",
    "further_flags": "choice of further flags",
    "files": "file of weights or of a model",
    "splits": "choice of splits",
    "groups": "choice of groups",
    "sport": "file of the sport",
    "joints": "set of joints",
}
ROUNDING = 1e-6  # of a figure: scores are kept as they are, and some are summed up in float32


def read_results(path: Path) -> list[Results | StageResults]:
    """The results of a `predictions.csv`: of each split in table 6, of any other table of the one."""
    by_split: dict[str, list[dict[str, str]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_split.setdefault(row.pop("split", ""), []).append(row)
    return [_results_of(rows) for rows in by_split.values()]


def _results_of(rows):
    columns = [name for name in list(rows[0])[4:] if name not in GROUP]
    of_video = {row["video_id"]: row.get(*GROUP) or None for row in rows}
    ids, groups = tuple(of_video), tuple(of_video.values()) if any(of_video.values()) else ()
    by_row: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_row.setdefault(row["row"], []).append(row)
    seeds = {name: list(dict.fromkeys(int(row["seed"]) for row in of)) for name, of in by_row.items()}
    arrays = {name: {column: _array(of, column) for column in columns} for name, of in by_row.items()}
    if columns[0].endswith("_right"):
        names = [column.removesuffix("_right") for column in columns[::2]]
        predicted = {
            row: {name: np.stack([found[f"{name}_right"], found[f"{name}_all"]], axis=-1) for name in names}
            for row, found in arrays.items()
        }
        return StageResults(ids, tuple(names[: names.index(FRAMES)]), predicted, seeds, groups)
    truth = {
        score: next(iter(arrays.values()))[f"true_{score}"][0, 0] for score in SCORES if f"true_{score}" in columns
    }
    scores = {
        row: {score: found[f"predicted_{score}"] for score in truth if np.isfinite(found[f"predicted_{score}"]).all()}
        for row, found in arrays.items()
    }
    return Results(ids, truth, scores, seeds, groups)


def _array(rows, column):
    """(S, R, V) of a column, NaN where it is empty."""
    shape = [len({row[name] for row in rows}) for name in ("seed", "rendering", "video_id")]
    return np.array([float(row[column] or "nan") for row in rows]).reshape(shape)


def wrong_cells(folder: Path) -> list[str]:
    """The cells of a folder of results that are not those of its predictions, as `row, figure`.

    Of a cell its mean is computed again; of several splits also each split's figure and their deviation.
    """
    kept = json.loads((folder / CELLS).read_text(encoding="utf-8"))["rows"]
    results = read_results(folder / PREDICTIONS)
    best = read_results(folder / BEST_PREDICTIONS) if (folder / BEST_PREDICTIONS).is_file() else []
    rows = results[0].predicted.keys()
    wrong = [f"{row}, no such row" for row in kept.keys() ^ rows]
    for row in kept.keys() & rows:
        for name, cell in kept[row].items():
            of, figure = (best, "f_src") if name == BEST else (results, name)
            of_splits = [float(result.values(row, figure).mean()) for result in of]
            if not _is_of(cell, of_splits):
                wrong.append(f"{row}, {name}")
    return sorted(wrong)


def why_kept(
    folder: Path,
    hashes: Sequence[str],
    numbers: Mapping[str, int],
    of_others: int = 0,
    made: Mapping[str, Any] | None = None,
) -> str | None:
    """Why new results must not take the place of those in `folder`; None where they may, or there are none.

    Args:
        folder: of a table.
        hashes: data hash of the new results' records, and of each further rendering.
        numbers: row → seeds of the new results, or splits of table 6.
        of_others: the number of all other rows.
        made: how the new results are made, by keys of `CELLS`; of splits it may be more than are kept.

    Raises:
        InputError: what is kept there cannot be read.
    """
    file = next((path for path in (folder / CELLS, folder / DRAWN) if path.is_file()), None)
    if file is None and not (folder / TABLE).is_file():
        return None
    kept = read_json(file) if file else {}
    known = kept.get("data", {}).get("hash", [])
    kind, of_rows = "seed", dict(kept.get("seeds", {}))
    for row, figures in kept.get("rows", {}).items():
        cell = next(iter(figures.values()))
        kind = "split" if "of_splits" in cell else kind
        of_rows[row] = len(cell["of_splits"]) if "of_splits" in cell else cell["seeds"]
    fewer = [row for row, number in of_rows.items() if numbers.get(row, of_others) < number]
    if file is None:
        kept_results = f"a {TABLE} without its figures is there"
    elif known[:1] != [*hashes[:1]]:
        kept_results = "results of other records are there"
    elif set(known) - set(hashes):
        kept_results = f"results of {counted(len(known), 'rendering')} are there, and not all are given now"
    elif fewer:
        more = counted(of_rows[fewer[0]], kind)
        kept_results = (
            f"results of {more} of {fewer[0]} are there, and now there are {numbers.get(fewer[0], of_others)}"
        )
    elif other := [
        name for name, value in (made or {}).items() if name in kept and not _holds(name, value, kept[name])
    ]:
        kept_results = f"results of another {WORDS[other[0]]} are there"
    else:
        return None
    return f"{folder}: {kept_results}. Choose another --results_dir, or --overwrite."


def _holds(name, value, kept):
    """Whether what is made now is made as what is kept; of splits there may be more."""
    return set(kept) <= set(value) if name == "splits" else value == kept


def _is_of(cell, of_splits):
    """Whether a cell is that of the figures of K splits, (K,)."""
    expected, found = [np.mean(of_splits)], [cell["mean"]]
    if "of_splits" in cell:
        std = np.std(of_splits, ddof=1) if len(of_splits) > 1 else math.nan
        expected, found = [*expected, std, *of_splits], [*found, cell["std"], *cell["of_splits"]]
    found = [math.nan if value is None else value for value in found]
    if len(found) != len(expected):
        return False
    return np.allclose(found, expected, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)
