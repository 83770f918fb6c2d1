"""An evaluation replaces none of another model; its pages have the scores of predictions.csv and of the judges."""

import json
import pathlib
import re

import keras
import numpy as np
import pytest
from refusals import refused
from training_runs import telling

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference.evaluation import predict_records, prediction_function
from scoringnet_tf.report.evaluation_report import check_replaceable, name_of_model
from scoringnet_tf.report.page_data import write_evaluation_pages

FLAGS = {"split": "test", "true_fragments": False, "decoding": None, "views": None}


@pytest.fixture
def runs(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.keras").write_bytes(name.encode())
    return tmp_path


def evaluated(runs, name, output, monkeypatch):
    """`evaluate --model=best.keras` in the folder of a run; the model's name in metrics.json."""
    monkeypatch.chdir(runs / name)
    model = pathlib.Path("best.keras")
    check_replaceable(output, model, "hash", FLAGS)
    output.mkdir(exist_ok=True)
    called = name_of_model(output, model)
    (output / "metrics.json").write_text(json.dumps({"model": called, "data_hash": "hash", "flags": FLAGS}))
    return called


def test_models_of_one_name_are_told_apart(runs, monkeypatch):
    output = runs / "report"
    evaluated(runs, "a", output, monkeypatch)
    evaluated(runs, "a", output, monkeypatch)
    with refused("other_evaluation", output, "a/best.keras"):
        evaluated(runs, "b", output, monkeypatch)
    monkeypatch.chdir(runs)
    check_replaceable(output, pathlib.Path("a/best.keras"), "hash", FLAGS)
    with refused("other_evaluation", output):
        check_replaceable(output, pathlib.Path("a/best.keras"), "other", FLAGS)


def test_a_folder_that_was_moved_with_its_evaluation_is_known(runs, monkeypatch):
    assert evaluated(runs, "a", pathlib.Path("evaluation_test"), monkeypatch) == "best.keras"
    (runs / "a").rename(runs / "moved")
    check_replaceable(runs / "moved/evaluation_test", runs / "moved/best.keras", "hash", FLAGS)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"split": "train"}, ["--split=test"]),
        ({"true_fragments": True, "views": 2}, ["--true_fragments", "--views"]),
        ({"decoding": "argmax"}, ["--decoding"]),
    ],
)
def test_an_evaluation_with_other_flags_is_another_one(changes, named, runs, monkeypatch):
    evaluated(runs, "a", runs / "report", monkeypatch)
    with refused("other_evaluation", *named):
        check_replaceable(runs / "report", runs / "a/best.keras", "hash", {**FLAGS, **changes})
    metrics = json.loads((runs / "report/metrics.json").read_text())
    del metrics["flags"]
    for more in ({}, {"flags": "none"}):  # of an older version; damaged
        (runs / "report/metrics.json").write_text(json.dumps({**metrics, **more}))
        check_replaceable(runs / "report", runs / "a/best.keras", "hash", {**FLAGS, "views": 6})


@pytest.mark.parametrize("name", ["predictions.csv", "stages.csv", "stages.png", "scores.png", "pages.html"])
def test_other_files_are_not_replaced(name, runs):
    (runs / "mine").mkdir()
    (runs / "mine" / name).write_text("video_id,stage,start,end\n")
    with refused("exists", "mine", name):
        check_replaceable(runs / "mine", runs / "a/best.keras", "hash", FLAGS)
    (runs / "mine" / name).rename(runs / "mine/notes.csv")
    check_replaceable(runs / "mine", runs / "a/best.keras", "hash", FLAGS)


@pytest.mark.slow
def test_every_video_has_a_page_with_the_scores_of_the_evaluation(diving_records, tmp_path):
    """The model learned from half as many frames a second, which an evaluation of records ignores."""
    keras.utils.set_random_seed(0)
    info = DatasetInfo.load(diving_records)
    options = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8)}
    model = scoringnet_tf.with_reference(
        telling(scoringnet_tf.ScoringNet.for_records(info, **options), 1e4), diving_records
    )
    model = model.with_dtype("float32", provenance={**model.provenance, "frame_rate": 12.5})
    session, *pages = write_evaluation_pages(tmp_path / "pages.html", model, info, "test", None, "tiny")
    dataset = scoringnet_tf.videos(diving_records, "test", image_size=(32, 32), batch_size=3, with_info=True)
    predictions = predict_records(prediction_function(model), dataset)
    assert np.diff(np.sort(predictions.predicted["final"])).min() > 0.03  # no page has another's
    index = session.read_text(encoding="utf-8")
    for video_id, final, page in zip(predictions.ids, predictions.predicted["final"], pages, strict=True):
        text = page.read_text(encoding="utf-8")
        assert f"<h1>{video_id}</h1>" in text and 'href="../pages.html"' in text
        assert f"{info.videos[video_id]['final']:.2f}" in text
        value = re.search(r'<h3>Final</h3>\s*<div class="value">([\d.]+)</div>', text)[1]
        assert value == re.search(rf"{video_id}: ([\d.]+), judges", index)[1]
        assert float(value) == pytest.approx(final, abs=0.011)  # rounded
    ids = info.splits["train"]["ids"][1:2]
    (page,) = write_evaluation_pages(tmp_path / "one.html", model, info, "validation", ids, "tiny")
    assert ids[0] in page.read_text(encoding="utf-8")
