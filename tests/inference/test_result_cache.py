"""Results that are kept: what counts, what is scored anew, and that it is what a run without them gives."""

import errno
import json
import pathlib
import shutil

import keras
import pytest
from conftest import write_bars, write_images
from refusals import refused

from scoringnet_tf.inference.inputs import named_videos
from scoringnet_tf.inference.predictor import predictor_of, scored
from scoringnet_tf.inference.result_cache import keeping_scores


@pytest.fixture
def videos(tmp_path):
    write_bars(tmp_path / "a.avi", 12, number=1)
    write_images(tmp_path / "b", 12)
    (tmp_path / "c.mp4").write_text("not a video")
    return [str(tmp_path / name) for name in ("a.avi", "b", "c.mp4")]


@pytest.fixture
def score(videos, stage_model, tmp_path):
    """A run on the videos: names and results."""

    def run(model=stage_model, **options):
        with keeping_scores(tmp_path / "kept", str(model), **{"force": True, **options}) as score_all:
            return list(score_all(named_videos(videos)))

    return run


@pytest.fixture
def new(tmp_path):
    """How many results have been written since it was asked last."""
    seen = set()

    def count():
        written = {(path, path.stat().st_mtime_ns) for path in (tmp_path / "kept").glob("*.json")} - seen
        seen.update(written)
        return len(written)

    return count


def test_results_are_those_of_a_run_that_keeps_none_and_are_made_once(score, new, videos, stage_model):
    predictor = predictor_of(str(stage_model))
    expected = list(scored([(video, None) for video in videos], predictor, force=True))
    for number in (2, 0):
        found = score()
        assert new() == number and [name for name, _ in found] == videos
        for (_, result), (_, plain) in zip(found, expected, strict=True):
            assert result.to_dict() == plain.to_dict() and str(result) == str(plain)


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b"[1]"])
def test_a_damaged_result_is_made_again(damage, score, tmp_path):
    expected = [result for _, result in score()]
    for path in (tmp_path / "kept").glob("*.json"):
        path.write_bytes(damage)
    assert [result for _, result in score()] == expected
    assert all(len(path.read_bytes()) > 10 for path in (tmp_path / "kept").glob("*.json"))


@pytest.mark.parametrize("key, value", [("fps", "x"), ("stages", None), ("num_frames", 7), ("performances", [])])
def test_a_result_with_another_value_is_made_again(key, value, score, tmp_path):
    expected = [result for _, result in score()]
    for path in (tmp_path / "kept").glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    assert [result for _, result in score()] == expected


def test_a_result_that_cannot_be_read_is_made_again(score, new, monkeypatch):
    """As another user's in a shared folder; not by its permissions, which root does not heed."""
    expected, read_text = [result for _, result in score()], pathlib.Path.read_text
    assert new() == 2

    def read_own(path, *arguments, **options):
        if path.parent.name == "kept":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read_text(path, *arguments, **options)

    monkeypatch.setattr(pathlib.Path, "read_text", read_own)
    assert [result for _, result in score()] == expected and new() == 2


@pytest.mark.slow
def test_what_has_changed_is_scored_anew(score, new, stage_model, tmp_path):
    score()
    assert new() == 2
    write_bars(tmp_path / "c.mp4", 12, number=2)
    score()
    assert new() == 1
    write_bars(tmp_path / "a.avi", 12, number=3)
    (tmp_path / "b/img_00007.jpg").write_bytes((tmp_path / "b/img_00008.jpg").read_bytes())
    score()
    assert new() == 2
    for options in ({"force": False}, {"end": 0.3}, {"start": 0.1}):
        score(**options)
        assert new() == 3, options
    copy = pathlib.Path(shutil.copy(stage_model, tmp_path / "copy.keras"))
    assert all(result.model == str(copy) for _, result in score(copy)) and new() == 0
    with copy.open("ab") as file:
        file.write(b" ")
    score(copy)
    assert new() == 3


def test_that_a_result_cannot_be_written_is_not_the_fault_of_a_video(score, tmp_path):
    score()
    for path in (tmp_path / "kept").glob("*.json"):
        path.unlink()
        path.mkdir()
    with pytest.raises(OSError, match="kept"):
        score()


def test_results_come_as_they_are_made(stage_model, videos, tmp_path, new):
    """What a killed worker left half-written is none."""
    (tmp_path / "kept").mkdir()
    with keeping_scores(tmp_path / "kept", str(stage_model), force=True) as score_all:
        next(score_all(named_videos(videos)))
        assert new() == 1


def test_one_run_at_a_time_in_a_local_folder(stage_model, tmp_path):
    with keeping_scores(tmp_path, str(stage_model)), refused("busy", tmp_path):
        keeping_scores(tmp_path, str(stage_model)).__enter__()
    with refused("not_local", "--results_dir=memory://kept/results"):
        keeping_scores("memory://kept/results", str(stage_model)).__enter__()


def test_a_model_that_changes_while_it_is_read_is_refused(stage_model, tmp_path, monkeypatch):
    """As by a training that goes on: its new best.keras is not what was loaded, and must not stand for it."""
    last = pathlib.Path(shutil.copy(stage_model, tmp_path / "last.keras"))
    load = keras.models.load_model

    def load_while_trained(*arguments, **options):
        model = load(*arguments, **options)
        last.write_bytes(last.read_bytes() + b" ")
        return model

    monkeypatch.setattr(keras.models, "load_model", load_while_trained)
    with refused("changed", last):
        keeping_scores(tmp_path / "kept", str(tmp_path)).__enter__()
