"""What a model keeps of held-out and training videos, and what it says by it: intervals, a grade."""

import collections
import dataclasses
import itertools
import json

import keras
import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars, write_unlv_diving
from layouts import build_table
from refusals import refused
from scripted_stages import labels_of, scripted
from tiny_records import feature_video, write_records
from training_runs import TINY, telling, trained

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.data.splits import resplit
from scoringnet_tf.experiments.results import read_predictions
from scoringnet_tf.inference.calibration import (
    HeldOut,
    calibrate,
    check_kept,
    chosen_ids,
    is_calibrated,
    replace_file,
    true_and_predicted_times,
)
from scoringnet_tf.inference.evaluation import Predictions, predict_records, prediction_function
from scoringnet_tf.inference.predictor import Predictor, predictor_of, score_video
from scoringnet_tf.inference.reliability import stated_intervals
from scoringnet_tf.models.compatibility import check_fits
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.training_statistics import Intervals, checksum, is_current, pooled
from scoringnet_tf.sports import MEASURES, SCORES, get_sport
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.messages import InputError

FEATURES = {"size": 4, "stride": 2, "origin": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Records of 15 dives: 3 to train, 9 for validation, 3 to test."""
    root = tmp_path_factory.mktemp("split")
    source = write_unlv_diving(root / "source", 15, 3)
    build_records("unlv_diving", source, root / "records", BuildSettings((36, 48)), workers=1)
    info = DatasetInfo.load(root / "records")
    test, others = info.splits["test"]["ids"], info.splits["train"]["ids"]
    split = dict.fromkeys(test, "test") | {name: "train" if at < 3 else "validation" for at, name in enumerate(others)}
    resplit(info, split, root / "index")
    return root / "index"


@pytest.fixture(scope="module")
def info(folder):
    return DatasetInfo.load(folder)


@pytest.fixture(scope="module")
def plain(info):
    keras.utils.set_random_seed(0)
    return telling(
        scoringnet_tf.ScoringNet.for_records(info, **merged(TINY, {"segmenter": {"decoding": "ordered"}})), 3000.0
    )


@pytest.fixture(scope="module")
def model(plain, info):
    return calibrate(plain, info, HeldOut(info, "validation"))


def changed(network):
    """A copy with other weights."""
    copy = network.with_dtype("float32")
    copy.score_predictor.variables[0].assign_add(np.ones_like(copy.score_predictor.variables[0]))
    return copy


# === What is measured ===


@pytest.mark.slow
def test_intervals_are_measured_on_the_validation_split(model, plain, info):
    intervals = model.reference.intervals
    assert (intervals.split, intervals.data_hash, intervals.lacking) == ("validation", info.data_hash, "")
    assert intervals.num_videos == dict.fromkeys(SCORES, 9)
    assert sorted(intervals.shown) == sorted(shown(info.videos[name]) for name in info.splits["validation"]["ids"])
    dataset = scoringnet_tf.videos(info.records_dir, "validation", image_size=(32, 32), batch_size=1, with_info=True)
    found = predict_records(prediction_function(plain), dataset)
    for score, values in found.predicted.items():
        errors = np.abs(values - found.truth[score])
        assert intervals.half_widths[score] == pytest.approx(errors.max(), rel=1e-4)  # the ninth of nine


@pytest.mark.slow
def test_intervals_need_enough_held_out_videos(plain, diving_records):
    ten = DatasetInfo.load(diving_records)
    two = HeldOut(ten, "validation", ten.splits["train"]["ids"][:2])
    for held_out, lacking in ((two, "2 of final"), ("There are none.", "There are none.")):
        intervals = calibrate(plain, ten, held_out).reference.intervals
        assert intervals.half_widths == {} and lacking in intervals.lacking


@pytest.mark.slow
def test_a_file_keeps_all_and_is_measured_again_if_something_is_missing(plain, model, info, tmp_path):
    model.save(tmp_path / "best.keras")
    assert load_scoring_net(tmp_path).reference == model.reference and is_calibrated(model, info)
    for missing in ({"intervals": None}, {"certainty": None}):
        before = dataclasses.replace(model.reference, **missing).get_config()
        assert not is_calibrated(plain.with_dtype("float32", reference=before), info)
    assert not is_calibrated(changed(model), info)


def test_a_model_that_was_saved_meanwhile_is_left_alone(model, tmp_path):
    """Measuring takes minutes, in which a run may keep a better one."""
    file = tmp_path / "best.keras"
    file.write_bytes(b"a better one")
    with refused("changed", file):
        replace_file(file, model, "0" * 64)
    assert file.read_bytes() == b"a better one"
    replace_file(file, model, file_sha256(file))
    assert load_scoring_net(file).reference == model.reference


def test_of_many_videos_evenly_chosen_ones_are_measured(info):
    """Every third of 3 and 9: the first of the former, the first, fourth and seventh of the latter; none to test."""
    validation = info.splits["validation"]["ids"]
    expected = {"train": info.splits["train"]["ids"][:1], "validation": [validation[at] for at in (0, 3, 6)]}
    assert chosen_ids(info, 4) == expected


@pytest.mark.slow
def test_a_compiled_model_keeps_its_reference_until_it_is_trained(model, folder, tmp_path):
    learning = model.with_dtype("float32")
    learning.compile(keras.optimizers.SGD(0.01), run_eagerly=True)
    assert is_current(learning)
    batches = scoringnet_tf.videos(folder, "train", image_size=(32, 32), batch_size=3)
    learning.fit(batches, verbose=0, shuffle=False)
    assert not is_current(learning)
    calibrate(learning, DatasetInfo.load(folder)).save(tmp_path / "model.keras")
    assert is_current(load_scoring_net(tmp_path / "model.keras"))


@pytest.mark.slow
def test_what_rounded_weights_were_measured_with_is_known_in_float32(plain, model):
    """Float32 holds every number of bfloat16; of the way back nothing can be told."""
    for dtype in ("bfloat16", "mixed_bfloat16"):
        weights = checksum(plain.with_dtype(dtype))
        rounded = plain.with_dtype(dtype, reference={**model.reference.get_config(), "weights": weights})
        assert is_current(rounded) and is_current(rounded.with_dtype("float32"))
    assert is_current(model.with_dtype("bfloat16"))


@pytest.mark.slow
def test_the_stages_of_records_without_them_are_those_that_the_model_finds(stage_model, tmp_path):
    rows = ["video,split,difficulty,execution,final"]
    # Labelled in part counts as unlabelled.
    (tmp_path / "stage_labels.csv").write_text("video_id,stage,start_frame,end_frame\n0.avi,pre-starting,4,8\n")
    rates = [25, 100, 25, 10, 25, 25]
    for number, rate in enumerate(rates):
        write_bars(tmp_path / f"{number}.avi", 40, number, fps=rate)
        rows.append(f"{number}.avi,train,3.0,20.0,60.0")
    network = load_scoring_net(stage_model)
    reference = calibrate(network, DatasetInfo.load(build_table(tmp_path, rows))).reference
    found = collections.defaultdict(list)
    for number, rate in enumerate(rates):
        of_video = collections.Counter()
        for run in score_video(tmp_path / f"{number}.avi", network, force=True).stages:
            of_video[run["name"]] += (run["end_frame"] - run["start_frame"]) / rate
        for stage, seconds in of_video.items():
            found[stage].append(seconds)
    found.pop("noise", None)
    assert set(reference.durations) == set(found) and found
    for stage, limits in reference.durations.items():
        assert limits == pytest.approx((min(found[stage]), max(found[stage])), abs=0.05)


def test_how_long_a_stage_lasts_goes_by_the_rate_of_its_video(tmp_path):
    """Four steps in each video, of which one has 5 steps a second, others half and four times as many."""
    stages, values = np.repeat([0, 1, 2, 3], 4), np.random.default_rng(0).normal(size=(6, 16, 4)).astype(np.float32)
    videos = [
        feature_video(f"{at}", values[at], stages, rate, difficulty=3.0 + at / 9, execution=20.0 + at, final=60.0)
        for at, rate in enumerate((5.0, 2.5, 20.0, 5.0, 5.0, 5.0))
    ]
    info = DatasetInfo.load(write_records(tmp_path / "records", {"train": videos}))
    small = merged(TINY, {"score_predictor": {"clip_lengths": (4, 4)}})
    found = calibrate(telling(scoringnet_tf.ScoringNet.for_records(info, **small)), info).reference
    assert (found.durations, found.num_steps) == (dict.fromkeys(info.stages[1:], (0.2, 1.6)), None)
    whole = telling(scoringnet_tf.ScoringNet.for_records(info, **merged(small, {"segmenter": None})))
    whole = calibrate(whole, info).reference
    assert (whole.durations, whole.num_steps) == ({}, (16, 16))


def test_moments_that_are_not_found_are_no_errors():
    """`predict` tells no time of them. Of twelve videos at 10 frames/s one shows no entry that is found."""
    true, late = labels_of((0, 5), (1, 5), (2, 10), (3, 5), (0, 5)), labels_of((0, 5), (1, 5), (2, 12), (3, 5), (0, 3))
    lacking = labels_of((0, 5), (1, 5), (2, 20))
    found = Predictions(stages_true=[true] * 12, stages_predicted=[late] * 11 + [lacking], frame_rates=np.full(12, 10))
    times = Intervals.measured(*true_and_predicted_times(found, get_sport("diving")), "validation", "hash")
    assert (times.num_videos["entry"], times.half_widths["entry"]) == (11, pytest.approx(0.2))


# === Damaged ones ===


def test_damaged_ones_are_refused(plain, model):
    config = model.reference.get_config()
    with pytest.raises(ValueError, match=r"level"):
        plain.with_dtype("float32", reference={**config, "intervals": {**config["intervals"], "level": 7}})


# === What is said of a video ===


def predicting(network, reference):
    """A predictor that finds one dive, of a network with other statistics; it shares what was traced for others."""
    labels = np.repeat([0, 1, 2, 3, 0], [4, 4, 12, 8, 5])
    known = network.with_dtype("float32", reference=reference.get_config())
    return scripted(predictor_of(network), labels, model=known)


@pytest.fixture(scope="module")
def lenient(model):
    """Statistics by which nothing speaks against a score."""
    spread = dataclasses.replace(model.reference.spread, limit=1e6)
    return dataclasses.replace(model.reference, required=(), durations={}, certainty={}, spread=spread)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "v.avi"
    write_bars(path, 33, 2)
    return path


def test_a_score_has_intervals_unless_it_is_forced(plain, lenient, model, video):
    score = predicting(plain, lenient)(video)
    assert (score.status, score.interval_level) == ("scored", 0.9)
    for name, width in model.reference.intervals.half_widths.items():
        (lowest, highest), value = model.sport.range_of(name), getattr(score, name)
        assert score.intervals[name] == pytest.approx((max(value - width, lowest), min(value + width, highest)))
    strict = dataclasses.replace(lenient, spread=dataclasses.replace(lenient.spread, limit=1e-6))
    forced, withheld = (predicting(plain, strict)(video, force=force) for force in (True, False))
    assert forced.final == score.final and forced.intervals == {} and forced.status == "forced"
    assert (withheld.intervals, withheld.final) == ({}, None)


def test_a_video_nearly_unlike_training_says_so(plain, lenient, video):
    """With the limit a little above a video's own distance it is far from training, with twice that it is not."""
    scorer = predicting(plain, lenient)
    seen = scorer.see(*scorer.read(video))
    center = pooled(seen.features[np.newaxis], seen.stages.argmax(axis=1)[np.newaxis], np.ones((1, 33), bool))
    distance = float(np.asarray(lenient.spread.distance(center))[0])
    for share, is_far in ((1.1, True), (2.0, False)):
        spread = dataclasses.replace(lenient.spread, limit=share * distance)
        score = predicting(plain, dataclasses.replace(lenient, spread=spread))(video)
        assert ("far_from_training" in [warning.code for warning in score.warnings]) == is_far


def test_what_was_measured_with_other_weights_says_nothing(model, video):
    score = Predictor(changed(model))(video, force=True)
    assert (score.interval_level, score.intervals) == (None, {})
    assert "stale_reference" in [warning.code for warning in score.warnings]


# === Commands ===


def test_intervals_are_not_given_up_for_none(plain, model):
    lacking = {**model.reference.get_config(), "intervals": None}
    without = model.with_dtype("float32", reference=lacking)
    with refused("few_held_out", "final"):
        check_kept(model, without)
    for before, after in ((model, model), (plain, without), (without, model), (changed(model), without)):
        check_kept(before, after)


@pytest.mark.slow
def test_the_command_measures_by_other_records_and_says_so(plain, folder, tmp_path):
    other = plain.with_dtype("float32", provenance={**plain.provenance, "data_hash": "another"})
    other.save(tmp_path / "model.keras")
    result = forked("scoringnet_tf.calibrate", f"--model={tmp_path / 'model.keras'}", f"--records_dir={folder}")
    assert result.returncode == 0, result.stderr
    (line,) = (line for line in result.stdout.splitlines() if str(folder) in line)
    assert str(tmp_path / "model.keras") in line
    assert load_scoring_net(tmp_path).reference.num_videos == 12


def test_an_evaluation_states_what_the_model_does_or_why_not(plain, model):
    assert stated_intervals(model) == model.reference.intervals
    old = plain.with_dtype("float32", reference={**model.reference.get_config(), "intervals": None})
    for other in (plain, old, changed(model)):
        assert stated_intervals(other).half_widths == {} and stated_intervals(other).lacking


@pytest.mark.slow
def test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold(model, info, tmp_path):
    """Two of the three videos that it tests have set them."""
    of = {name: info.splits[name]["ids"] for name in ("train", "validation", "test")}
    tested = [*of["validation"][:2], of["test"][0]]
    names = [*of["train"], *of["validation"][2:], *of["test"][1:]]
    resplit(info, dict.fromkeys(tested, "test") | dict.fromkeys(names, "train"), tmp_path / "index")
    model.save(tmp_path / "model.keras")
    metrics, words = {}, [f"--model={tmp_path / 'model.keras'}", f"--records_dir={tmp_path / 'index'}"]
    for name, flags in (("report", ()), ("oracle", ("--true_fragments",))):
        result = forked("scoringnet_tf.evaluate", *words, f"--output_dir={tmp_path / name}", *flags)
        assert result.returncode == 0, result.stderr
        metrics[name] = json.loads((tmp_path / name / "metrics.json").read_text())
    assert [metrics[name]["fragments"] for name in ("report", "oracle")] == ["predicted", "true"]
    assert metrics["oracle"]["intervals"]["scores"] == {}  # they were measured with stages that the model finds
    found = read_predictions(tmp_path / "report/predictions.csv")
    for score, (name, measure) in itertools.product(SCORES, MEASURES.items()):
        kept = np.array(metrics["report"][f"{score[0]}_{name}"], float)  # None is NaN
        np.testing.assert_array_equal(kept, measure(found.truth[score], found.predicted[score]))
    stated, width = metrics["report"]["intervals"], model.reference.intervals.half_widths["final"]
    held = np.abs(found.truth["final"] - found.predicted["final"]) <= width
    assert (stated["claimed"], stated["scores"]["final"]["num_videos"]) == (0.9, 3)
    assert stated["scores"]["final"]["held"] == pytest.approx(held.mean())
    assert (stated["same_videos"], stated["shared_videos"]) == (False, 2)


# === Records that are not those of the run ===

KIND = {"features": FEATURES, "frame_rate": 12.5}


@pytest.fixture(scope="module")
def of_frames(info):
    return trained(scoringnet_tf.ScoringNet.for_records(info, **TINY))


@pytest.mark.parametrize(
    ("steps", "ours", "theirs", "named"),
    [
        (None, {}, {"frame_size": (72, 96)}, "(72, 96)"),
        (None, {}, {"frame_rate": 50.0}, "50"),
        (None, {}, {"aspect": 0.6}, "0.60"),
        (None, {}, {"settings": {"jpeg_quality": 50, "fit": "crop"}}, "50"),
        (None, {}, {"settings": {"jpeg_quality": 92, "fit": "pad"}}, "pad"),
        (None, {}, {"frame_rate": 25.2}, None),
        (None, {}, {"settings": {}}, None),  # of before this was kept
        (4, KIND, {"features": {**FEATURES, "stride": 4}}, "stride"),
        (4, KIND, {"frame_rate": 25.0}, "25"),
        (4, KIND, {"frame_rate": 12.6}, None),
        (1, KIND, {"frame_rate": 25.0}, None),  # one step for a whole video has no rate
    ],
)
def test_records_that_are_not_like_those_of_the_model_are_refused(info, of_frames, steps, ours, theirs, named):
    records, model = dataclasses.replace(info, **ours), of_frames
    if steps:
        options = {"width_multiplier": 1 / 16, "segmenter": None, "score_predictor": {"clip_lengths": (steps, steps)}}
        model = trained(scoringnet_tf.ScoringNet.for_records(records, **options))
    other = dataclasses.replace(records, **theirs)
    if named is None:
        check_fits(model, other)
        return
    with pytest.raises(InputError) as caught:
        check_fits(model, other)
    assert named in str(caught.value)
    with pytest.raises(InputError):  # before anything is measured
        calibrate(model, records, HeldOut(other, "validation"))
