"""Scores are withheld from what is no performance like those of training, and say why; the export knows it, too."""

import dataclasses

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars, write_images, write_timed, write_unlv_diving, write_video
from training_runs import telling, trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference import calibration, serving
from scoringnet_tf.inference.calibration import add_reference, is_measured, measured
from scoringnet_tf.inference.export import checked_outputs, export_saved_model
from scoringnet_tf.inference.findings import Findings, Found, _span
from scoringnet_tf.inference.prediction import VideoScorer, score_video
from scoringnet_tf.inference.refusal import _impossible, doubts, is_whole, reasons_against, several
from scoringnet_tf.inference.trust import Likeness, Trust
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.reference import checksum
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.remarks import Remark

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8), "frame_size": (36, 48)}
STAGES = ("pre-starting", "take-flight", "entry")


@pytest.fixture(scope="module")
def model(diving_records):
    """An untrained one for the records, which knows what their training videos are like."""
    keras.utils.set_random_seed(0)
    options = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8), "decoding": "ordered"}
    plain = trained(scoringnet_tf.ScoringNet.for_records(DatasetInfo.load(diving_records), **options))
    return scoringnet_tf.with_reference(plain, diving_records)


@pytest.fixture(scope="module")
def scorer(model):
    return VideoScorer(model)


DIVE = ((0, 4), (1, 4), (2, 12), (3, 8), (0, 5))


def script(scorer, monkeypatch, runs, probability=0.97):
    """Makes KFS of a scorer find these stages with a probability, and see what its features are."""
    labels = np.repeat([stage for stage, _ in runs], [count for _, count in runs])
    original = scorer._segmented

    def segmented(video, samples):
        _, features = original(video, samples)
        rest = (1 - probability) / 3
        return np.eye(4, dtype="float32")[labels] * np.float32(probability - rest) + np.float32(rest), features

    monkeypatch.setattr(scorer, "_segmented", segmented)


def codes(score):
    return [reason.code for reason in score.reasons]


# === What training was like ===


@pytest.mark.slow
def test_durations_are_those_of_the_labels_and_videos_those_of_training(diving_records, model):
    """Of the fixture's video i: the flight from 4 to 12 + i, the entry to 18 + i, at 25 frames/s."""
    info, reference = DatasetInfo.load(diving_records), model.reference
    assert reference.num_videos == 7 and reference.data_hash == info.data_hash
    assert reference.required == STAGES
    numbers = [int(video) for video in info.splits["train"]["ids"]]
    assert reference.durations["pre-starting"] == (0.16, 0.16)
    flights = [(12 + number - 4) / 25 for number in numbers]
    assert reference.durations["take-flight"] == pytest.approx((min(flights), max(flights)))
    assert reference.durations["entry"] == (0.24, 0.24)
    assert len(reference.spread.mean) == 512 // 16


def test_the_test_split_is_never_looked_at(diving_records, model, monkeypatch):
    asked = []
    original = calibration.input_pipeline.videos

    def videos(records_dir, split, **options):
        asked.append((split, len(options["ids"])))
        return original(records_dir, split, **options)

    monkeypatch.setattr(calibration.input_pipeline, "videos", videos)
    monkeypatch.setattr(calibration, "MAX_VIDEOS", 4)
    assert measured(model, DatasetInfo.load(diving_records)).num_videos == 4
    assert asked == [("train", 4)]


@pytest.mark.slow
def test_a_preset_and_a_file_keep_it(model, diving_records, tmp_path):
    model.save_to_preset(tmp_path / "preset")
    assert scoringnet_tf.from_preset(tmp_path / "preset").reference == model.reference
    model.with_dtype("float32", reference=None).save(tmp_path / "run/best.keras")
    assert load_scoring_net(tmp_path / "run").reference is None
    info = DatasetInfo.load(diving_records)
    assert not is_measured(tmp_path / "run", info)
    path, _ = add_reference(tmp_path / "run", info)
    assert is_measured(tmp_path / "run", info)
    assert not is_measured(tmp_path / "run", dataclasses.replace(info, data_hash="other"))
    assert path == tmp_path / "run/best.keras" and load_scoring_net(tmp_path / "run").reference == model.reference


