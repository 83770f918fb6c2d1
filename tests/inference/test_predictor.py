"""A video file to stages and scores: the numbers of the model, times, warnings, refusals."""

import dataclasses
import functools
import json
import os
import signal

import keras
import numpy as np
import pytest
from conftest import bar_color, bar_frame, write_bars, write_video
from refusals import codes, refused
from training_runs import OF_BARS, telling, trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.data.video import Clip
from scoringnet_tf.inference.evaluation import prediction_function
from scoringnet_tf.inference.flights import joint_scores
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.predictor import predictor_of, score_video
from scoringnet_tf.inference.seen import Scores
from scoringnet_tf.models.settings import merged
from scoringnet_tf.sports import stage_runs
from scoringnet_tf.support.messages import InputError
from tests.body.turned import turned as falling

SCORES = ("difficulty", "execution", "final")
STATISTICS = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}


def small_model(**options):
    return trained(scoringnet_tf.ScoringNet(**merged(OF_BARS, options)))


@pytest.fixture(scope="module")
def small():
    """A tiny model that has learned nothing but says otherwise; not to be changed."""
    return small_model()


@pytest.fixture(scope="module")
def deciding_model(stage_model):
    """A tiny model that finds every stage, so that fragments are other frames than the whole video."""
    return keras.models.load_model(stage_model, compile=False)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("way", ["load", "build", "call", "predict", "score"])
