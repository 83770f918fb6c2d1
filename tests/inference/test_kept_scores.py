"""Results that are kept: what counts, what is scored anew and why, and that it is what a run without them gives."""

import concurrent.futures
import json
import pathlib
import pickle
import shutil
import types

import pytest
from conftest import write_bars, write_images

from scoringnet_tf.inference import kept_scores
from scoringnet_tf.inference.inputs import named_videos, scored
from scoringnet_tf.inference.kept_scores import hashed_scorer, keeping_scores
from scoringnet_tf.inference.prediction import VideoScorer, scorer_of
from scoringnet_tf.support.errors import InputError, Stopped
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import Remark


@pytest.fixture(scope="module")
def model(stage_model):
    scorer, sha256 = hashed_scorer(str(stage_model))
    return types.SimpleNamespace(path=str(stage_model), scorer=scorer, sha256=sha256)


@pytest.fixture
def videos(tmp_path):
    write_bars(tmp_path / "a.avi", 30, number=1)
    write_images(tmp_path / "b", 24)
    (tmp_path / "c.mp4").write_text("not a video")
    return [str(tmp_path / name) for name in ("a.avi", "b", "c.mp4")]


@pytest.fixture
def score(model, videos, tmp_path, monkeypatch):
    """A run on the videos, as a list of `Scored`; `score.calls` are the videos that the model scored."""
    original, calls = VideoScorer.score_file, []

    def noted(scorer, source, path, **options):
        calls.append(path)
        return original(scorer, source, path, **options)

    monkeypatch.setattr(VideoScorer, "score_file", noted)

    def run(scorer=model.scorer, model_path=model.path, **options):
        calls.clear()
        sha256 = file_sha256(model_path)
        with keeping_scores(tmp_path / "kept", model_path, scorer, sha256, **{"force": True, **options}) as score_all:
            return list(score_all(named_videos(videos)))

    run.calls = calls
    return run


def test_results_are_those_of_a_run_that_keeps_none_and_are_made_once(score, model, videos):
    expected = [scored(model.scorer, video, force=True) for video in videos]
    for round_number in range(2):
        found = score()
        assert [each.video for each in found] == videos
        assert [each.taken_over for each in found] == [round_number > 0] * 2 + [False]
        for each, other in zip(found[:2], expected[:2], strict=True):
            assert each.found.to_dict() == other.to_dict() and str(each.found) == str(other) and not each.changed
        assert isinstance(found[2].found, Remark) and found[2].found == expected[2]
        assert score.calls == (videos if round_number == 0 else videos[2:])  # what failed is tried again


def test_what_failed_is_scored_once_it_can_be(score, videos, tmp_path):
    score()
    write_bars(tmp_path / "c.avi", 30, number=2)
    (tmp_path / "c.avi").rename(tmp_path / "c.mp4")
    assert [(each.taken_over, each.changed) for each in score()] == [(True, ()), (True, ()), (False, ())]
    assert score.calls == videos[2:]


@pytest.mark.parametrize(
    "options",
    [{"force": False}, {"stream": 0}, {"end": 0.5}, {"start": 0.2}],
)
def test_other_options_are_other_results(score, options):
    score()
    found = score(**options)
    assert [each.changed for each in found[:2]] == [("options",)] * 2 and not any(each.taken_over for each in found)
    assert all(each.taken_over for each in score(**options)[:2])


def test_a_video_that_has_changed_is_scored_anew(score, model, videos, tmp_path):
    """Of a folder of images it is enough that one has."""
    score()
    write_bars(tmp_path / "a.avi", 30, number=2)
    found = score()
    assert [(each.taken_over, each.changed) for each in found[:2]] == [(False, ("video",)), (True, ())]
    assert found[0].found.to_dict() == scored(model.scorer, videos[0], force=True).to_dict()
    (tmp_path / "b/img_00007.jpg").write_bytes((tmp_path / "b/img_00008.jpg").read_bytes())
    assert [each.changed for each in score()[:2]] == [(), ("video",)]


def test_another_model_is_told_by_its_bytes_not_by_its_name(score, model, tmp_path):
    score()
    copy = tmp_path / "copy.keras"
    copy.write_bytes(pathlib.Path(model.path).read_bytes())
    found = score(scorer=VideoScorer(model.scorer.model, name=str(copy)), model_path=copy)
    assert all(each.taken_over and each.found.model == str(copy) for each in found[:2])
    with copy.open("ab") as file:
        file.write(b" ")
    assert [each.changed for each in score(model_path=copy)[:2]] == [("model",)] * 2