def test_samples_of_whole_videos_have_nothing_to_compare(diving_records):
    whole = trained(scoringnet_tf.ScoringNet(fragments="whole", **SMALL))
    with pytest.raises(InputError, match="Expected a model that finds stages or sees features"):
        scoringnet_tf.with_reference(whole, diving_records)


# === Withheld ===


def test_a_video_like_those_of_training_is_scored(scorer, monkeypatch, tmp_path):
    write_bars(tmp_path / "v.avi", 33, number=2)
    script(scorer, monkeypatch, DIVE)
    score = scorer(tmp_path / "v.avi")
    assert (score.status, score.reasons) == ("scored", []) and score.final > 0
    assert [warning.code for warning in score.warnings] == ["no_intervals"]  # nothing was held out of its training
    assert score.performances[0].start_frame == 4 and score.performances[0].end_frame == 28


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (((0, 33),), ["missing_stage"]),
        (((0, 4), (1, 4), (2, 12), (0, 13)), ["missing_stage"]),
        (((0, 1), (1, 4), (2, 26), (3, 2)), ["stage_duration"]),
    ],
)
def test_scores_are_withheld_where_stages_lack_or_are_impossible(scorer, monkeypatch, tmp_path, runs, expected):
    write_bars(tmp_path / "v.avi", 33, number=2)
    script(scorer, monkeypatch, runs)
    score = scorer(tmp_path / "v.avi")
    assert codes(score) == expected and score.status == "withheld"
    assert (score.difficulty, score.execution, score.final, score.deviations) == (None, None, None, {})
    assert "Withheld: " in str(score) and "no score" in str(score)
    forced = scorer(tmp_path / "v.avi", force=True)
    assert codes(forced) == expected and forced.status == "forced" and forced.final > 0
    assert "By force, in spite of: " in str(forced)


def test_an_impossible_duration_is_told_in_seconds_beside_those_of_training(model):
    labels = np.repeat([1, 2, 3], [4, 30, 6]).astype("int32")
    (reason,) = reasons_against(model, labels, None, 25.0, 40)
    low, high = model.reference.durations["take-flight"]
    assert reason == f"take-flight lasts 1.20 s, in training {low:.2f} to {high:.2f} s."


def test_a_duration_is_that_of_the_frame_rate_which_the_frames_have(model):
    """Twice the frames at twice the rate are as long; half the rate makes a stage too long that was not."""
    labels = np.repeat([1, 2, 3], [4, 12, 8]).astype("int32")
    assert [str(reason) for reason in reasons_against(model, labels, None, 25.0, 24)] == []
    assert reasons_against(model, np.repeat(labels, 2), None, 50.0, 48) == []
    (reason,) = reasons_against(model, labels, None, 5.0, 24)
    assert reason.code == "stage_duration" and "take-flight lasts 2.40 s" in reason


@pytest.mark.slow
def test_how_sure_kfs_is_of_training_videos_is_kept(diving_records, model):
    """By the whole model, video by video: the lowest but for one in a hundred, here a hundredth from the lowest on."""
    found = {stage: [] for stage in STAGES}
    for inputs, _ in scoringnet_tf.videos(diving_records, "train", image_size=(32, 32), batch_size=1):
        outputs = model(inputs, training=False)
        labels, probabilities = (np.asarray(outputs[name])[0] for name in ("labels", "stages"))
        real = np.asarray(inputs["mask"])[0]
        for index, stage in enumerate(STAGES, start=1):
            if (labels[real] == index).any():
                found[stage].append(probabilities[real & (labels == index), index].mean())
    expected = {stage: np.quantile(each, 0.01) for stage, each in found.items() if each}
    assert model.reference.certainty == pytest.approx(expected, abs=1e-3) and expected