def test_a_forked_child_is_told_that_tensorflow_is_its_parents(small, tmp_path, way):
    """It would wait forever; as would the workers of `multiprocessing.Pool` and of a server that forks them."""
    inputs = {"frames": np.full((1, 8, 32, 32, 3), 9, np.uint8), "mask": np.ones((1, 8), bool)}
    write_bars(tmp_path / "clip.avi", 8)
    small.predict(inputs, verbose=0)
    ways = {
        "load": lambda: scoringnet_tf.from_preset("diving_small"),
        "build": small_model,
        "call": lambda: small(inputs),
        "predict": lambda: small.predict(inputs, verbose=0),
        "score": lambda: score_video(tmp_path / "clip.avi", small),
    }
    child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)  # else it hangs
        try:
            ways[way]()
        except InputError as error:
            os._exit(0 if error.code == "forked" else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def assert_scores(score, outputs, **tolerance):
    for name in SCORES:
        assert getattr(score, name) == pytest.approx(float(outputs[name][0]), **tolerance), name


# === Frames ===


@functools.cache
def at_rate(rate):
    """A model that tells what it sees, at a frame rate."""
    options = {"provenance": {"frame_rate": rate}, "score_predictor": {"score_statistics": STATISTICS}}
    return telling(small_model(**options), 3000.0)


@pytest.mark.parametrize(("rate", "start"), [(None, None), (None, 0.4), (12.5, None)])
def test_scores_are_those_of_the_model_on_the_same_frames(tmp_path, rate, start):
    path, frames = tmp_path / "v.avi", (0, 20) if start is None else (10, 30)
    write_bars(path, frames[1])
    model = at_rate(rate)
    inputs = model.preprocessor(path if start is None else Clip(path, frames))
    assert inputs["mask"].shape == (1, 10 if rate else 20)
    score = score_video(path, model, force=True, start=start)
    assert_scores(score, model(inputs, training=False), rel=1e-5)
    assert (score.num_frames, score.stages[0]["start_frame"], score.stages[-1]["end_frame"]) == (20, *frames)


def test_a_predictor_is_of_the_weights_that_a_model_has(small):
    model = small_model()
    first = predictor_of(model)
    assert predictor_of(model) is first is not predictor_of(small)
    kernel = model.segmenter.get_layer("fc2").kernel
    kernel.assign(2 * kernel)
    assert predictor_of(model) is not first
    with refused("not_trained"):
        predictor_of(scoringnet_tf.ScoringNet(**OF_BARS))


def test_a_whole_video_is_scored_by_the_model_s_own_samples(tmp_path):
    write_bars(tmp_path / "v.avi", 21)
    model = telling(
        small_model(segmenter=None, score_predictor={"score_statistics": STATISTICS, "clip_lengths": (8, 5)}), 3000.0
    )
    score = score_video(tmp_path / "v.avi", model)
    assert (score.stages, score.num_frames, score.deviations, score.reasons) == ([], 21, {}, [])
    assert codes(score.warnings) == ["no_reference"]
    assert_scores(score, model(model.preprocessor(tmp_path / "v.avi"), training=False), rel=1e-5)
    score.save(tmp_path / "v.png")


def test_a_model_of_one_score_says_how_sure_it_is(tmp_path):
    write_bars(tmp_path / "v.avi", 12)
    options = {"score_predictor": {"scores": ("final",), "score_statistics": {"final": (70.0, 10.0)}}}
    model = small_model(**merged(options, {"score_predictor": {"head": "distribution"}}))
    score = score_video(tmp_path / "v.avi", model, force=True)
    outputs = model(model.preprocessor(tmp_path / "v.avi"), training=False)
    assert (score.difficulty, score.execution) == (None, None)
    assert score.deviations == {"final": pytest.approx(float(outputs["final_std"][0]), rel=1e-4)}
    assert f"{score.final:.2f} ± {score.deviations['final']:.2f}" in str(score)


@pytest.mark.slow
@pytest.mark.parametrize(("window", "decoding"), [(128, "argmax"), (8, "argmax"), (8, "ordered")])
def test_predict_gives_what_evaluate_gives(tmp_path, diving_records, deciding_model, window, decoding):
    """Three test videos, in a batch padded to the longest; KFS in one window and in several."""
    config = merged(
        deciding_model.get_config(),
        {"content": {"stored": DatasetInfo.load(diving_records).stored}, "segmenter": {"decoding": decoding}},
    )
    model = type(deciding_model).from_config(config)
    model.set_weights(deciding_model.get_weights())
    telling(model, 3000.0)
    scorer = Predictor(model, window)
    ((inputs, targets, facts),) = videos(diving_records, "test", image_size=(32, 32), batch_size=3, with_info=True)
    outputs = prediction_function(model)(inputs, targets["stages"])
    for row, video_id in enumerate(facts["id"].numpy()):
        length = 24 + int(video_id)
        write_bars(tmp_path / "v.avi", length, int(video_id))
        score = scorer(tmp_path / "v.avi", force=True)
        assert_scores(score, {name: outputs[name][row : row + 1] for name in SCORES}, abs=1e-5)
        probabilities, labels = (outputs[name][row, :length].numpy() for name in ("stages", "labels"))
        assert np.array_equal(labels, probabilities.argmax(axis=-1)) == (decoding == "argmax")
        stages = [(stage["name"], stage["start_frame"], stage["end_frame"]) for stage in score.stages]
        assert stages == [(model.sport.stages[stage], start, end) for stage, start, end in stage_runs(labels)]
        assert len(stages) > (2 if decoding == "argmax" else 1)


@pytest.mark.parametrize("decoding", ["argmax", "ordered"])
def test_stages_of_a_file_are_those_of_each_performance_in_it(tmp_path, decoding):
    """The model finds one of each in a video; yet of two dives the second is no noise. Arg-max keeps a wrong frame."""
    dive = np.repeat([1, 2, 3], [4, 12, 6])
    true = np.concatenate([np.zeros(10, int), dive, np.zeros(20, int), dive, np.zeros(6, int)])
    seen = true.copy()
    seen[20] = 1  # in the flight, by a little
    probabilities = 0.96 * np.eye(4, dtype="float32")[seen] + 0.01
    probabilities[20] = [0.01, 0.5, 0.48, 0.01]
    scorer = Predictor(small_model(segmenter={"decoding": decoding}))
    see = scorer.see
    scorer.see = lambda *given, **options: dataclasses.replace(see(*given, **options), stages=probabilities)
    write_bars(tmp_path / "dives.avi", len(true))
    (part,) = scorer.results(scorer.read(tmp_path / "dives.avi"), force=True)
    np.testing.assert_array_equal(part.summary.labels, seen if decoding == "argmax" else true)


def test_a_model_or_its_path_is_loaded_and_traced_once(tmp_path, stage_model, deciding_model):
    write_bars(tmp_path / "v.avi", 20)
    of_path, of_model = (score_video(tmp_path / "v.avi", model) for model in (str(stage_model), deciding_model))
    assert (of_path.model, of_model.model) == (str(stage_model), None)
    assert dataclasses.replace(of_path, model=None) == of_model
    with refused("not_found", tmp_path / "none.keras"):
        score_video(tmp_path / "v.avi", tmp_path / "none.keras")


def test_the_shipped_model_scores_by_force_if_none_is_named(tmp_path, without_i3d):
    write_bars(tmp_path / "v.avi", 20)
    score = scoringnet_tf.score_video(tmp_path / "v.avi", force=True)
    assert score.model == "diving_small" and "simulated_training" in codes(score.reasons)
    assert predictor_of() is predictor_of(None)
    assert 2 < score.difficulty < 6 and score.final == pytest.approx(score.difficulty * score.execution, rel=1e-5)


def test_wide_video_is_scored_by_its_middle(tmp_path, small):
    """The same frames with a stripe of 12 columns at both sides."""
    middle = [bar_frame(index, bar_color(0)) for index in range(12)]
    wide = [np.pad(frame, ((0, 0), (12, 12), (0, 0)), constant_values=90) for frame in middle]
    inputs = [small.preprocessor(np.stack(frames))["frames"] for frames in (middle, wide)]
    np.testing.assert_array_equal(*inputs)
    write_video(tmp_path / "wide.avi", wide)
    (warning,) = (one for one in score_video(tmp_path / "wide.avi", small).warnings if one.code == "aspect")
    assert "1.83:1" in warning and "73%" in warning


def test_an_empty_fragment_is_reported(tmp_path):
    write_bars(tmp_path / "v.avi", 10)
    model = small_model()
    kernel, bias = model.segmenter.get_layer("fc2").get_weights()
    model.segmenter.get_layer("fc2").set_weights([0 * kernel, np.add(bias, [9, 0, 0, 0])])  # everything is noise
    score = score_video(tmp_path / "v.avi", model, force=True)
    assert [stage["name"] for stage in score.stages] == ["noise"]
    assert codes(score.warnings).count("empty_fragment") == 2


def test_what_is_withheld_is_not_scored_unless_by_force(small, tmp_path, monkeypatch):
    """Towers take time and memory."""
    write_bars(tmp_path / "v.avi", 30)
    predictor, scored = predictor_of(small), []
    monkeypatch.setattr(predictor, "score", lambda seen, span, tracks: scored.append(span) or Scores({"final": 50.0}))
    assert codes(predictor(tmp_path / "v.avi").reasons) and not scored
    assert predictor(tmp_path / "v.avi", force=True).final == 50.0 and len(scored) == 1


def test_a_model_of_joints_scores_who_was_followed(tmp_path, monkeypatch):
    """In place of the model that finds performances; learned from simulation, by force alone."""
    write_bars(tmp_path / "v.avi", 60)
    scorer, dive = scoringnet_tf.from_preset("diving_body"), falling(9)
    predictor = Predictor(small_model(sport="diving_phases"), scorer=scorer)
    nobody = predictor(tmp_path / "v.avi", force=True)
    assert nobody.final is None and "no_joints" in codes(nobody.warnings)
    monkeypatch.setattr(predictor, "follow", lambda seen, span: [dive])
    forced = predictor(tmp_path / "v.avi", force=True)
    assert forced.final == joint_scores(scorer, [dive]).points["final"]
    assert codes(forced.reasons)[-1:] == codes(predictor.reliability.reasons) == ["simulated_training"]
    assert predictor(tmp_path / "v.avi").final is None


def test_a_damaged_video_is_scored_with_a_warning(tmp_path, small):
    write_bars(tmp_path / "whole.avi", 60)
    whole = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 6 // 10])
    score = score_video(tmp_path / "cut.avi", small)
    assert 0 < score.num_frames < 60 and "damaged" in codes(score.warnings)


def test_a_file_that_is_no_video(tmp_path, small, of_features):
    (tmp_path / "v.mp4").write_text("hello")
    for model in (small, of_features):
        with pytest.raises(ValueError, match=r"v\.mp4"):
            score_video(tmp_path / "v.mp4", model)


@pytest.mark.parametrize("path", [None, "", np.zeros((9, 8, 8, 3), np.uint8)], ids=["none", "empty", "array"])
def test_what_is_no_path_is_refused(small, path):
    with refused("not_a_path"):
        scoringnet_tf.score_video(path, small)


# === Features ===


def feature_model(origin=None, **options):
    """A model of features (L, 4), 12.5 a second."""
    features = {"size": 4, "stride": 2, "origin": origin}
    provenance = {"frame_rate": 12.5}
    return trained(
        scoringnet_tf.ScoringNet(
            width_multiplier=1 / 16,
            provenance=provenance,
            **merged(options, {"content": {"features": features}, "score_predictor": {"clip_lengths": (4, 4)}}),
        )
    )


@pytest.fixture
def features(tmp_path):
    """The path of features (25, 4)."""
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(25, 4)).astype("float32"))
    return tmp_path / "v.npy"


