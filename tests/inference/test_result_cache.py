"""Results that are kept: what counts, what is scored anew and why, and that it is what a run without them gives."""

import pathlib
import shutil

import av
import cv2
import keras
import pytest
import tensorflow as tf
from conftest import write_bars, write_images
from refusals import refused

from scoringnet_tf.inference.inputs import DAMAGED, named_videos, scored
from scoringnet_tf.inference.predictor import predictor_of
from scoringnet_tf.inference.result_cache import keeping_scores
from scoringnet_tf.support.errors import Stopped


@pytest.fixture
def videos(tmp_path):
    write_bars(tmp_path / "a.avi", 12, number=1)
    write_images(tmp_path / "b", 12)
    (tmp_path / "c.mp4").write_text("not a video")
    return [str(tmp_path / name) for name in ("a.avi", "b", "c.mp4")]


@pytest.fixture
def score(videos, stage_model, tmp_path):
    """A run on the videos, as a list of `Scored`."""

    def run(model=stage_model, **options):
        with keeping_scores(tmp_path / "kept", str(model), **{"force": True, **options}) as score_all:
            return list(score_all(named_videos(videos)))

    return run


@pytest.fixture
def plain(stage_model):
    """The score of a video without a cache."""
    predictor = predictor_of(str(stage_model))
    return lambda video: scored(predictor, video, force=True)


def written(folder):
    """When each kept result was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}


def changes(results):
    return [(each.reused, each.changed) for each in results]


KEPT, FAILED = (True, ()), (False, ())


def test_results_are_those_of_a_run_that_keeps_none_and_are_made_once(score, plain, videos, tmp_path):
    expected, found = [plain(video) for video in videos], score()
    assert changes(found) == [FAILED] * 3 and [each.video for each in found] == videos
    before, again = written(tmp_path / "kept"), score()
    assert changes(again) == [KEPT, KEPT, FAILED] and written(tmp_path / "kept") == before
    for results in (found, again):
        assert [each.result.to_dict() for each in results] == [each.to_dict() for each in expected]
        assert [str(each.result) for each in results] == [str(each) for each in expected]


def test_what_failed_is_scored_once_it_can_be(score, tmp_path):
    score()
    write_bars(tmp_path / "c.avi", 12, number=2)
    (tmp_path / "c.avi").rename(tmp_path / "c.mp4")
    assert changes(score()) == [KEPT, KEPT, FAILED]
    assert changes(score()) == [KEPT] * 3


@pytest.mark.parametrize("options", [{"force": False}, {"stream": 0}, {"end": 0.3}, {"start": 0.1}])
def test_other_options_are_other_results(score, options):
    score()
    assert changes(score(**options))[:2] == [(False, ("options",))] * 2
    assert changes(score(**options))[:2] == [KEPT] * 2


def test_a_video_that_has_changed_is_scored_anew(score, plain, videos, tmp_path):
    """In a folder of images one is enough."""
    score()
    write_bars(tmp_path / "a.avi", 12, number=2)
    found = score()
    assert changes(found)[:2] == [(False, ("video",)), KEPT]
    assert found[0].result.to_dict() == plain(videos[0]).to_dict()
    (tmp_path / "b/img_00007.jpg").write_bytes((tmp_path / "b/img_00008.jpg").read_bytes())
    assert changes(score())[:2] == [KEPT, (False, ("video",))]


def test_another_model_is_told_by_its_bytes_not_by_its_name(score, stage_model, tmp_path):
    score()
    copy = pathlib.Path(shutil.copy(stage_model, tmp_path / "copy.keras"))
    assert all(each.reused and each.result.model == str(copy) for each in score(copy)[:2])
    with copy.open("ab") as file:
        file.write(b" ")
    assert changes(score(copy))[:2] == [(False, ("model",))] * 2


@pytest.mark.parametrize("module", [tf, keras, cv2, av])
def test_other_versions_are_other_results(score, module, monkeypatch):
    score()
    monkeypatch.setattr(module, "__version__", "0.0")
    assert changes(score())[:2] == [(False, ("versions",))] * 2


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace('"fps": 25', '"fps": 35'), len])
def test_what_is_damaged_does_not_count(score, tmp_path, damage):
    before = score()
    for path in (tmp_path / "kept").glob("*.json"):
        path.write_text(str(damage(path.read_text())))
    found = score()
    assert changes(found)[:2] == [(False, (DAMAGED,))] * 2
    assert [each.result for each in found] == [each.result for each in before]
    assert changes(score())[:2] == [KEPT] * 2


def test_that_a_result_cannot_be_written_is_not_the_fault_of_a_video(score, tmp_path):
    score()
    for path in (tmp_path / "kept").glob("*.json"):
        path.unlink()
        path.mkdir()
    with pytest.raises(OSError, match="kept"):
        score()


def test_results_come_as_they_are_made(stage_model, videos, tmp_path):
    """A stopped run says how many there are; what a killed worker left half-written is none."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/.0a1b2c3d.half.json").touch()
    keeping = keeping_scores(tmp_path / "kept", str(stage_model), force=True)
    with pytest.raises(Stopped) as stopped, keeping as score_all:
        next(score_all(named_videos(videos)))
        assert len(list((tmp_path / "kept").glob("[!.]*.json"))) == 1
        raise Stopped(15)
    assert f"1 result kept in {tmp_path}/kept" in stopped.value.hint


def test_one_run_at_a_time_in_a_local_folder(stage_model, tmp_path):
    with keeping_scores(tmp_path, str(stage_model)), refused("busy", tmp_path):
        keeping_scores(tmp_path, str(stage_model)).__enter__()
    with refused("not_local", "--results_dir=memory://kept/results"):
        keeping_scores("memory://kept/results", str(stage_model)).__enter__()


@pytest.mark.parametrize("what", ["replaced", "beside"])
def test_a_model_that_changes_while_it_is_read_is_refused(what, stage_model, tmp_path, monkeypatch):
    """As by a training that goes on: its new best.keras is not what was loaded, and must not stand for it."""
    last = pathlib.Path(shutil.copy(stage_model, tmp_path / "last.keras"))
    load = keras.models.load_model

    def load_while_trained(*arguments, **options):
        model = load(*arguments, **options)
        if what == "replaced":
            last.write_bytes(last.read_bytes() + b" ")
        else:
            shutil.copy(last, tmp_path / "best.keras")  # which counts before it
        return model

    monkeypatch.setattr(keras.models, "load_model", load_while_trained)
    with refused("changed", last):
        keeping_scores(tmp_path / "kept", str(tmp_path)).__enter__()