def test_stages_that_are_doubtful_are_told_beside_those_of_training(model, scorer, monkeypatch, tmp_path):
    """The same video, once found surely and once not; the exported model asks the same function (`checks`)."""
    write_bars(tmp_path / "v.avi", 33, number=2)
    certain = dataclasses.replace(model.reference, certainty=dict.fromkeys(STAGES, 0.95))
    strict = VideoScorer(model.with_dtype("float32", reference=certain.get_config()))
    script(strict, monkeypatch, DIVE)
    assert strict(tmp_path / "v.avi").status == "scored"
    script(strict, monkeypatch, DIVE, probability=0.85)
    score = strict(tmp_path / "v.avi")
    assert codes(score) == ["uncertain_stage"] and score.final is None
    said = "is found with a probability of 0.85, in training of 0.95 or more"
    assert score.reasons == [f"{'; '.join(f'{stage} {said}' for stage in STAGES[1:])}."]
    script(scorer, monkeypatch, DIVE, probability=0.85)
    assert scorer(tmp_path / "v.avi").status == "scored"


NOT_DIVES = {
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (33, 48, 64, 3)).astype(np.uint8),
    "black": lambda: np.zeros((33, 48, 64, 3), np.uint8),
}


@pytest.mark.parametrize("name", NOT_DIVES)
def test_what_looks_unlike_training_is_withheld_whatever_stages_are_found(scorer, monkeypatch, tmp_path, name):
    write_video(tmp_path / "v.avi", NOT_DIVES[name]())
    script(scorer, monkeypatch, DIVE)
    score = scorer(tmp_path / "v.avi")
    assert codes(score) == ["unlike_training"] and score.final is None


def test_too_few_and_too_small_frames(scorer, tmp_path):
    write_images(tmp_path / "few", 5)
    assert "too_few_frames" in codes(scorer(tmp_path / "few"))
    write_bars(tmp_path / "slow.avi", 12, fps=12)
    slow = scorer(tmp_path / "slow.avi")
    assert slow.reasons == ["It has 12 frames/s, the model was trained at 25: too few to see motion."]
    assert codes(slow) == ["frame_rate_too_low"] and slow.stages != [], "stages are told, scores are not"
    write_video(tmp_path / "small.mkv", np.full((12, 14, 64, 3), 90, np.uint8), codec="libx264")
    small = scorer(tmp_path / "small.mkv")
    assert "picture_too_small" in codes(small) and small.stages == []
    forced = scorer(tmp_path / "small.mkv", force=True)
    assert forced.final is not None and forced.stages[-1]["end_frame"] == 12, "by its stages, not as a whole"


@pytest.mark.parametrize("number", [0, 12])
def test_one_frame_that_is_too_small_is_too_little_to_score(scorer, monkeypatch, tmp_path, number):
    write_images(tmp_path / "v", 33)
    cv2.imwrite(str(tmp_path / f"v/img_{number + 1:05d}.jpg"), np.full((14, 64, 3), 90, np.uint8))
    script(scorer, monkeypatch, DIVE)
    score = scorer(tmp_path / "v")
    assert score.reasons == ["Its picture is 64×14: at least 16×16 is needed."]
    assert codes(score) == ["picture_too_small"] and len(score.stages) == 5, "stages are told, scores are not"


LONG_AFTER = (*DIVE[:-1], (0, 45))  # the dive is shown from 0.16 s to 1.12 s


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (range(10, 16), ["It has no frame between 0.36 and 0.64 s: the model saw mixtures of those around."]),
        (
            [*range(6, 11), *range(20, 26)],
            ["It has no frame between 0.20 and 0.44 s, nor in 1 other gap: the model saw mixtures of those around."],
        ),
        (range(10, 14), []),  # as of an uneven rate
        (range(30, 60), []),  # after the dive
    ],
)
def test_frames_that_a_dive_lacks_are_told(scorer, monkeypatch, tmp_path, missing, said):
    write_timed(tmp_path / "v.mkv", [40 * number for number in range(73) if number not in missing], rate=25)
    script(scorer, monkeypatch, LONG_AFTER)
    score = scorer(tmp_path / "v.mkv", force=True)
    assert [warning for warning in score.warnings if warning.code == "frames_missing"] == said
    assert ("frames_missing" in score.performances[0].reliability.because) == bool(said)
    assert "frame_rate_too_low" not in codes(score)


