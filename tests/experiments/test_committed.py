"""The results that are committed: cells are those of their predictions, and pages say what is in them."""

import dataclasses
import json
import re

import numpy as np
import pytest
from command_forks import ROOT

from scoringnet_tf.experiments import report
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.folds import OURS as SCORING_NET
from scoringnet_tf.experiments.results import read_results

CROSS_VALIDATED = Experiment("", "", [Row(SCORING_NET)], SCORING_NET, resplit=True)
KEPT = [path.parent for path in sorted((ROOT / "results").glob("*/*/cells.json"))]
TABLES = [folder for folder in KEPT if folder.name in EXPERIMENTS or (folder / "splits").is_dir()]
MEASURED = {"table3": "frames", "table5": "f_src"}  # else f_med


def kept_of(folder):
    return json.loads((ROOT / "results" / folder / "cells.json").read_text(encoding="utf-8"))["rows"]


def with_nan(value):
    """null is NaN."""
    return np.array(value, dtype=float)


@pytest.mark.parametrize("folder", TABLES, ids=lambda path: "/".join(path.parts[-2:]))
def test_cells_of_committed_results_are_those_of_their_predictions(folder, monkeypatch):
    kept = kept_of(folder)
    table = EXPERIMENTS.get(folder.name) or dataclasses.replace(CROSS_VALIDATED, reference=next(iter(kept)))
    name = MEASURED.get(folder.name, "f_med")
    results = read_results(folder / "predictions.csv")
    assert kept.keys() == results[0].predicted.keys()
    for row, cells in kept.items():
        for figure, cell in cells.items():
            means = [result.values(row, figure).mean() for result in results]
            np.testing.assert_allclose(np.mean(means), with_nan(cell["mean"]), rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(means, with_nan(cell.get("of_splits", means)), rtol=1e-6, atol=1e-6)
    found = report.cells(results, table, [name])
    for row, cells in found.items():
        for what in {"interval", "more"} & cells.get(name, {}).keys():
            np.testing.assert_allclose(cells[name][what], with_nan(kept[row][name][what]), atol=1e-6, err_msg=row)
        assert kept[row].get(name, {}).keys() == cells.get(name, {}).keys()


SYSTEMS = (SCORING_NET, "Ridge", "SVR", "Gaussian process", "Extra trees", "First principal component")
REAL = ["diving/p3d", "soccer/folds", "soccer/players", "soccer/exercises", "squat/folds", "squat/people", "golf/folds"]
REAL += ["golf/golfers"]


@pytest.mark.parametrize("folder", REAL)
def test_figures_of_the_readme_are_those_of_the_committed_results(folder):
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("| [") and f"results/{folder}/table.md)" in line]
    kept = kept_of(folder)
    expected = [f"{kept[row][name]['mean']:.3f}" for row in SYSTEMS for name in ("f_src", "f_med")]
    assert re.findall(r"-?\d+\.\d+", line) == expected
    order, error = (np.array([with_nan(cell[name]["mean"]) for cell in kept.values()]) for name in ("f_src", "f_med"))
    best = [f"{np.nanmax(order):.3f}", f"{np.nanmin(error):.3f}"]
    assert sorted(re.findall(r"\*\*(.*?)\*\*", line)) == sorted(best), "bold is not the best of all rows"
