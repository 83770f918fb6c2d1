"""The results that are committed: cells are those of their predictions, and pages say what is in them."""

import csv
import dataclasses
import json
import re

import numpy as np
import pytest
from command_forks import ROOT

from scoringnet_tf.experiments import report
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, SCALE, Experiment, Row
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


OURS = "ScoringNet (MSE + ranking)"
CLAIMS = {  # claim of docs/results.md → figure, then table and rows of dives and of vaults
    "Difficulty comes from the flight": (
        "d_src",
        ("diving/table1", "take-flight", "pre-starting", "entry"),
        ("vault/table2", "posting-flight", "pre-flight", "landing"),
    ),
    "Execution comes from the entry": ("e_src", ("diving/table1", "entry", "pre-starting", "take-flight"), ()),
    "Key fragments help (": ("f_src", ("diving/table4", "−KFS", "+KFS"), ("vault/table4", "−KFS", "+KFS")),
    "Key fragments help difficulty": ("d_src", ("diving/table4", "−KFS", "+KFS"), ("vault/table4", "−KFS", "+KFS")),
    "The ranking loss helps": (
        "f_src",
        ("diving/table5", "MSE", "MSE + ranking"),
        ("vault/table5", "MSE", "MSE + ranking"),
    ),
    "ScoringNet beats C3D + SVR": ("f_src", ("diving/table7", OURS, "C3D + SVR"), ("vault/table7", OURS, "C3D + SVR")),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_has_the_figures_of_its_table(claim):
    """And "told apart" if the paired interval of its second row from its first leaves 0 out."""
    figure, *tables = CLAIMS[claim]
    lines = (ROOT / "docs/results.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if f"| {claim}" in line]
    for cell, (folder, *rows) in zip(line.strip("|").split("|")[1:], filter(None, tables), strict=False):
        kept = kept_of(folder)
        means = [f"{kept[row][figure]['mean']:.2f}".replace("-0.00", "0.00") for row in rows]
        assert sorted(re.findall(r"-?\d\.\d\d", cell.replace("−", "-"))) == sorted(means)
        if "told apart" in cell and len(rows) == 2:
            low, high = kept[rows[1]][figure]["more"]
            assert (low > 0 or high < 0) == ("not told apart" not in cell), claim


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_what_a_flag_file_of_tables_expects_is_what_was_measured(sport):
    text = " ".join((ROOT / f"recipes/tables_{sport}.flags").read_text(encoding="utf-8").replace("#", " ").split())
    found = re.search(r"(\w+) seeds on (\w+) renderings: D-SRC (\S+), E-SRC (\S+), F-SRC (\S+) \(results/(\S+)\)", text)
    cells = kept_of(found[6])["MSE + ranking"]
    words = {2: "two", 3: "three"}
    assert [found[1], found[2]] == [words[cells["d_src"]["seeds"]], words[cells["d_src"]["renderings"]]]
    expected = [f"{cells[f'{score}_src']['mean']:.2f}" for score in "def"]
    assert [found[number].rstrip(",") for number in (3, 4, 5)] == expected


@pytest.mark.parametrize(
    ("folder", "marker"), [("learning_curves", "learning curves"), ("joints/curves", "joints curves")]
)
def test_the_table_of_learning_curves_has_their_means(folder, marker):
    """And the page shows that table's lines as they are."""
    curves = ROOT / "results/diving" / folder
    with (curves / "curves.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    most = max(int(row["training_videos"]) for row in rows)
    table = (curves / "table.md").read_text(encoding="utf-8")
    for way in {row["way"] for row in rows if int(row["training_videos"]) == most} - {row.name for row in SCALE}:
        values = [float(row["f_src"]) for row in rows if (row["way"], row["training_videos"]) == (way, str(most))]
        (line,) = [line for line in table.splitlines() if line.startswith(f"| {way} |")]
        assert line.split("|")[4].split()[0] == f"{np.mean(values):.3f}"
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    shown = re.findall(rf"<!-- {marker} -->\n(.*?)<!-- /{marker} -->", page, re.S)
    assert len(shown) == 1 and all(line in table for line in shown[0].splitlines())