def test_a_dive_with_too_few_frames_is_withheld_in_a_file_that_has_enough(scorer, monkeypatch, tmp_path):
    write_timed(tmp_path / "v.mkv", [40 * number for number in range(73) if number > 30 or number % 3 == 0], rate=25)
    script(scorer, monkeypatch, LONG_AFTER)
    score = scorer(tmp_path / "v.mkv")
    assert score.reasons == ["It has 8.333 frames/s, the model was trained at 25: too few to see motion."]
    assert codes(score) == ["frame_rate_too_low"] and score.fps > 12.5 and len(score.stages) == 5


def test_stray_labels_around_a_hole_have_no_rate(scorer, monkeypatch, tmp_path):
    """What lacks is a stage: that is the reason, and not the rate of two frames."""
    times = [40 * number for number in range(73) if not 20 <= number < 24]
    write_timed(tmp_path / "v.mkv", times, rate=25)
    script(scorer, monkeypatch, ((0, 19), (2, 6), (0, 48)))
    score = scorer(tmp_path / "v.mkv")
    assert "missing_stage" in codes(score) and "frame_rate_too_low" not in codes(score)


def test_half_the_rate_of_training_is_enough(scorer, monkeypatch, tmp_path):
    """Of a part of it the times, which are rounded, say neither more nor less than of all."""
    write_timed(tmp_path / "v.mkv", range(0, 80 * 17, 80), rate=25)
    script(scorer, monkeypatch, (*DIVE[:-1], (0, 6)))
    assert "frame_rate_too_low" not in codes(scorer(tmp_path / "v.mkv"))


@pytest.mark.slow
def test_a_model_that_cannot_tell_says_so(model, tmp_path):
    write_bars(tmp_path / "v.avi", 12)
    without = model.with_dtype("float32", reference=None)
    assert "no_reference" in [warning.code for warning in score_video(tmp_path / "v.avi", without).warnings]
    trained_on = model.with_dtype("float32")
    before = [warning.code for warning in score_video(tmp_path / "v.avi", trained_on).warnings]
    assert "stale_reference" not in before, "and then it is trained on"
    trained_on.score_predictor.variables[0].assign_add(np.ones_like(trained_on.score_predictor.variables[0]))
    warnings = [warning.code for warning in score_video(tmp_path / "v.avi", trained_on).warnings]
    assert "stale_reference" in warnings and "no_reference" not in warnings
    few = {**model.reference.get_config(), "spread": None, "bank": None, "num_videos": 1}
    (doubt,) = [each for each in doubts(model.with_dtype("float32", reference=few)) if each.code == "no_distance"]
    assert doubt.startswith("Of 1 training video, too few, how far") and "no_distance" not in before


def test_a_remedy_that_would_be_refused_is_not_named(model):
    """Nothing can be measured of a model of whole videos, nor of one whose SP has not learned."""
    without = model.with_dtype("float32", reference=None)
    assert "(python -m scoringnet_tf.calibrate)" in next(
        each for each in doubts(without) if each.code == "no_reference"
    )
    whole = scoringnet_tf.ScoringNet(image_size=(32, 32), width_multiplier=1 / 16, fragments="whole")
    unlearned = model.with_dtype("float32", reference=None)
    unlearned.scores_learned = False
    for each in (whole, unlearned):
        doubt = next(said for said in doubts(each) if said.code == "no_reference")
        assert "calibrate" not in doubt and doubt.endswith(", nor can one be made.")


def test_features_far_from_those_of_training_are_withheld(tmp_path):
    rng = np.random.default_rng(0)
    from scoringnet_tf.models.reference import Reference, Spread

    reference = Reference(60, "", 0, {}, (), Spread.of(rng.normal(size=(60, 4))))
    model = scoringnet_tf.ScoringNet(
        features={"size": 4, "stride": 2, "origin": None},
        fragments="whole",
        clip_lengths=(4, 4),
        width_multiplier=1 / 16,
        score_statistics={"difficulty": (3.2, 0.3), "execution": (22.0, 4.0)},
        reference=reference.get_config(),
    )
    trained(model)
    for name, mean in (("near", 0), ("far", 9)):
        np.save(tmp_path / f"{name}.npy", mean + rng.normal(size=(25, 4)))
    assert score_video(tmp_path / "near.npy", model).status == "scored"
    assert codes(score_video(tmp_path / "far.npy", model)) == ["unlike_training"]


