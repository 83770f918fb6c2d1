"""A table in Python is the one that the command writes; what cannot be compared is said."""

import dataclasses
import json
import pathlib
import shutil

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf import experiments
from scoringnet_tf.experiments import comparison, report, suite
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.experiments.training import TrainingError

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def preset(tmp_path):
    (tmp_path / "small.flags").write_text("# Command: …\n--epochs=1\n")
    return tmp_path / "small.flags"


@pytest.fixture
def asked(monkeypatch):
    """What was trained: (tables, surroundings, seeds). The second row predicts exactly, the first is off by 2."""
    seen = []
    truth = {"final": np.array([60.0, 72.0, 66.0, 81.0])}
    predicted = {"MSE": truth["final"] + [2, -2, 2, -2], "MSE + ranking": truth["final"]}
    found = Results(tuple("abcd"), truth, {row: {"final": values[None, None]} for row, values in predicted.items()})
    monkeypatch.setattr(suite, "run", lambda *arguments: seen.append(arguments) or [])

    def results(table, *of):
        assert ([table], *of) == seen[-1]  # what was trained, and no less
        return found

    monkeypatch.setattr(suite, "results", results)
    return seen


def test_a_table_by_its_name(asked, diving_records, preset, tmp_path):
    table = experiments.compare("table5", diving_records, preset, seeds=2, runs_dir=tmp_path / "runs")
    ((tables, surroundings, seeds),) = asked
    assert (tables, seeds) == ([experiments.EXPERIMENTS["table5"]], 2)
    assert (surroundings.preset, surroundings.folder) == (preset, tmp_path / "runs")
    assert surroundings.records.records_dir == diving_records and surroundings.renderings == ()
    assert (table.cells["MSE"]["f_med"]["mean"], table.cells["MSE + ranking"]["f_med"]["mean"]) == (2, 0)
    assert "f_med" in table.cells["MSE"] and "more" in table.cells["MSE + ranking"]["f_med"]


def test_it_is_shown_as_the_table_with_the_papers_rows(asked, diving_records, preset):
    table = experiments.compare("table5", diving_records, preset)
    text = table._repr_markdown_()
    assert text == str(table) and text.startswith("**Table 5: ranking loss.**")
    assert "| MSE + ranking | 1.000 [" in text and "| *the paper* | 0.84 | 5.36 |" in text
    assert "*the paper, of unlv_diving*" in str(dataclasses.replace(table, data="mtl_aqa"))
    assert [label.get_text() for label in table.plot("f_med").axes[0].get_yticklabels()] == ["MSE", "MSE + ranking"]
    assert table.plot().axes[0].get_xlabel().startswith("F-SRC")


@pytest.mark.slow
def test_a_table_that_was_written_is_read_again(tmp_path):
    folder = ROOT / "results/diving/table5"
    table, kept = experiments.load(folder), json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    assert str(table) == (folder / "table.md").read_text(encoding="utf-8") and table.sport == "diving"
    assert table.cells["MSE"]["f_src"]["mean"] == pytest.approx(kept["rows"]["MSE"]["f_src"]["mean"])
    joints = experiments.load(ROOT / "results/diving/table7").joints
    assert joints == ["true joints of the simulator"] and "\nJoints: true joints of the simulator.\n" in str(
        dataclasses.replace(table, joints=joints)
    )
    for name, code in (("table9", "not_found"),):
        with refused(code, name):
            experiments.load(tmp_path / name)
    with refused("wrong_table", "table6"):
        experiments.load(ROOT / "results/diving/table6")


def test_a_table_of_a_report_that_was_stopped_is_not_read(tmp_path):
    """Predictions of this time beside the cells of an earlier one, which say how it was made."""
    folder = tmp_path / "diving" / "table5"
    shutil.copytree(ROOT / "results/diving/table5", folder)
    lines = (folder / "predictions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    of_one_seed = [line for line in lines if line.split(",")[1] in ("seed", "0")]
    assert 1 < len(of_one_seed) < len(lines)
    (folder / "predictions.csv").write_text("".join(of_one_seed), encoding="utf-8")
    with refused("stale_cells", "table5/cells.json", "MSE"):
        experiments.load(folder)


def test_cells_are_written_last(tmp_path, monkeypatch):
    """They say what the other files are: a report that is stopped leaves none, or those of an earlier one."""
    there = []
    monkeypatch.setattr(
        report, "write_json", lambda path, _: there.append({file.name for file in path.parent.iterdir()})
    )
    table = experiments.Experiment("Mine", "Which?", [experiments.Row("one")], "one")
    rng = np.random.default_rng(0)
    results = Results(("a", "b", "c"), {"final": np.arange(3.0)}, {"one": {"final": rng.normal(size=(1, 1, 3))}})
    report.write_results(tmp_path, table, results, "manifest", "diving", {})
    assert there == [{"table.md", "predictions.csv", "f_src.png"}]


def test_a_table_of_ones_own(asked, diving_records, preset):
    own = experiments.Experiment("Mine", "Which?", [experiments.Row("MSE", {"alpha": "0"})], "MSE")
    assert experiments.compare(own, diving_records, preset).experiment is own and asked[0][0] == [own]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"experiment": "table9"}, "unknown_name"),
        ({"experiment": "fig4"}, "wrong_table"),
        ({"experiment": "table6"}, "wrong_table"),
        ({"experiment": "shortcuts"}, "wrong_table"),
        ({"preset": "none.flags"}, "not_found"),
        ({"records_dir": "none"}, "not_found"),
        ({"experiment": "heads"}, "nothing_to_do"),
        ({"experiment": "table2"}, "wrong_sport"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes, code, asked, diving_records, preset):
    given = {"experiment": "table5", "records_dir": diving_records, "preset": preset, **changes}
    with refused(code):
        experiments.compare(**given)
    assert asked == []


def test_rows_that_the_records_lack_something_for_are_left_out_and_named(asked, diving_records, preset, capsys):
    table = experiments.compare("table7", diving_records, preset)
    assert {"Pose + DCT", "ApEnFT"}.isdisjoint(row.name for row in table.experiment.rows)
    assert "table7: left out Pose + DCT: the records have no joints." in capsys.readouterr().err


def test_a_table_knows_its_sport_wherever_it_lies(tmp_path):
    folder = shutil.copytree(ROOT / "results/diving/table5", tmp_path / "backup/table5")
    cells = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    cells["data"]["sport"] = "diving"
    (folder / "cells.json").write_text(json.dumps(cells), encoding="utf-8")
    assert experiments.load(folder).sport == "diving"


def test_a_training_that_failed_is_said(diving_records, preset, monkeypatch):
    monkeypatch.setattr(comparison.suite, "run", lambda *_: ["alpha=0: out of memory", "alpha=1: too"])
    with pytest.raises(TrainingError, match="alpha=0: out of memory; alpha=1: too"):
        experiments.compare("table5", diving_records, preset)
