"""A table in Python is the one that the command writes; what cannot be compared is said."""

import json
import shutil

import pytest
from command_forks import ROOT
from refusals import refused
from table_runs import commands, given, surroundings  # noqa: F401

from scoringnet_tf import bootstrap, experiments
from scoringnet_tf.experiments.training import TrainingError


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 20)


@pytest.fixture
def where(surroundings, tmp_path):  # noqa: F811
    return surroundings.records.records_dir, surroundings.preset


def test_a_table_by_its_name_is_trained_and_shown(commands, where, tmp_path, capsys):  # noqa: F811
    table = experiments.compare("table5", *where, seeds=2, runs_dir=tmp_path / "runs")
    assert "table5: left out true faults" in capsys.readouterr().err
    assert len(commands.of("train")) == 4 and given(commands[0][1], "records_dir") == [str(where[0])]
    assert table.cells["MSE"]["f_med"]["seeds"] == 2 and "more" in table.cells["MSE + ranking"]["f_med"]
    text = table._repr_markdown_()
    assert text == str(table) and text.startswith("**Table 5: ranking loss.**")
    assert "| *the paper* | 0.79 | 0.86 |" in text
    assert [label.get_text() for label in table.plot("f_med").axes[0].get_yticklabels()] == [*table.cells]
    assert table.plot().axes[0].get_xlabel().startswith("F-SRC")


def test_a_table_of_ones_own_and_a_training_that_fails(commands, where, tmp_path):  # noqa: F811
    own = experiments.Experiment("Mine", "Which?", [experiments.Row("MSE", {"alpha": "0"})], "MSE")
    assert list(experiments.compare(own, *where, runs_dir=tmp_path / "runs").cells) == ["MSE"]
    commands.failing = "--alpha=0"
    with pytest.raises(TrainingError, match="failed at --alpha=0"):
        experiments.compare("table5", *where, runs_dir=tmp_path / "others")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"experiment": "table9"}, "unknown_name"),
        ({"experiment": "learning_curves"}, "wrong_table"),
        ({"experiment": "table6"}, "wrong_table"),
        ({"preset": "none.flags"}, "not_found"),
        ({"records_dir": "none"}, "not_found"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes, code, commands, where):  # noqa: F811
    arguments = {"experiment": "table5", "records_dir": where[0], "preset": where[1], **changes}
    with refused(code):
        experiments.compare(**arguments)
    assert commands == []


def test_a_table_that_was_written_is_read_again(tmp_path, monkeypatch):
    monkeypatch.undo()  # the draws of the kept table
    folder = ROOT / "results/vault/table5"
    assert str(experiments.load(folder)) == (folder / "table.md").read_text(encoding="utf-8")
    moved = shutil.copytree(folder, tmp_path / "backup/table5")  # it knows its sport wherever it lies
    cells = json.loads((moved / "cells.json").read_text(encoding="utf-8"))
    cells["data"]["sport"] = "vault"
    (moved / "cells.json").write_text(json.dumps(cells), encoding="utf-8")
    assert experiments.load(moved).described["data"]["sport"] == "vault"
    (moved / "predictions.csv").unlink()
    for path, code in (
        (tmp_path / "table9", "not_found"),
        (moved, "not_found"),
        (ROOT / "results/diving/table6", "wrong_table"),
    ):
        with refused(code, path):
            experiments.load(path)