@pytest.mark.parametrize(
    ("num_steps", "steps", "is_told"),
    [
        ((2900, 3100), 5, True),
        ((20, 40), 15, False),
        ((20, 40), 59, False),
        ((20, 40), 61, True),
        ((1, 1), 1, False),
        ((1, 1), 9, True),
        (None, 5, False),
    ],
)
def test_features_of_a_length_outside_training_are_told(tmp_path, num_steps, steps, is_told):
    """A model of features without stages knows no durations; one that was measured before says nothing."""
    from scoringnet_tf.models.reference import Reference

    reference = Reference(60, "", 0, {}, (), num_steps=num_steps).get_config()
    if num_steps is None:
        del reference["num_steps"]  # as before
    model = scoringnet_tf.ScoringNet(
        features={"size": 4, "stride": 2, "origin": None},
        fragments="whole",
        clip_lengths=(4, 4),
        width_multiplier=1 / 16,
        score_statistics={"difficulty": (3.2, 0.3), "execution": (22.0, 4.0)},
        reference=reference,
    )
    model.scores_learned = True
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(steps, 4)))
    score = score_video(tmp_path / "v.npy", model)
    assert score.status == "scored"
    assert ("length_unlike_training" in [warning.code for warning in score.warnings]) == is_told
    assert ("length_unlike_training" in score.performances[0].reliability.because) == is_told
    again = Reference.from_config(model.reference.get_config())
    assert again == model.reference and again.num_steps == num_steps


def test_at_the_limit_of_a_duration_all_say_the_same(model):
    """For a performance among several and for one alone, at every rate."""
    for rate in (12.0, 23.976, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0):
        _, longest = model.reference.limits("take-flight")
        for count in range(int(longest * rate) - 2, int(longest * rate) + 3):
            labels = np.repeat([1, 2, 3], [int(rate / 6), count, int(rate / 4)]).astype("int32")
            against = reasons_against(model, labels, None, rate, len(labels))
            told = any("take-flight lasts" in reason for reason in against if reason.code == "stage_duration")
            counts = np.bincount(labels, minlength=4)
            assert told == any("take-flight" in phrase for phrase in _impossible(model, counts, rate)), (rate, count)
            assert is_whole(model, labels, rate) == (not against), (rate, count)


@pytest.mark.slow
def test_a_score_that_no_performance_has_is_withheld(model, diving_records, monkeypatch, tmp_path):
    """A tower's last layer is linear: what it answers far from training may be any number."""
    changed = model.with_dtype("float32")
    for tower in changed.score_predictor.towers.values():
        tower.get_layer("regressor_fc3").bias.assign([40.0])
    changed = scoringnet_tf.with_reference(changed, diving_records)
    scorer = VideoScorer(changed)
    write_images(tmp_path / "dive", 33, number=2, name="{}.png")
    script(scorer, monkeypatch, DIVE)
    withheld, forced = scorer(tmp_path / "dive"), scorer(tmp_path / "dive", force=True)
    assert codes(withheld) == ["impossible_score"] and withheld.final is None
    assert "the final score would be" in withheld.reasons[0] and "in the sport 0 to" in withheld.reasons[0]
    assert codes(forced) == ["impossible_score"] and forced.final > 500
    (performance,) = forced.performances
    assert performance.intervals == {} and performance.reliability.grade == "low"


def test_impossible_scores_are_told_of_each_video():
    from scoringnet_tf.models.reference import impossible_scores
    from scoringnet_tf.sports import get_sport

    outputs = {"difficulty": tf.constant([3.0, 3.0, 6.0, np.nan]), "execution": tf.constant([0.0, 30.004, 20.0, 20.0])}
    found = impossible_scores(get_sport("diving"), outputs)
    assert {score: value.numpy().tolist() for score, value in found.items()} == {
        "difficulty": [False, False, True, True],
        "execution": [False, False, False, False],
    }


