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

from scoringnet_tf.experiments import docs, report, splits
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.kept import WORDS, read_results, why_kept, wrong_cells
from scoringnet_tf.sports import bootstrap

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


# Row of a table of README.md → folder of results, row there; a number beside it is a figure of that row.
IN_README = {
    **{
        f"| {head} |": ("diving/heads", head)
        for head in ("MSE", "MSE + ranking", "distribution", "distribution + ranking")
    },
    "| S3D's regression": ("diving/heads", "S3D"),
    "| durations of the stages alone (ridge)": ("diving/shortcuts", "stage durations"),
    "| one 16×12 grey frame at the entry (ridge)": ("diving/shortcuts", "one 16×12 grey frame"),
    "| durations of the stages alone, 56 other vaults": ("vault/shortcuts", "stage durations"),
    "| the true difficulty alone, the same 56": ("vault/shortcuts", "true difficulty"),
}


@pytest.mark.parametrize(
    ("page", "beginning", "folder", "row"),
    [
        *(("README.md", beginning, *place) for beginning, place in IN_README.items()),
        *(
            (page, beginning, "diving/shortcuts", row)
            for page in ("docs/results.md", "saved_models/diving_small/README.md")
            for beginning, row in (
                ("| durations of the stages alone", "stage durations"),
                ("| one 16×12 grey frame at the entry", "one 16×12 grey frame"),
            )
        ),
    ],
)
def test_figures_in_pages_are_those_of_the_committed_results(page, beginning, folder, row):
    cells = json.loads((ROOT / "results" / folder / "cells.json").read_text(encoding="utf-8"))["rows"][row]
    known = {
        f"{value:.{digits}f}"
        for cell in cells.values()
        for value in (cell["mean"], *cell["interval"])
        for digits in (2, 3)
    }
    line, *_ = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith(beginning)]
    numbers = re.findall(r"-?\d+\.\d+", line.replace("−", "-"))
    assert len(numbers) >= 2 and set(numbers) <= known


def cell(name, row, figure, what="mean"):
    """ "diving/table1", "entry", "e_src" → its mean; of "more" the ends of the paired difference from its reference."""
    return kept_of(name)[row][figure][what]


def said(*values):
    """Numbers as a sentence has them."""
    return tuple(f"{value:.2f}".replace("-", "−") for value in values)


def test_what_the_pages_say_of_the_ranking_loss_is_what_was_measured():
    """On real features it moves no order, and spreads the scores."""
    page = " ".join((ROOT / "docs/results.md").read_text(encoding="utf-8").split())
    (found,) = read_results(ROOT / "results/diving/ranking/predictions.csv")
    kept, table, truth = kept_of("diving/ranking"), EXPERIMENTS["ranking"], found.truth["final"]
    ranked = [row for row in table.rows if row.flags.get("alpha") != "0"]
    differences = [
        kept[row.name]["f_src"]["mean"] - kept[table.compared_with(row.name, "final")]["f_src"]["mean"]
        for row in ranked
    ]
    assert f"differences of the means {min(differences):.3f} to {max(differences):.3f}".replace("-", "−") in page
    for row in ranked:
        low, high = kept[row.name]["f_src"]["more"]
        assert low < 0 < high, row.name
    predicted = {row: scores["final"][:, 0] for row, scores in found.predicted.items()}
    spread = {row: scores.std(axis=1).mean() for row, scores in predicted.items()}
    first, one, alpha, delta = (spread[row] for row in ("MSE", "MSE + ranking", "α = 25", "δ = 2"))
    assert f"deviate by {first:.1f} points, where the true ones do by {truth.std():.1f};" in page
    assert f"to {one:.1f} with α = 1, {alpha:.1f} with α = 25 and {delta:.1f} with δ = 2, and so MED" in page
    med = [kept[row]["f_med"]["mean"] for row in ("MSE", "MSE + ranking", "α = 25", "δ = 2")]
    assert (
        f"MED falls from {med[0]:.1f} to {med[1]:.1f} and to {med[2]:.1f}." in page
        and f"{med[3]:.1f}" == f"{med[2]:.1f}"
    )
    fitted = [
        np.mean([np.abs(np.polyval(np.polyfit(each, truth, 1), each) - truth).mean() for each in scores])
        for scores in predicted.values()
    ]
    assert f"MED is {min(fitted):.1f} to {max(fitted):.1f} in every row" in page


def test_what_readme_says_of_the_paper_s_claims_is_what_was_measured():
    """Each sentence made of the kept cells."""
    page = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    flight = cell("diving/table1", "take-flight", "d_src")
    before, after = (cell("diving/table1", row, "d_src", "more") for row in ("pre-starting", "entry"))
    ends = (-before[1], -before[0], -after[1], -after[0])
    one, two, three, four, five = said(flight, *ends)
    assert f"D-SRC {one}, 95 % of the difference {two} to {three} and {four} to {five})" in page
    for table, figure in (("diving/table4", "d_src"), ("vault/table4", "f_src")):
        whole, key = (cell(table, row, figure) for row in ("−KFS", "+KFS"))
        less, more = cell(table, "+KFS", figure, "more")
        assert "from {} to {}".format(*said(whole, key)) in page and "+{} to +{}".format(*said(less, more)) in page
        assert less > 0
    knowing, seeing = (
        cell("vault/shortcuts", row, "f_src") for row in ("true difficulty", "ScoringNet (MSE + ranking)")
    )
    less, more = cell("vault/shortcuts", "true difficulty", "f_src", "more")
    expected = "who knows that has an F-SRC of {}, ScoringNet {} (difference {} to {})"
    assert expected.format(*said(knowing, seeing, less, more)) in page
    for score in "def":
        less, more = cell("diving/table5", "MSE + ranking", f"{score}_src", "more")
        assert less < 0 < more  # what the ranking loss adds is not told apart


def test_the_entry_tells_execution_better_than_the_pre_starting():
    """Of two rows that table 1 does not set side by side: the draws are those of its intervals."""
    (found,) = read_results(ROOT / "results/diving/table1/predictions.csv")
    for name, beginning in (("e_src", "difference {} to {}"), ("f_src", "F-SRC {} to {}, each by a bootstrap")):
        draws = found.drawn(name)
        expected = beginning.format(*said(*bootstrap.interval(draws["entry"] - draws["pre-starting"])))
        assert expected in (ROOT / "docs/experiments.md").read_text(encoding="utf-8"), expected
    entry, starting = said(*(cell("diving/table1", row, "e_src") for row in ("entry", "pre-starting")))
    for page in ("README.md", "docs/experiments.md"):
        assert f"E-SRC {entry} and {starting}, difference 0.08 to 0.64" in (ROOT / page).read_text(encoding="utf-8")


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
    assert docs.marked_results(PAGE) == {"diving/table5": "old\n"}
    assert docs.write_docs([page], tmp_path / "results") == []  # what is not there replaces nothing
    page.write_text(PAGE.replace("old\n", ""))
    assert docs.write_docs([page], tmp_path / "results") == [page]
    assert docs.marked_results(page.read_text()) == {"diving/table5": docs.MISSING}
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