@pytest.fixture(scope="module")
def of_features():
    return feature_model()


def test_features_are_scored_as_the_model_scores_them(features, of_features):
    score = score_video(features, of_features, force=True)
    inputs = {"features": np.load(features)[None], "mask": np.ones((1, 25), bool)}
    expected = of_features(inputs, training=False)
    assert_scores(score, expected, rel=1e-4)
    assert (score.num_frames, score.fps, score.stages[-1]["end_s"]) == (25, 12.5, 2.0)
    labels = np.asarray(expected["labels"])[0]
    assert [run["start_frame"] for run in score.stages] == [0, *(np.flatnonzero(np.diff(labels)) + 1)]
    unknown = score_video(features, of_features.with_dtype("float32", provenance=None))
    assert unknown.fps == 25 and "frame_rate_assumed" in codes(unknown.warnings)
    assert "frame_rate_assumed" not in codes(score.warnings)


def test_features_are_no_clip_and_lie_on_a_disk(features, of_features):
    for clip in (Clip(features), Clip(features, (0, 3))):
        with refused("wrong_format", features):
            score_video(clip, of_features)
    with refused("flags_conflict", features, "end=1"):
        score_video(features, of_features, end=1)
    with refused("not_local", "s3://bucket/v.npy"):
        score_video("s3://bucket/v.npy", of_features)


KIND = {"size": 4, "stride": 2}


@pytest.mark.parametrize(
    ("ours", "theirs", "named"),
    [
        (None, {"size": 5, "stride": 2}, "size"),
        ({**KIND, "endpoint": "fc6"}, {**KIND, "endpoint": "pool5"}, "pool5"),
        (None, {"size": 4, "stride": 1}, "stride"),
    ],
)
def test_features_of_another_kind_are_refused(ours, theirs, named, tmp_path):
    np.save(tmp_path / "v.npy", np.zeros((6, theirs["size"])))
    (tmp_path / "features.json").write_text(json.dumps(theirs))
    with pytest.raises(ValueError, match=named):
        score_video(tmp_path / "v.npy", feature_model(ours))


def test_turned_axes_of_features_are_refused(tmp_path, of_features):
    values = np.random.default_rng(0).normal(size=(25, 4))
    for turned in (values.T, values[:, :3]):
        np.save(tmp_path / "t.npy", turned)
        with pytest.raises(ValueError, match=r"t\.npy"):
            score_video(tmp_path / "t.npy", of_features)