def test_a_warning_of_one_performance_is_not_of_the_next(model):
    times = np.arange(67) / 25
    labels = np.repeat([stage for stage, _ in DIVE], [count for _, count in DIVE])
    outputs = {score: np.float32([value]) for score, value in (("difficulty", 3), ("execution", 24), ("final", 72))}
    findings = Findings(model, Trust(model, []))
    findings.has_stages = True
    findings.begin(times, 0, [Remark("damaged", "It ends early.")])
    empty = [Remark("empty_fragment", "No key fragment.")]
    first, second = (
        findings.add(Found(start, start + 33, labels, [], outputs, warnings, Likeness()), np.arange(66))
        for start, warnings in ((0, empty), (33, []))
    )
    assert "empty_fragment" in first.reliability.because and "empty_fragment" not in second.reliability.because
    assert "damaged" in first.reliability.because and "damaged" in second.reliability.because  # which is of the video
    score = findings.result("v", 25.0, None)
    assert [warning.code for warning in score.warnings] == ["damaged", "empty_fragment"]
    assert [warning.code for warning in score.warnings_of(first)] == ["damaged", "empty_fragment"]
    assert [warning.code for warning in score.warnings_of(second)] == ["damaged"]
    assert [warning.code for warning in findings.on_the_way(second, "v", 25.0, None).warnings] == ["damaged"]


def test_performances_are_told_apart_at_the_rate_of_the_video(model, tmp_path, monkeypatch):
    """Of a model that does not know its own, twice the frames at twice the rate are the same two dives."""
    config = {**model.provenance, "frame_rate": None}
    scorer = VideoScorer(model.with_dtype("float32", provenance=config))
    write_bars(tmp_path / "fast.avi", 132, number=2, fps=50)
    script(scorer, monkeypatch, [(stage, 2 * count) for stage, count in DIVE * 2])
    assert len(scorer(tmp_path / "fast.avi", force=True).performances) == 2


# === Several performances ===


def test_two_dives_are_scored_each_by_its_own_frames(model, monkeypatch, tmp_path):
    """What is scored of each are its own pixels, not those of the other one, and not a mixture of both."""
    changed = model.with_dtype("float32")
    for tower in changed.score_predictor.towers.values():  # which begin near the mean, whatever they see
        kernel = tower.get_layer("regressor_fc3").kernel
        kernel.assign(np.ones(kernel.shape))
    scorer = VideoScorer(changed)
    for name, number in (("first", 2), ("second", 5)):
        write_images(tmp_path / name, 33, number=number, name="{}.png")
    write_images(tmp_path / "twice", 33, number=2, name="{}.png")
    write_images(tmp_path / "twice", 33, number=5, name="{}.png", first=34)
    with monkeypatch.context() as patch:
        script(scorer, patch, DIVE)
        first, second = (scorer(tmp_path / name, force=True) for name in ("first", "second"))
    assert abs(first.final - second.final) > 1e-2
    script(scorer, monkeypatch, DIVE * 2)
    twice = scorer(tmp_path / "twice", force=True)
    assert (twice.final, codes(twice)) == (None, ["several_performances"])
    assert [p.final for p in twice.performances] == pytest.approx([first.final, second.final], abs=1e-4)
    assert [(p.start_frame, p.end_frame) for p in twice.performances] == [(4, 28), (37, 61)]
    assert [p.start_s for p in twice.performances] == [0.16, 1.48]
    assert [stage["name"] for stage in twice.stages].count("take-flight") == 2 and len(twice.rows()) == 2
    assert str(twice).count("Performance at") == 2 and "2 performances" in twice.score_line()


