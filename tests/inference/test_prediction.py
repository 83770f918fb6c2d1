"""A video file to stages and scores: times, warnings, a real dive."""

import os
import pathlib
import types

import numpy as np
import pytest
from conftest import write_bars

import scoringnet_tf
from scoringnet_tf.data.preprocessing import frames_for_model
from scoringnet_tf.data.video import VideoError, read_video
from scoringnet_tf.inference import prediction
from scoringnet_tf.inference.prediction import score_video, segment_video
from scoringnet_tf.sports import get_sport


def small_model(**options):
    return scoringnet_tf.ScoringNet(
        image_size=(32, 32), width_multiplier=1 / 16, clip_lengths=(8, 8), frame_size=(36, 48), **options
    )


def test_stages_cover_the_video_in_frames_and_seconds(tmp_path):
    write_bars(tmp_path / "a b.avi", 30, fps=20)
    score = score_video(small_model(), tmp_path / "a b.avi")
    assert (score.num_frames, score.fps) == (30, 20)
    assert score.stages[0]["start_frame"] == 0
    assert score.stages[-1]["end_frame"] == 30
    for before, after in zip(score.stages[:-1], score.stages[1:], strict=True):
        assert before["end_frame"] == after["start_frame"]
        assert before["name"] != after["name"]
    for stage in score.stages:
        assert stage["start_s"] == pytest.approx(stage["start_frame"] / 20)
        assert stage["end_s"] == pytest.approx(stage["end_frame"] / 20)
    assert score.final == pytest.approx(score.difficulty * score.execution, rel=1e-5)


def test_scores_are_those_of_the_model_on_the_same_frames(tmp_path):
    write_bars(tmp_path / "v.avi", 20)
    model = small_model(score_statistics={"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)})
    frames = frames_for_model(read_video(tmp_path / "v.avi").frames, (36, 48), (32, 32))
    expected = model({"frames": frames[None], "mask": np.ones((1, 20), bool)}, training=False)
    assert score_video(model, tmp_path / "v.avi").execution == pytest.approx(float(expected["execution"][0]))


@pytest.mark.parametrize("simulation", [None, {"seed": 0}])
def test_says_plainly_whether_the_model_learned_from_simulated_video(tmp_path, simulation):
    write_bars(tmp_path / "v.avi", 10)
    warnings = score_video(small_model(provenance={"simulation": simulation}), tmp_path / "v.avi").warnings
    assert any("trained on simulated video" in warning for warning in warnings) == (simulation is not None)


def test_an_empty_fragment_is_reported(tmp_path):
    write_bars(tmp_path / "v.avi", 10)
    model = small_model()
    kernel, bias = model.segmenter.get_layer("fc2").get_weights()
    model.segmenter.get_layer("fc2").set_weights([0 * kernel, np.add(bias, [9, 0, 0, 0])])  # everything is noise
    score = score_video(model, tmp_path / "v.avi")
    assert [stage["name"] for stage in score.stages] == ["noise"]
    assert sum("the whole video was scored instead" in warning for warning in score.warnings) == 2


def warnings_of(fps, labels, trained_at=None):
    """What is said of a video whose frames have these stages, none of its fragments being empty."""
    model = types.SimpleNamespace(provenance={"frame_rate": trained_at}, sport=get_sport("diving"))
    return prediction._warnings(model, fps, np.array(labels), [False, False])


@pytest.mark.parametrize("fps", [10, 19.9, 20.1, 25, 29.9, 30.1, 60])
def test_another_frame_rate_than_that_of_training_is_said(fps):
    """Slower or faster than 25 by more than a fifth."""
    said = [f"The video has {fps:g} frames/s, the model was trained at 25: motion looks faster or slower."]
    assert warnings_of(fps, [0, 1, 2, 3], 25.0) == (said if fps < 20 or fps > 30 else [])
    assert warnings_of(fps, [0, 1, 2, 3]) == []  # nobody knows what it was trained at


@pytest.mark.parametrize(
    ("labels", "in_order"),
    [
        ([0, 1, 1, 2, 3, 0], True),
        ([1, 0, 2, 0, 0, 3], True),  # noise between them is nothing of the kind
        ([2], True),
        ([0, 0], True),
        ([0, 2, 1, 3], False),
        ([1, 2, 3, 2, 0], False),
        ([1, 2, 0, 2, 3], False),  # twice
    ],
)
def test_stages_out_of_order_or_twice_are_said(labels, in_order):
    assert [("not in the order of the sport" in said) for said in warnings_of(25, labels)] == [True] * (not in_order)


def test_a_file_that_is_no_video(tmp_path):
    (tmp_path / "v.mp4").write_text("hello")
    with pytest.raises(VideoError, match=r"v\.mp4: expected a video"):
        score_video(small_model(), tmp_path / "v.mp4")


def test_a_damaged_video_is_scored_with_a_warning_and_not_segmented(tmp_path):
    """Half a video has half of the stages: as suggestions of labels they would be wrong."""
    write_bars(tmp_path / "whole.avi", 60)
    whole = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 6 // 10])
    model = small_model()
    score = score_video(model=model, path=tmp_path / "cut.avi")
    assert 0 < score.num_frames < 60 and any("expected 60 frames" in warning for warning in score.warnings)
    with pytest.raises(VideoError, match=r"cut\.avi: expected 60 frames"):
        segment_video(model=model, path=tmp_path / "cut.avi")
    assert segment_video(model=model, path=tmp_path / "whole.avi")[-1][-1] == 60


def test_a_real_dive_is_decoded_to_its_last_frame():
    folder = os.environ.get("SCORINGNET_REAL_DATA")
    if not folder:
        pytest.skip("SCORINGNET_REAL_DATA is not set: no real video")
    score = score_video(small_model(), pathlib.Path(folder) / "videos/springboard_dive.mp4")
    assert score.num_frames == 259
    assert score.stages[-1]["end_frame"] == 259
