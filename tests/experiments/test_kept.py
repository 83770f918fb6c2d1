"""Results that are kept: cells computed of predictions.csv again; tables inside pages are those of the results."""

import dataclasses
import itertools
import json
import pathlib
import re

import numpy as np
import pytest
from command_forks import forked
from refusals import code_printed, refused
from test_stage_results import results as stage_results  # noqa: F401

from scoringnet_tf import bootstrap
from scoringnet_tf.experiments import docs, report, splits
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.kept import WORDS, read_results, why_kept, wrong_cells

ROOT = pathlib.Path(__file__).parents[2]
KEPT = [path for path in sorted((ROOT / "results").glob("*/*/cells.json")) if EXPERIMENTS[path.parent.name].paper]
EXPERIMENT = Experiment("Table", "Which?", [Row("one"), Row("two")], "one")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two rows of two seeds on two renderings; one of them predicts the final score alone, one score is unknown."""
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    rng = np.random.default_rng(0)
    truth = {"execution": rng.normal(20, 4, 30), "final": rng.normal(60, 12, 30)}
    truth["execution"][3] = np.nan
    predicted = {
        row: {score: truth[score].mean() + rng.normal(size=(2, 2, 30)) for score in scores}
        for row, scores in (("one", ("final",)), ("two", ("execution", "final")))
    }
    predicted["two"]["execution"] = 20 + 1e-7 * rng.normal(size=(2, 2, 30))  # nearly one score, and yet an order
    made = Results(tuple(f"{n:02d}" for n in range(30)), truth, predicted)
    report.write_results(tmp_path / "table", EXPERIMENT, made, "unlv_diving", "diving", {})
    return tmp_path / "table"


def test_what_is_kept_is_read_again(folder):
    assert wrong_cells(folder) == []
    (found,) = read_results(folder / "predictions.csv")
    assert found.predicted["two"]["final"].shape == (2, 2, 30) and list(found.predicted["one"]) == ["final"]


def test_groups_are_kept_and_named(folder, stage_results):  # noqa: F811
    """So that intervals can be computed again; of what is in no group the column is not there."""
    assert "group" not in (folder / "predictions.csv").read_text().splitlines()[0]
    (plain,) = read_results(folder / "predictions.csv")
    groups = tuple(f"athlete {video % 4}" if video else None for video in range(30))
    made = dataclasses.replace(plain, groups=groups)
    text = report.write_results(folder, EXPERIMENT, made, "unlv_diving", "diving", {})
    assert "95 % of a bootstrap over these and the videos in 5 groups." in text
    (found,) = read_results(folder / "predictions.csv")
    assert found.groups == groups and wrong_cells(folder) == []
    assert report.cells(found, EXPERIMENT, ["f_med"]) == report.cells(made, EXPERIMENT, ["f_med"])
    half = len(stage_results.ids) // 2
    groups = ("one",) * half + ("two",) * (len(stage_results.ids) - half)
    of_stages = dataclasses.replace(stage_results, groups=groups)
    table = Experiment("Table 3", "Which?", [Row("worse")], "worse", measures="stages", picture="frames")
    report.write_results(folder / "stages", table, of_stages, "unlv_diving", "diving", {})
    (found,) = read_results(folder / "stages/predictions.csv")
    assert found.groups == of_stages.groups and found.names == of_stages.names
    alone = {}
    for group in ("one", "two"):  # of two groups a draw takes one
        places = [place for place, of in enumerate(groups) if of == group]
        counts = found.predicted["worse"]["frames"][:1, :1, places]
        alone[group] = counts[0, 0, :, 0].sum() / counts[0, 0, :, 1].sum()
    of_first = dataclasses.replace(
        found, predicted={"worse": {name: of[:1, :1] for name, of in found.predicted["worse"].items()}}
    )
    np.testing.assert_allclose(np.unique(of_first.drawn("frames", 50)["worse"]), sorted({*alone.values()}))


def test_a_cell_that_is_not_of_its_predictions_is_named(folder):
    kept = json.loads((folder / "cells.json").read_text())
    kept["rows"]["two"]["f_med"]["mean"] += 0.1
    kept["rows"]["three"] = kept["rows"]["one"]
    (folder / "cells.json").write_text(json.dumps(kept))
    assert wrong_cells(folder) == ["three, no such row", "two, f_med"]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_the_paper_s_figures_stand_beside_those_of_the_same_row(path):
    """As they were when the table was made, and was looked at beside the paper."""
    table, kept = path.parent, json.loads(path.read_text())
    of = EXPERIMENTS[table.name], kept["rows"], kept["data"]["name"], table.parent.name
    text = splits.markdown(*of, "") if EXPERIMENTS[table.name].resplit else report.markdown(*of)

    def printed(lines):
        return [
            pair for pair in itertools.pairwise(line.partition(" |")[::2] for line in lines) if "*the" in pair[1][0]
        ]

    made, written = (printed(lines.splitlines()) for lines in (text, (table / "table.md").read_text()))
    assert [(row, paper) for (row, _), paper in made] == [(row, paper) for (row, _), paper in written]


@pytest.mark.parametrize(
    ("hashes", "numbers", "kept"),
    [
        (["a", "b"], {"one": 2, "two": 2}, False),
        (["a", "c", "b"], {"one": 2, "two": 3, "three": 1}, False),
        (["b", "a"], {"one": 2, "two": 2}, True),  # other records
        (["c", "a", "b"], {"one": 2, "two": 2}, True),
        (["a"], {"one": 2, "two": 2}, True),  # a rendering is missing
        (["a", "b"], {"one": 2, "two": 1}, True),  # fewer seeds
        (["a", "b"], {"one": 2}, True),
    ],
)
def test_results_of_other_data_or_of_more_stay(folder, hashes, numbers, kept):
    cells = folder / "cells.json"
    cells.write_text(json.dumps({**json.loads(cells.read_text()), "data": {"hash": ["a", "b"]}}))
    assert (why_kept(folder, hashes, numbers) is not None) == kept
    assert why_kept(folder, ["a", "b"], {}, 2) is None
    kept = {"preset": "small.flags", "files": {"pretrained": "1"}, "further_flags": [], "splits": ["1", "2"]}
    cells.write_text(json.dumps({**json.loads(cells.read_text()), **kept}))
    assert why_kept(folder, ["a", "b"], {}, 2, {**kept, "splits": ["2", "1", "3"]}) is None
    for changed in (
        {"preset": "paper.flags"},
        {"files": {"pretrained": "2"}},
        {"further_flags": ["--max_steps=2"]},
        {"splits": ["1", "3"]},
    ):
        assert why_kept(folder, ["a", "b"], {}, 2, {**kept, **changed})
    assert why_kept(folder.with_name("new"), hashes, numbers) is None


def test_a_command_that_would_replace_other_results_is_refused_before_it_trains(diving_copy, tmp_path):
    words = ["--records_dir", diving_copy, "--results_dir", tmp_path / "results", "--runs_dir", tmp_path / "runs"]
    cells = tmp_path / "results/diving/shortcuts/cells.json"
    assert forked("scoringnet_tf.experiments", "run", "shortcuts", *words).returncode == 0
    index = json.loads((diving_copy / "dataset_info.json").read_text())
    (diving_copy / "dataset_info.json").write_text(json.dumps({**index, "data_hash": "0123456789ab"}))
    before = cells.read_bytes()
    for command in ("run", "report"):
        result = forked("scoringnet_tf.experiments", command, "table5", "shortcuts", *words)
        assert result.returncode == 1 and code_printed(result.stderr) == "results_kept"
    assert cells.read_bytes() == before and not (tmp_path / "runs").exists()
    assert forked("scoringnet_tf.experiments", "report", "shortcuts", *words, "--overwrite").returncode == 0
    assert json.loads(cells.read_text())["data"]["hash"] == ["0123456789ab"]
    # What trains nothing needs no file that a preset names.
    (tmp_path / "lacking.flags").write_text("--pretrained=nowhere.keras")
    lacking = ["--preset", tmp_path / "lacking.flags", "--overwrite"]
    assert forked("scoringnet_tf.experiments", "report", "shortcuts", *words, *lacking).returncode == 0
    result = forked("scoringnet_tf.experiments", "report", "table5", *words, *lacking)
    assert code_printed(result.stderr) == "not_found" and "nowhere.keras" in result.stderr


def test_a_row_that_is_kept_and_cannot_be_made_is_missed_before_anything_is_trained(diving_copy, tmp_path):
    """As that of joints, which are no longer there; other rows are not trained in vain."""
    words = ["--records_dir", diving_copy, "--results_dir", tmp_path / "results", "--runs_dir", tmp_path / "runs"]
    data = {"hash": [json.loads((diving_copy / "dataset_info.json").read_text())["data_hash"]]}
    (folder := tmp_path / "results/diving/table7").mkdir(parents=True)
    rows = {"Pose + DCT": {"f_src": {"seeds": 3}}}
    (folder / "cells.json").write_text(json.dumps({"data": data, "rows": rows}))
    result = forked("scoringnet_tf.experiments", "run", "table7", *words)
    assert "table7: left out Pose + DCT: the records have no joints." in result.stderr
    assert code_printed(result.stderr) == "results_kept" and "Pose + DCT" in result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("what", ["groups", "sport", "joints"])
def test_results_of_what_no_data_hash_covers_are_kept(what, folder, monkeypatch):
    """Other groups, another file of the sport, other joints: they are other data, though the records are the same."""
    kept = json.loads((folder / "cells.json").read_text()) | {"data": {"hash": ["a"]}, what: "first"}
    (folder / "cells.json").write_text(json.dumps(kept))
    numbers = dict.fromkeys(kept["rows"], 2)
    assert why_kept(folder, ["a"], numbers, made={what: "first"}) is None
    assert WORDS[what] in why_kept(folder, ["a"], numbers, made={what: "second"})


def test_table_3_is_read_again(stage_results, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    experiment = Experiment("Table 3", "Which?", [Row("worse")], "worse", measures="stages", picture="frames")
    report.write_results(tmp_path, experiment, stage_results, "unlv_diving", "diving", {})
    assert wrong_cells(tmp_path) == []
    (found,) = read_results(tmp_path / "predictions.csv")
    assert found.stage_names == stage_results.stage_names


@pytest.fixture
def table_6(tmp_path, monkeypatch):
    """Two rows of one seed on three splits, each of test videos of its own."""
    monkeypatch.setattr(bootstrap, "DRAWS", 20)
    rng = np.random.default_rng(1)
    chosen, made = [], []
    for number in range(3):
        ids = tuple(f"{number}{video:02d}" for video in range(20 + number))
        truth = {"final": rng.normal(60, 12, len(ids))}
        predicted = {row: {"final": rng.normal(60, 12, (1, 1, len(ids)))} for row in ("one", "two")}
        chosen.append(dict.fromkeys(ids, "test"))
        made.append(Results(ids, truth, predicted))
    splits.write_results(tmp_path, EXPERIMENT, chosen, made, "unlv_diving", "diving", {})
    return tmp_path


def test_table_6_is_read_again(table_6):
    assert wrong_cells(table_6) == []
    assert [len(found.ids) for found in read_results(table_6 / "predictions.csv")] == [20, 21, 22]


@pytest.mark.parametrize(
    "tampered",
    [
        lambda cell: {"mean": cell["mean"] + 0.01},
        lambda cell: {"std": cell["std"] + 0.01},
        lambda cell: {"std": None},
        lambda cell: {"of_splits": cell["of_splits"][::-1]},
        lambda cell: {"of_splits": cell["of_splits"][:2]},
    ],
)
def test_a_tampered_cell_of_table_6_is_named(table_6, tampered):
    kept = json.loads((table_6 / "cells.json").read_text())
    kept["rows"]["two"]["f_src"] |= tampered(kept["rows"]["two"]["f_src"])
    (table_6 / "cells.json").write_text(json.dumps(kept))
    assert wrong_cells(table_6) == ["two, f_src"]


# === What is committed ===


def test_cells_of_committed_results_are_those_of_their_predictions():
    folders = [path.parent for path in ROOT.glob("results/*/*/cells.json")]
    assert {str(folder): wrong_cells(folder) for folder in folders} == {str(folder): [] for folder in folders}


def kept_of(folder):
    return json.loads((ROOT / "results" / folder / "cells.json").read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        *((f"{path.parts[-3]}/{path.parts[-2]}", "f_med") for path in KEPT if path.parent.name != "table3"),
        *((name, "f_src") for name in ("diving/control", "diving/table5", "vault/table5", "diving/table6")),
        ("diving/heads", "f_med"),
        ("diving/ranking", "f_src"),
        ("diving/stability", "f_med"),
        ("diving/table3", "frames"),
        ("vault/table3", "frames"),
    ],
)
def test_intervals_of_committed_results_are_those_of_their_predictions(name, figure):
    """And those of the differences between rows. Of one figure of every table: of all of them it takes minutes."""
    experiment, kept = EXPERIMENTS[name.rpartition("/")[2]], kept_of(name)
    results = read_results(ROOT / "results" / name / "predictions.csv")
    if experiment.resplit:
        found = {row: {figure: splits.summary(row, results, [figure])[figure]} for row in kept}
    else:
        found = report.cells(results[0], experiment, [figure])
    compared = 0
    for row, cells in found.items():
        for what in {"interval", "more"} & cells.get(figure, {}).keys():
            expected = np.array(kept[row][figure][what], dtype=float)  # null: NaN
            np.testing.assert_allclose(cells[figure][what], expected, atol=1e-6, err_msg=f"{row}, {what}")
            compared += 1
        assert kept[row].get(figure, {}).keys() == cells.get(figure, {}).keys(), row
    assert compared >= len([row for row in kept if figure in kept[row]]) > 0


def test_tables_in_pages_are_those_of_the_committed_results():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        assert docs.filled(page, ROOT / "results") == page.read_text(encoding="utf-8"), page


SHIPPED = [  # how the row of a page begins → folder of results, row there; a number beside it is a figure of that row
    ("README.md", "| MSE + ranking on P3D features", "diving/heads", "MSE + ranking"),
    ("README.md", "| S3D's regression", "diving/heads", "S3D"),
    *(
        (page, f"| {beginning}", "diving/shortcuts", row)
        for pages, beginning, row in (
            (("README.md", "docs/results.md"), "durations of the stages alone", "stage durations"),
            (("docs/results.md",), "one 16×12 grey frame at the entry", "one 16×12 grey frame"),
        )
        for page in (*pages, "saved_models/diving_small/README.md")
    ),
]


@pytest.mark.parametrize(("page", "beginning", "folder", "row"), SHIPPED)
def test_figures_in_pages_are_those_of_the_committed_results(page, beginning, folder, row):
    cells = kept_of(folder)[row]
    known = {
        f"{value:.{digits}f}"
        for cell in cells.values()
        for value in (cell["mean"], *cell["interval"])
        for digits in (2, 3)
    }
    line, *_ = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith(beginning)]
    numbers = re.findall(r"-?\d+\.\d+", line.replace("−", "-"))
    assert len(numbers) >= 2 and set(numbers) <= known


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
    "ScoringNet beats C3D + SVR": (
        "f_src",
        ("diving/table7", "ScoringNet (MSE + ranking)", "C3D + SVR"),
        ("vault/table7", "ScoringNet (MSE + ranking)", "C3D + SVR"),
    ),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_has_the_figures_of_its_table(claim):
    """And "told apart" if the paired interval of its second row from its first leaves 0 out."""
    figure, *tables = CLAIMS[claim]
    (line,) = [
        line for line in (ROOT / "docs/results.md").read_text(encoding="utf-8").splitlines() if f"| {claim}" in line
    ]
    cells = line.strip("|").split("|")[1:]
    for cell, (folder, *rows) in zip(cells, filter(None, tables), strict=False):
        kept = kept_of(folder)
        means = [f"{kept[row][figure]['mean']:.2f}".replace("-0.00", "0.00") for row in rows]
        assert sorted(re.findall(r"-?\d\.\d\d", cell.replace("−", "-"))) == sorted(means)
        if "told apart" in cell and len(rows) == 2:
            low, high = kept[rows[1]][figure]["more"]
            assert (low > 0 or high < 0) == ("not told apart" not in cell), claim


def test_the_ranking_loss_moves_no_order_on_real_features():
    kept, table = kept_of("diving/ranking"), EXPERIMENTS["ranking"]
    for row in table.rows:
        if row.flags.get("alpha") != "0":
            low, high = kept[row.name]["f_src"]["more"]
            assert low < 0 < high, row.name


def test_the_entry_tells_execution_better_than_the_pre_starting():
    """Table 1 does not set these two side by side: the draws are those of its intervals."""
    (found,) = read_results(ROOT / "results/diving/table1/predictions.csv")
    draws = found.drawn("e_src")
    assert bootstrap.interval(draws["entry"] - draws["pre-starting"])[0] > 0
    assert bootstrap.interval(draws["entry"] - draws["take-flight"])[0] < 0


@pytest.mark.parametrize("sport", ["diving", "vault"])
def test_what_a_flag_file_of_tables_expects_is_what_was_measured(sport):
    text = " ".join((ROOT / f"recipes/tables_{sport}.flags").read_text(encoding="utf-8").replace("#", " ").split())
    found = re.search(r"(\w+) seeds on (\w+) renderings: D-SRC (\S+), E-SRC (\S+), F-SRC (\S+) \(results/(\S+)\)", text)
    cells = json.loads((ROOT / "results" / found[6] / "cells.json").read_text(encoding="utf-8"))["rows"][
        "MSE + ranking"
    ]
    words = {2: "two", 3: "three"}
    assert [found[1], found[2]] == [words[cells["d_src"]["seeds"]], words[cells["d_src"]["renderings"]]]
    expected = [f"{cells[f'{score}_src']['mean']:.2f}" for score in "def"]
    assert [found[number].rstrip(",") for number in (3, 4, 5)] == expected


PAGE = "# Page\n\n<!-- results: diving/table5 -->\nold\n<!-- /results -->\n\nText.\n"


def test_a_page_takes_the_newest_table_and_its_pictures(tmp_path):
    (tmp_path / "docs").mkdir()
    page, folder = tmp_path / "docs/page.md", tmp_path / "results/diving/table5"
    page.write_text(PAGE)
    assert docs.write_docs([page], tmp_path / "results") == []  # what is not there replaces nothing
    page.write_text(PAGE.replace("old\n", ""))
    assert docs.write_docs([page], tmp_path / "results") == [page]
    assert page.read_text() == PAGE.replace("old\n", docs.MISSING)
    folder.mkdir(parents=True)
    (folder / "table.md").write_text("| a |\n![](fig.png) ![x](https://y/z.png)\n\n")
    assert docs.write_docs([page], tmp_path / "results") == [page]
    expected = "| a |\n![](../results/diving/table5/fig.png) ![x](https://y/z.png)\n"
    assert page.read_text() == PAGE.replace("old\n", expected)
    assert docs.write_docs([page], tmp_path / "results") == []


def test_a_marker_that_is_not_closed_is_refused(tmp_path):
    (tmp_path / "page.md").write_text(PAGE.replace("<!-- /results -->", ""))
    with refused("damaged", "page.md"):
        docs.filled(tmp_path / "page.md", tmp_path)