def test_two_dives_without_scores_are_no_performances_with_scores_of_their_own(model, monkeypatch, tmp_path):
    certain = dataclasses.replace(model.reference, certainty=dict.fromkeys(STAGES, 0.95))
    scorer = VideoScorer(model.with_dtype("float32", reference=certain.get_config()))
    write_bars(tmp_path / "v.avi", 66, number=2)
    script(scorer, monkeypatch, DIVE * 2, probability=0.85)
    score = scorer(tmp_path / "v.avi")
    assert (score.status, codes(score)) == ("withheld", ["none_scored"])
    assert [one.reasons[0].code for one in score.performances] == ["uncertain_stage"] * 2
    assert codes(scorer(tmp_path / "v.avi", force=True)) == ["several_performances"]


@pytest.mark.parametrize(
    ("scored", "code"), [(3, "several_performances"), (1, "several_performances"), (0, "none_scored")]
)
def test_several_performances_are_a_reason_that_says_whether_they_have_scores(scored, code):
    assert several(3, scored).code == code


def test_a_performance_that_no_frame_of_the_file_shows_is_where_the_next_one_is():
    labels, numbers = np.array([0, 1, 2, 0, 1]), np.array([0, 0, 0, 2, 2])
    assert [_span(labels, numbers, number, number + 1) for number in range(4)] == [(1, 3), (3, 4), (4, 5), (4, 5)]


def test_a_dive_and_a_part_of_one_is_one(scorer, monkeypatch, tmp_path):
    write_bars(tmp_path / "v.avi", 44, number=2)
    script(scorer, monkeypatch, (*DIVE, (1, 4), (0, 7)))
    assert len(scorer(tmp_path / "v.avi", force=True).performances) == 1


# === Time in the file ===


def test_stages_are_told_in_the_frames_and_seconds_of_the_file(scorer, monkeypatch, tmp_path):
    write_bars(tmp_path / "fast.avi", 66, number=2, fps=50)
    script(scorer, monkeypatch, DIVE)
    seen: list = []
    score = scorer.score_file(
        tmp_path / "fast.avi", tmp_path / "fast.avi", force=True, seen=lambda *given: seen.append(given)
    )
    assert "stage_duration" not in codes(score), "half of the frames in half of the time"
    spans = [(stage["name"], stage["start_frame"], stage["start_s"]) for stage in score.stages]
    assert (score.num_frames, score.fps) == (66, 50)
    for (name, frame, second), start in zip(spans, (0, 4, 8, 20, 28), strict=True):
        assert abs(frame - 2 * start) <= 1 and second == pytest.approx(frame / 50), name
    stages = np.repeat([stage for stage, _ in DIVE], np.diff([*(frame for _, frame, _ in spans), 66]))
    ((video, probabilities, _),) = seen
    np.testing.assert_array_equal(probabilities.argmax(axis=1), stages)
    np.testing.assert_array_equal(scorer.labels(video), stages)
    assert "resampled" in [warning.code for warning in score.warnings]


def test_a_stretch_counts_in_the_file(scorer, monkeypatch, tmp_path):
    from scoringnet_tf.data.video import Clip

    write_bars(tmp_path / "v.avi", 60, number=2)
    script(scorer, monkeypatch, DIVE)
    clip = Clip(tmp_path / "v.avi", (20, 53))
    score = scorer(clip, force=True)
    assert score.video == str(tmp_path / "v.avi") and score.num_frames == 33
    assert scorer(f"{tmp_path}/./v.avi").video == f"{tmp_path}/./v.avi"  # as it was given, which its failure says too
    assert (score.stages[0]["start_frame"], score.stages[-1]["end_frame"]) == (20, 53)
    assert (score.stages[0]["start_s"], score.stages[-1]["end_s"]) == (0.8, 2.12)
    assert (score.performances[0].start_frame, score.performances[0].start_s) == (24, 0.96)
    assert all(20 <= frame < 53 for frame, _, _ in score.shown)
    score.save(tmp_path / "v.png")


# === Export ===