def test_other_versions_are_other_results(score, monkeypatch):
    score()
    before = kept_scores._versions()
    for module in (kept_scores.tf, kept_scores.keras, kept_scores.cv2, kept_scores.av):
        monkeypatch.setattr(module, "__version__", "0.0")
        assert kept_scores._versions() != before
        before = kept_scores._versions()
    assert [each.changed for each in score()[:2]] == [("versions",)] * 2


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace('"fps": 25', '"fps": 35'), len])
def test_what_is_damaged_does_not_count(score, tmp_path, damage):
    before = score()
    for path in (tmp_path / "kept").glob("*.json"):
        text = path.read_text()
        path.write_text(str(damage(text)))
        assert path.read_text() != text
    found = score()
    assert [each.changed for each in found[:2]] == [(kept_scores.DAMAGED,)] * 2
    assert [each.found for each in found] == [each.found for each in before]
    assert all(each.taken_over for each in score()[:2])


def test_a_result_of_another_version_of_the_package_does_not_count(score, tmp_path):
    score()
    for path in (tmp_path / "kept").glob("*.json"):
        made_of, result = kept_scores._read(path)
        kept_scores._write(path, made_of, {key: value for key, value in result.items() if key != "stages"})
    assert [each.changed for each in score()[:2]] == [(kept_scores.DAMAGED,)] * 2


def test_a_full_disk_is_not_the_fault_of_a_video(score, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "kept")

    monkeypatch.setattr(kept_scores, "_write", full)
    with pytest.raises(OSError, match="No space left on device: 'kept'"):
        score()


def test_results_come_as_they_are_made(model, videos, tmp_path):
    """A stopped run says how many there are."""
    keeping = keeping_scores(tmp_path / "kept", model.path, model.scorer, model.sha256, force=True)
    with (
        pytest.raises(Stopped, match=rf"stopped by SIGTERM\. 1 result kept in {tmp_path}/kept: the same command"),
        keeping as score_all,
    ):
        results = score_all(named_videos(videos))
        next(results)
        assert len(list((tmp_path / "kept").glob("*.json"))) == 1
        raise Stopped(15)


def test_what_a_killed_worker_left_half_written_is_no_result(model, tmp_path):
    (tmp_path / ".0a1b2c3d.half.json").touch()
    (tmp_path / "whole.json").touch()
    keeping = keeping_scores(tmp_path, model.path, model.scorer, model.sha256)
    with pytest.raises(Stopped, match=r"stopped by SIGTERM\. 1 result kept in "), keeping:
        raise Stopped(15)


def test_one_run_at_a_time(model, tmp_path):
    with keeping_scores(tmp_path, model.path, model.scorer, model.sha256):
        second = keeping_scores(tmp_path, model.path, model.scorer, model.sha256)
        with pytest.raises(InputError, match=r"expected one run at a time\. Received: one that is under way"):
            second.__enter__()


def test_results_in_an_object_store_are_refused(model):
    keeping = keeping_scores("memory://kept/results", model.path, model.scorer, model.sha256)
    with pytest.raises(InputError, match="--results_dir=memory://kept/results: expected a folder in a file system"):
        keeping.__enter__()


def test_a_worker_loads_the_model_once_for_all_its_threads(model, videos, tmp_path, monkeypatch):
    """What it does is sent to it anew for every video."""
    loads = []
    monkeypatch.setattr(kept_scores, "scorer_of", lambda path: loads.append(path) or model.scorer)
    kept_scores._loaded.cache_clear()

    def on_threads(work, named):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda each: pickle.loads(pickle.dumps(work))(each), named))

    class Threads:
        def __init__(self, *_):
            pass

        def __enter__(self):
            return on_threads

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(kept_scores, "on_runner", Threads)
    with keeping_scores(
        tmp_path / "kept", model.path, model.scorer, model.sha256, runner="NAME", force=True
    ) as score_all:
        found = score_all(list(named_videos(videos[:1])) * 6 + list(named_videos(videos)))
    assert loads == [model.path] and len({json.dumps(each.found.to_dict()) for each in found[:7]}) == 1


@pytest.mark.parametrize("what", ["replaced", "beside"])
def test_a_model_that_changes_while_it_is_read_is_refused(what, stage_model, tmp_path, monkeypatch):
    """As by a training that goes on: its new best.keras is not what was loaded, and must not stand for it."""
    last = pathlib.Path(shutil.copy(stage_model, tmp_path / "last.keras"))

    def load_while_trained(model):
        scorer = scorer_of(model)
        if what == "replaced":
            last.write_bytes(last.read_bytes() + b" ")
        else:
            shutil.copy(last, tmp_path / "best.keras")  # which counts before it
        return scorer

    monkeypatch.setattr(kept_scores, "scorer_of", load_while_trained)
    with pytest.raises(InputError, match=r"last\.keras: expected one file while it was read"):
        hashed_scorer(str(tmp_path))


def test_a_worker_that_sees_another_model_refuses_it(model):
    with pytest.raises(InputError, match=r"model\.keras: expected one file for the command and all workers"):
        kept_scores._load(model.path, "0" * 64)
