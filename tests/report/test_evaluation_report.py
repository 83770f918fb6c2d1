"""An evaluation replaces none of another model, from wherever both are called."""

import json
import pathlib

import pytest

from scoringnet_tf.report.evaluation_report import check_replaceable, name_of_model
from scoringnet_tf.support.errors import InputError

GIVEN = {"split": "test", "true_fragments": False, "decoding": None, "views": None}


@pytest.fixture
def runs(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.keras").write_bytes(name.encode())
    return tmp_path


def evaluated(runs, name, output, monkeypatch):
    """`evaluate --model=best.keras` in the folder of a run; what it calls the model."""
    monkeypatch.chdir(runs / name)
    model = pathlib.Path("best.keras")
    check_replaceable(output, model, "hash", GIVEN)
    output.mkdir(exist_ok=True)
    called = name_of_model(output, model)
    (output / "metrics.json").write_text(json.dumps({"model": called, "data_hash": "hash", "flags": GIVEN}))
    return called


def test_models_of_one_name_are_told_apart(runs, monkeypatch):
    output = runs / "report"
    evaluated(runs, "a", output, monkeypatch)
    evaluated(runs, "a", output, monkeypatch)
    with pytest.raises(InputError, match=r"Received: one of .*/a/best\.keras\."):
        evaluated(runs, "b", output, monkeypatch)
    monkeypatch.chdir(runs)
    check_replaceable(output, pathlib.Path("a/best.keras"), "hash", GIVEN)
    with pytest.raises(InputError, match="on other records"):
        check_replaceable(output, pathlib.Path("a/best.keras"), "other", GIVEN)


def test_a_folder_that_was_moved_with_its_evaluation_is_known(runs, monkeypatch):
    assert evaluated(runs, "a", pathlib.Path("evaluation_test"), monkeypatch) == "best.keras"
    (runs / "a").rename(runs / "moved")
    check_replaceable(runs / "moved/evaluation_test", runs / "moved/best.keras", "hash", GIVEN)


@pytest.mark.parametrize(
    ("what", "received"),
    [
        ({"split": "train"}, "one with --split=test"),
        ({"true_fragments": True, "views": 2}, "one with no --true_fragments, no --views"),
        ({"decoding": "argmax"}, "one with no --decoding"),
    ],
)
def test_an_evaluation_by_other_flags_is_another_one(what, received, runs, monkeypatch):
    """A report on the test split is not replaced by one of an oracle, or of the training videos."""
    evaluated(runs, "a", runs / "report", monkeypatch)
    with pytest.raises(InputError, match=rf"by the same flags .*Received: {received}\.$"):
        check_replaceable(runs / "report", runs / "a/best.keras", "hash", {**GIVEN, **what})
    before = json.loads((runs / "report/metrics.json").read_text())
    del before["flags"]
    for said in ({}, {"flags": "none"}):  # of a version that did not say them; damaged
        (runs / "report/metrics.json").write_text(json.dumps({**before, **said}))
        check_replaceable(runs / "report", runs / "a/best.keras", "hash", {**GIVEN, "views": 6})


@pytest.mark.parametrize("name", ["predictions.csv", "stages.csv", "stages.png", "scores.png", "pages.html"])
def test_files_of_something_else_are_not_replaced(name, runs):
    """A table of one's own stages, or a table of the paper, in the folder that is named."""
    (runs / "mine").mkdir()
    (runs / "mine" / name).write_text("video_id,stage,start,end\n")
    with pytest.raises(InputError, match=rf"mine: expected no {name} but that of an evaluation"):
        check_replaceable(runs / "mine", runs / "a/best.keras", "hash", GIVEN)
    (runs / "mine" / name).rename(runs / "mine/notes.csv")
    check_replaceable(runs / "mine", runs / "a/best.keras", "hash", GIVEN)