@pytest.mark.slow
@pytest.mark.parametrize("splits", [True, False])
def test_the_exported_model_refuses_what_predict_refuses(model, tmp_path, splits, monkeypatch):
    """Of videos like those of training and of noise, padded together; the stages are those that it finds.

    As it is untrained, none is asked for, and what is found may be as short and as doubtful as it is. It finds several
    performances in each, which speaks against it; all else is compared where that is not looked at.
    """
    if not splits:
        monkeypatch.setattr(serving, "shows_several", lambda model, probabilities, mask: tf.zeros_like(mask[:, 0]))
    known = dataclasses.replace(model.reference, required=(), durations={}, certainty={}).get_config()
    model = telling(model.with_dtype("float32", reference=known), 30.0)
    model = model.with_dtype("float32", reference={**known, "weights": checksum(model)})
    scorer, splitting, verdicts = VideoScorer(model, as_recorded=True), VideoScorer(model), set()
    export_saved_model(model, tmp_path / "1")
    serve = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    folder = write_unlv_diving(tmp_path / "dives", 6, 2)
    write_video(tmp_path / "noise.avi", NOT_DIVES["noise"]())
    paths = [*sorted((folder / "diving_samples_len_ori").iterdir()), tmp_path / "noise.avi"]
    for path in paths:
        inputs = model.preprocessor(path)
        padded = {
            "frames": tf.pad(inputs["frames"], [[0, 0], [0, 5], [0, 0], [0, 0], [0, 0]]),
            "mask": tf.pad(inputs["mask"], [[0, 0], [0, 5]]),
        }
        served = serve(**padded)
        verdicts.add(bool(served["valid"][0]))
        several = splits and len(splitting(path).performances) > 1
        assert bool(served["valid"][0]) == (not scorer(path).reasons and not several), path
        assert several == splits
        expected = model(inputs, training=False)
        np.testing.assert_allclose(served["final"], expected["final"], rtol=1e-4)
    assert verdicts == ({False} if splits else {True, False})


def test_an_export_calls_no_score_valid_that_cannot_be():
    """Of features like those of training: a tower that answers 100 is what speaks against it."""
    inputs = {"features": tf.zeros((2, 25, 4)), "mask": tf.ones((2, 25), tf.bool)}
    for difficulty, expected in ((3.2, True), (100.0, False)):
        model = scoringnet_tf.ScoringNet(
            features={"size": 4, "stride": 2, "origin": None},
            fragments="whole",
            clip_lengths=(4, 4),
            width_multiplier=1 / 16,
            score_statistics={"difficulty": (difficulty, 0.3), "execution": (22.0, 4.0)},
        )
        assert checked_outputs(model)(inputs)["valid"].numpy().tolist() == [expected] * 2


def test_an_export_asks_all_that_predict_asks(model, monkeypatch):
    """What it found of every frame goes into the checks: features, labels and probabilities."""
    from scoringnet_tf.inference import export

    asked = []
    monkeypatch.setattr(export, "checks", lambda *given: asked.append(given) or {})
    frames = np.random.default_rng(0).integers(0, 256, (2, 33, 32, 32, 3)).astype(np.uint8)
    inputs = {"frames": frames, "mask": np.ones((2, 33), bool)}
    outputs = export.checked_outputs(model)(inputs)
    ((network, labels, mask, features, probabilities),) = asked
    seen = model.segmenter.with_features()(inputs, training=False)
    assert network is model and mask is inputs["mask"]
    for given, expected in ((labels, outputs["labels"]), (features, seen["features"]), (probabilities, seen["stages"])):
        np.testing.assert_array_equal(given, expected)
    assert np.asarray(outputs["valid"]).tolist() == [True, True]


def test_valid_is_what_the_distance_says_where_all_stages_are_found(model, tmp_path):
    """KFS made to find a whole dive by the frame's own colour would need training: its labels are given instead."""
    from scoringnet_tf.models.reference import checks

    near = np.repeat(np.float32([model.reference.spread.mean])[:, None], 33, axis=1)
    labels = np.repeat([0, 1, 2, 3, 0], [4, 4, 12, 8, 5])[None].astype("int32")
    mask = np.ones((1, 33), bool)
    for features, expected in ((near, False), (near + 50, True)):
        found = {code: bool(np.asarray(value)[0]) for code, value in checks(model, labels, mask, features).items()}
        assert found.pop("unlike_training") == expected and not any(found.values())
