"""An evaluation replaces none of another model, of other records or with other flags, and no other files."""

import contextlib
import json
from pathlib import Path

import pytest
from refusals import refused

from scoringnet_tf.report.evaluation_report import check_replaceable

FLAGS = {"split": "test", "true_fragments": False, "decoding": None}


@pytest.mark.parametrize(
    ("model", "data_hash", "flags", "named"),
    [
        ("a/best.keras", "hash", {}, None),
        ("b/best.keras", "hash", {}, "a/best.keras"),
        ("a/best.keras", "other", {}, "records"),
        ("a/best.keras", "hash", {"split": "train"}, "--split=test"),
        ("a/best.keras", "hash", {"true_fragments": True, "decoding": "argmax"}, "--decoding"),
    ],
)
def test_another_evaluation_is_not_replaced(model, data_hash, flags, named, tmp_path, monkeypatch):
    """Models of one name are told apart by their folders, whether they are named absolutely or from here."""
    earlier = {"model": str(tmp_path / "a/best.keras"), "data_hash": "hash", "flags": FLAGS}
    (tmp_path / "report").mkdir()
    (tmp_path / "report/metrics.json").write_text(json.dumps(earlier))
    monkeypatch.chdir(tmp_path)
    for path in (Path(model), tmp_path / model):
        with refused("other_evaluation", tmp_path / "report", named) if named else contextlib.nullcontext():
            check_replaceable(tmp_path / "report", path, data_hash, {**FLAGS, **flags})


def test_a_folder_of_a_model_may_be_moved_with_its_evaluation(tmp_path):
    (tmp_path / "new/evaluation_test").mkdir(parents=True)
    for more in ({"flags": FLAGS}, {}):
        earlier = {"model": str(tmp_path / "old/best.keras"), "data_hash": "hash", **more}
        (tmp_path / "new/evaluation_test/metrics.json").write_text(json.dumps(earlier))
        check_replaceable(tmp_path / "new/evaluation_test", tmp_path / "new/best.keras", "hash", FLAGS)
        with refused("other_evaluation", "old/best.keras"):
            check_replaceable(tmp_path / "new/evaluation_test", tmp_path / "new/last.keras", "hash", FLAGS)


@pytest.mark.parametrize("name", ["predictions.csv", "stages.csv", "stages.png", "scores.png"])
def test_other_files_are_not_replaced(name, tmp_path):
    (tmp_path / name).write_text("video_id,stage,start,end\n")
    with refused("exists", tmp_path, name):
        check_replaceable(tmp_path, tmp_path / "best.keras", "hash", FLAGS)
    (tmp_path / name).rename(tmp_path / "notes.csv")
    check_replaceable(tmp_path, tmp_path / "best.keras", "hash", FLAGS)
