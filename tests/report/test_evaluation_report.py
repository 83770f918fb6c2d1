"""An evaluation replaces none of another model, from wherever both are called."""

import json
import pathlib

import pytest

from scoringnet_tf.report.evaluation_report import check_replaceable, name_of_model
from scoringnet_tf.support.errors import InputError


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
    check_replaceable(output, model, "hash")
    output.mkdir(exist_ok=True)
    called = name_of_model(output, model)
    (output / "metrics.json").write_text(json.dumps({"model": called, "data_hash": "hash"}))
    return called


def test_models_of_one_name_are_told_apart(runs, monkeypatch):
    output = runs / "report"
    evaluated(runs, "a", output, monkeypatch)
    evaluated(runs, "a", output, monkeypatch)
    with pytest.raises(InputError, match=r"Received: one of .*/a/best\.keras\."):
        evaluated(runs, "b", output, monkeypatch)
    monkeypatch.chdir(runs)
    check_replaceable(output, pathlib.Path("a/best.keras"), "hash")
    with pytest.raises(InputError, match="on other records"):
        check_replaceable(output, pathlib.Path("a/best.keras"), "other")


def test_a_folder_that_was_moved_with_its_evaluation_is_known(runs, monkeypatch):
    assert evaluated(runs, "a", pathlib.Path("evaluation_test"), monkeypatch) == "best.keras"
    (runs / "a").rename(runs / "moved")
    check_replaceable(runs / "moved/evaluation_test", runs / "moved/best.keras", "hash")
