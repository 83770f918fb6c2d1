"""What the shipped models say of two committed clips is what was pinned in tests/clips/golden.json.

Where scores are meant to change, `python tests/inference/make_golden.py` pins the new ones.
"""

import json
import os
import pathlib

import cv2
import numpy as np
import pytest
import tensorflow as tf
from command_forks import ROOT
from make_golden import CLIPS, GOLDEN, SOURCES, golden

import scoringnet_tf
from scoringnet_tf.data.video import VideoStream
from scoringnet_tf.inference.export import export_saved_model
from scoringnet_tf.sports import stage_runs

# Points. Float32 sums in another order (other processors, other versions of TensorFlow) differ by some 1e-5; the final
# score of a dive multiplies the difficulty's error by an execution of up to 30. A JPEG step more or less, another
# resize or a crop that is a pixel off give more than this.
TOLERANCE = {"difficulty": 1e-3, "execution": 1e-3, "final": 2e-2}


@pytest.mark.parametrize("clip", SOURCES)
def test_shipped_models_score_as_they_did(clip):
    pinned, found = json.loads(GOLDEN.read_text(encoding="utf-8"))[clip], golden(clip)
    assert (CLIPS / clip).stat().st_size <= 60_000
    assert [list(stage) for stage in found["stages"]] == pinned["stages"]
    assert (found["model"], found["num_frames"]) == (pinned["model"], pinned["num_frames"])
    for score, tolerance in TOLERANCE.items():
        assert found[score] == pytest.approx(pinned[score], abs=tolerance), score


@pytest.mark.slow
@pytest.mark.parametrize("clip", SOURCES)
def test_an_exported_preset_serves_the_pinned_scores(clip, tmp_path):
    model = scoringnet_tf.from_preset(SOURCES[clip][0])
    export_saved_model(model, tmp_path / "1")
    serve = tf.saved_model.load(str(tmp_path / "1")).signatures["score_encoded"]
    frames = [cv2.imencode(".png", frame[..., ::-1])[1].tobytes() for frame in VideoStream(CLIPS / clip)]
    lengths = tf.constant([len(frames)], tf.int64)
    served, scored = serve(encoded=tf.constant([frames]), lengths=lengths), golden(clip)
    labels = np.asarray(served["labels"])[0]
    assert [list(run) for run in stage_runs(labels)] == [
        [model.sport.stage_index(stage), start, end] for stage, start, end in scored["stages"]
    ]
    for score, tolerance in TOLERANCE.items():
        assert float(served[score][0]) == pytest.approx(scored[score], abs=tolerance), score
    assert bool(served["valid"][0]) == (scoringnet_tf.score_video(CLIPS / clip, model).status == "stages")
    noise = [
        cv2.imencode(".png", frame)[1].tobytes()
        for frame in np.random.default_rng(0).integers(0, 256, (60, 90, 120, 3))
    ]
    videos = [[*frames, *frames], [*noise, *frames[: 2 * len(frames) - len(noise)]]]
    lengths = tf.constant([2 * len(frames), len(noise)], tf.int64)
    padded = [video + [frames[0]] * (2 * len(frames) - len(video)) for video in videos]
    assert np.asarray(serve(encoded=tf.constant(padded), lengths=lengths)["valid"]).tolist() == [False, False]


@pytest.mark.slow
@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_the_pages_say_how_well_the_stages_of_a_filmed_dive_are_found():
    """By eye its flight begins with frame 166 and its entry with frame 197."""
    video = pathlib.Path(os.environ["SCORINGNET_REAL_DATA"], "videos/springboard_dive.mp4")
    stages = scoringnet_tf.score_video(video, "diving_small", force=True).stages
    found = {stage["name"]: stage["start_frame"] for stage in stages}
    flight, entry = found["take-flight"], found["entry"]
    results, readme = ((ROOT / page).read_text(encoding="utf-8") for page in ("docs/results.md", "README.md"))
    early, late = 166 - flight, entry - 197
    assert f"begins its flight {early} frames early (at {flight}) and its entry {late} late ({entry})" in results
    assert f"Without I3D: {early} frames early, {late} late" in readme
