"""Pages of evaluated records: one of every video, with the scores of predictions.csv and those of the judges."""

import re

import keras
import numpy as np
import pytest
from training_runs import telling

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference.evaluation import predict_records, prediction_function
from scoringnet_tf.report.evaluation_pages import write_evaluation_pages


@pytest.fixture(scope="module")
def model(diving_records):
    """One that learned from half as many frames a second, of which an evaluation takes no account."""
    keras.utils.set_random_seed(0)
    options = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8)}
    plain = telling(scoringnet_tf.ScoringNet.for_records(DatasetInfo.load(diving_records), **options), 10_000.0)
    known = scoringnet_tf.with_reference(plain, diving_records)
    return known.with_dtype("float32", provenance={**known.provenance, "frame_rate": 12.5})


@pytest.mark.slow
def test_every_video_has_a_page_and_there_is_an_index(model, diving_records, tmp_path):
    info = DatasetInfo.load(diving_records)
    pages = write_evaluation_pages(tmp_path / "pages.html", model, info, "test", None, "tiny")
    assert pages[0] == tmp_path / "pages.html" and len(pages) == 1 + len(info.splits["test"]["ids"])
    dataset = scoringnet_tf.videos(diving_records, "test", image_size=(32, 32), batch_size=3, with_info=True)
    found, index = predict_records(prediction_function(model), dataset), pages[0].read_text(encoding="utf-8")
    assert "unlv_diving, test split" in index and "Agreement with the judges" in index
    assert np.diff(np.sort(found.predicted["final"])).min() > 0.03  # no page has another's
    for at, video_id in enumerate(found.ids):
        text = pages[1 + at].read_text(encoding="utf-8")
        assert f"<h1>{video_id}</h1>" in text and 'href="../pages.html"' in text
        assert f"judges: {info.videos[video_id]['final']:.2f}" in text
        assert "Reliability: <strong>" in text
        value = re.search(r'<h3>Final</h3>\s*<div class="value">([\d.]+)</div>', text)[1]
        listed = re.search(rf"{video_id}: ([\d.]+), judges", index)[1]
        assert value == listed and float(value) == pytest.approx(found.predicted["final"][at], abs=0.011)  # rounded
        assert "Most alike in training" in text
        assert any(name in text for name in model.reference.bank.ids)


def test_chosen_videos_alone(model, diving_records, tmp_path, monkeypatch):
    info = DatasetInfo.load(diving_records)
    ids = info.splits["train"]["ids"][1:2]
    monkeypatch.setattr("scoringnet_tf.report.collecting.attribute", lambda *_, **__: _Nothing)
    (page,) = write_evaluation_pages(tmp_path / "pages.html", model, info, "validation", ids, "tiny")
    assert ids[0] in page.read_text(encoding="utf-8")


class _Nothing:
    by_frame: dict = {}  # noqa: RUF012  never written to
