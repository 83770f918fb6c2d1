"""Scores are withheld from what is no performance like those of training."""

import dataclasses

import cv2
import keras
import numpy as np
import pytest
from conftest import write_bars, write_images, write_timed, write_video
from refusals import refused
from scripted_stages import labels_of, scripted
from training_runs import TINY, trained

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.calibration import calibrate
from scoringnet_tf.inference.checks import performance_remarks
from scoringnet_tf.inference.predictor import predictor_of, score_video
from scoringnet_tf.inference.reliability import doubts, score_reasons
from scoringnet_tf.inference.seen import Seen, Span
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.sports import get_sport

STAGES = ("pre-starting", "take-flight", "entry")
DIVE = ((0, 4), (1, 4), (2, 12), (3, 8), (0, 5))
STATISTICS = {"difficulty": (3.2, 0.3), "execution": (22.0, 4.0)}


@pytest.fixture(scope="module")
def model(diving_records):
    """An untrained one for the records, with the statistics of their training videos."""
    keras.utils.set_random_seed(0)
    info = DatasetInfo.load(diving_records)
    plain = trained(scoringnet_tf.ScoringNet.for_records(info, **merged(TINY, {"segmenter": {"decoding": "ordered"}})))
    return calibrate(plain, info)


def predicting(model, runs, probability=0.97, statistics=None):
    """A predictor whose KFS finds these stages, with the model's own features, and its own statistics or others."""
    return scripted(predictor_of(model), labels_of(*runs), probability, statistics)


@pytest.fixture(scope="module")
def strict(model):
    """A model that was sure of its stages in training."""
    certain = dataclasses.replace(model.reference, certainty=dict.fromkeys(STAGES, 0.95))
    return model.with_dtype("float32", reference=certain.get_config())


@pytest.fixture(scope="module")
def simulated(model):
    return model.with_dtype("float32", provenance={**model.provenance, "simulation": {"seed": 0}})


@pytest.fixture(scope="module")
def stages_alone(model):
    """As after training of KFS alone."""
    twin = model.with_dtype("float32")
    twin.learned_parts = {"kfs"}
    return twin


def codes(score):
    return [reason.code for reason in score.reasons]


# === Statistics of training ===


@pytest.mark.slow
def test_durations_are_those_of_the_labels(diving_records, model):
    """The flight of the fixture's video i lasts from frame 4 to 12 + i, the entry to 18 + i, at 25 frames/s."""
    info, reference = DatasetInfo.load(diving_records), model.reference
    assert (reference.num_videos, reference.data_hash, reference.required) == (7, info.data_hash, STAGES)
    flights = [(12 + int(video) - 4) / 25 for video in info.splits["train"]["ids"]]
    assert reference.durations["pre-starting"] == (0.16, 0.16) and reference.durations["entry"] == (0.24, 0.24)
    assert reference.durations["take-flight"] == pytest.approx((min(flights), max(flights)))
    assert len(reference.spread.mean) == 512 // 16


def test_samples_of_whole_videos_have_nothing_to_compare(diving_records):
    whole = trained(scoringnet_tf.ScoringNet(**merged(TINY, {"segmenter": None, "content": {"frame_size": (36, 48)}})))
    with refused("no_stages"):
        calibrate(whole, DatasetInfo.load(diving_records))


@pytest.mark.slow
def test_certainty_is_the_lowest_but_for_one_video_in_a_hundred(diving_records, model):
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


# === Withheld ===


def test_a_video_like_those_of_training_is_scored(model, tmp_path):
    write_bars(tmp_path / "v.avi", 33, number=2)
    score = predicting(model, DIVE)(tmp_path / "v.avi")
    assert (score.status, score.reasons) == ("scored", []) and score.final > 0
    assert [warning.code for warning in score.warnings] == ["no_intervals", "far_from_training"]  # nothing was held out
    assert score.performances[0].start_frame == 4 and score.performances[0].end_frame == 28


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (((0, 33),), ["missing_stage"]),
        (((0, 4), (1, 4), (2, 12), (0, 13)), ["missing_stage"]),
        (((0, 1), (1, 4), (2, 26), (3, 2)), ["stage_duration"]),
    ],
)
def test_scores_are_withheld_if_stages_are_missing_or_impossible(model, tmp_path, runs, expected):
    write_bars(tmp_path / "v.avi", 33, number=2)
    scorer = predicting(model, runs)
    score, forced = scorer(tmp_path / "v.avi"), scorer(tmp_path / "v.avi", force=True)
    assert codes(score) == expected and score.status == "withheld"
    assert (score.difficulty, score.execution, score.final, score.deviations) == (None, None, None, {})
    assert codes(forced) == expected and forced.status == "forced" and forced.final > 0
    assert all(str(reason) in str(each) for each in (score, forced) for reason in each.reasons)


@pytest.fixture(scope="module")
def reasons_against(model):
    """A function of stages in a video of a frame rate: what speaks against them."""

    def reasons(labels, rate):
        numbers, length = np.arange(len(labels)), len(labels)
        seen = Seen(Video([], rate, numbers / rate, (480, 640), 4 / 3), numbers, numbers, rate)
        return performance_remarks(model, seen, Span(0, length, 0, length, labels.astype("int32")))[0]

    return reasons


def test_a_duration_goes_by_the_frame_rate(reasons_against):
    """Twice the frames at twice the rate last as long; at a fifth of the rate the flight is too long."""
    labels = labels_of((1, 4), (2, 12), (3, 8))
    assert reasons_against(labels, 25.0) == [] and reasons_against(np.repeat(labels, 2), 50.0) == []
    (reason,) = reasons_against(labels, 5.0)
    assert reason.code == "stage_duration" and "take-flight" in reason and "2.40" in reason


def test_doubtful_stages_are_withheld(model, strict, tmp_path):
    """The same video, found once surely and once not; without a measured certainty nothing is doubtful."""
    write_bars(tmp_path / "v.avi", 33, number=2)
    assert predicting(model, DIVE, statistics=strict)(tmp_path / "v.avi").status == "scored"
    score = predicting(model, DIVE, 0.85, strict)(tmp_path / "v.avi")
    assert codes(score) == ["uncertain_stage"] and score.final is None
    (reason,) = score.reasons
    assert all(stage in reason for stage in STAGES[1:]) and STAGES[0] not in reason  # no tower sees the first
    assert predicting(model, DIVE, 0.85)(tmp_path / "v.avi").status == "scored"


@pytest.mark.parametrize("levels", [256, 1], ids=["noise", "black"])
def test_what_looks_unlike_training_is_withheld_whatever_stages_are_found(model, tmp_path, levels):
    frames = np.random.default_rng(0).integers(0, levels, (33, 48, 64, 3)).astype(np.uint8)
    write_video(tmp_path / "v.avi", frames)
    score = predicting(model, DIVE)(tmp_path / "v.avi")
    assert codes(score) == ["unlike_training"] and score.final is None


def test_too_few_and_too_small_frames(model, tmp_path):
    scorer = predictor_of(model)
    write_images(tmp_path / "few", 5)
    assert "too_few_frames" in codes(scorer(tmp_path / "few"))
    write_bars(tmp_path / "slow.avi", 12, fps=12)
    slow = scorer(tmp_path / "slow.avi")
    assert codes(slow) == ["frame_rate_too_low"] and slow.stages  # stages are told, scores are not
    write_video(tmp_path / "small.mkv", np.full((12, 14, 64, 3), 90, np.uint8), codec="libx264")
    small, forced = (scorer(tmp_path / "small.mkv", force=force) for force in (False, True))
    assert codes(small) == ["picture_too_small"] and small.stages == []
    assert forced.final is not None and forced.stages[-1]["end_frame"] == 12


@pytest.mark.parametrize("number", [0, 12])
def test_one_frame_that_is_too_small_is_too_little_to_score(model, tmp_path, number):
    write_images(tmp_path / "v", 33)
    cv2.imwrite(str(tmp_path / f"v/img_{number + 1:05d}.jpg"), np.full((14, 64, 3), 90, np.uint8))
    score = predicting(model, DIVE)(tmp_path / "v")
    assert codes(score) == ["picture_too_small"] and "64×14" in score.reasons[0] and len(score.stages) == 5


LONG_AFTER = (*DIVE[:-1], (0, 45))  # the dive is shown from 0.16 s to 1.12 s


@pytest.mark.parametrize(
    ("missing", "gap"),
    [
        (range(10, 16), ("0.36", "0.64")),
        ([*range(6, 11), *range(20, 26)], ("0.20", "0.44", "1 other gap")),
        (range(10, 14), None),  # as of an uneven rate
        (range(30, 60), None),  # after the dive
    ],
)
def test_frames_that_a_dive_lacks_are_told(model, tmp_path, missing, gap):
    write_timed(tmp_path / "v.mkv", [40 * number for number in range(73) if number not in missing], rate=25)
    score = predicting(model, LONG_AFTER)(tmp_path / "v.mkv", force=True)
    warnings = [warning for warning in score.warnings if warning.code == "frames_missing"]
    assert len(warnings) == (gap is not None) and all(part in warnings[0] for part in gap or ())
    assert "frame_rate_too_low" not in codes(score)


def test_a_dive_with_too_few_frames_is_withheld_in_a_file_that_has_enough(model, tmp_path):
    write_timed(tmp_path / "v.mkv", [40 * number for number in range(73) if number > 30 or number % 3 == 0], rate=25)
    score = predicting(model, LONG_AFTER)(tmp_path / "v.mkv")
    assert codes(score) == ["frame_rate_too_low"] and "8.333" in score.reasons[0]
    assert score.fps > 12.5 and len(score.stages) == 5


def test_stray_labels_around_a_hole_have_no_rate(model, tmp_path):
    """The reason is the missing stage, and not the rate of two frames."""
    write_timed(tmp_path / "v.mkv", [40 * number for number in range(73) if not 20 <= number < 24], rate=25)
    found = codes(predicting(model, ((0, 19), (2, 6), (0, 48)))(tmp_path / "v.mkv"))
    assert "missing_stage" in found and "frame_rate_too_low" not in found


def test_a_model_that_cannot_tell_says_so(model, simulated):
    def said(network):
        return {doubt.code for doubt in doubts(network)}

    learning = model.with_dtype("float32")
    before = said(learning)
    learning.score_predictor.variables[0].assign_add(np.ones_like(learning.score_predictor.variables[0]))
    few = model.with_dtype("float32", reference={**model.reference.get_config(), "spread": None, "num_videos": 1})
    assert said(learning) == {"stale_reference"} and not before & {"stale_reference", "no_reference", "no_distance"}
    assert [reason.code for reason in score_reasons(simulated)] == ["simulated_training"]
    assert score_reasons(model) == [] and "no_distance" in said(few)


def test_a_remedy_that_would_be_refused_is_not_named(model):
    """Neither samples of whole videos nor a KFS that has not learned can be calibrated."""
    whole = scoringnet_tf.ScoringNet(**merged(TINY, {"segmenter": None}))
    unknown = model.with_dtype("float32", reference=None)
    for network, learned, has_remedy in (
        (unknown, {"kfs", "difficulty", "execution"}, True),
        (unknown, {"kfs"}, True),
        (whole, set(), False),
        (unknown, {"difficulty", "execution"}, False),
    ):
        network.learned_parts = learned
        (doubt,) = doubts(network)
        assert doubt.code == "no_reference" and ("scoringnet_tf.calibrate" in doubt) == has_remedy


# === Stages alone ===


@pytest.mark.parametrize(
    ("kind", "code"), [("simulated", "simulated_training"), ("stages_alone", "scores_not_learned")]
)
def test_a_model_whose_scores_measure_nothing_gives_stages_and_times(model, tmp_path, kind, code, request):
    write_images(tmp_path / "once", 33, number=2, name="{}.png")
    for first in (1, 34):
        write_images(tmp_path / "twice", 33, number=2, name="{}.png", first=first)
    network = request.getfixturevalue(kind)
    expected = predicting(model, DIVE * 2)(tmp_path / "twice", force=True)
    both = predicting(model, DIVE * 2, statistics=network)(tmp_path / "twice")
    assert (both.status, codes(both), both.stages) == ("stages", ["several_performances", code], expected.stages)
    assert [(row["status"], row["reasons"], row["final"]) for row in both.rows()] == [("stages", code, None)] * 2
    assert both.to_dict()["performances"][1]["reasons"][0]["code"] == code
    one = predicting(model, DIVE, statistics=network)(tmp_path / "once")
    assert (one.status, codes(one), one.final) == ("stages", [code], None)
    assert "no_intervals" not in [warning.code for warning in one.warnings]
    lacking = predicting(model, ((0, 16), (1, 17)), statistics=network)(tmp_path / "once")
    assert (lacking.status, codes(lacking)) == ("withheld", ["missing_stage", code])


@pytest.mark.parametrize(("fps", "num_frames", "too_few"), [(12, 16, False), (9, 12, True)])
def test_times_need_fewer_frames_than_scores(stages_alone, tmp_path, fps, num_frames, too_few):
    write_bars(tmp_path / "v.avi", num_frames, number=2, fps=fps)
    score = predicting(stages_alone, DIVE)(tmp_path / "v.avi")
    assert ("frame_rate_too_low" in codes(score)) == too_few


def test_scores_of_simulation_are_given_by_force_without_intervals(model, tmp_path):
    write_bars(tmp_path / "v.avi", 33, number=2)
    reference = dataclasses.replace(model.reference, intervals=Intervals(0.9, {"final": 10.0}, {"final": 20}))
    trusted = model.with_dtype("float32", reference=reference.get_config())
    simulated = trusted.with_dtype("float32", provenance={**model.provenance, "simulation": {"seed": 0}})
    measured, forced = (
        predicting(model, DIVE, statistics=network)(tmp_path / "v.avi", force=True) for network in (trusted, simulated)
    )
    assert measured.intervals and (forced.intervals, forced.interval_level) == ({}, None)
    assert (forced.status, codes(forced), forced.final) == ("forced", ["simulated_training"], measured.final)


def test_scores_that_were_never_learned_are_not_given_by_force(stages_alone, tmp_path):
    write_bars(tmp_path / "v.avi", 33, number=2)
    forced = predicting(stages_alone, DIVE)(tmp_path / "v.avi", force=True)
    assert (forced.status, forced.final, codes(forced)) == ("stages", None, ["scores_not_learned"])


def test_a_simulated_model_without_stages_gives_nothing(tmp_path):
    write_bars(tmp_path / "v.avi", 21)
    network = scoringnet_tf.ScoringNet(
        **merged(TINY, {"segmenter": None, "score_predictor": {"score_statistics": STATISTICS}})
    )
    assert score_video(tmp_path / "v.avi", trained(network)).status == "scored"
    network = trained(network.with_dtype("float32", provenance={"simulation": {"seed": 0}}))
    score = score_video(tmp_path / "v.avi", network)
    assert (score.status, codes(score), score.final) == ("withheld", ["simulated_training"], None)


@pytest.mark.slow
def test_a_score_that_no_performance_has_is_withheld(model, diving_records, tmp_path):
    """A tower's last layer is linear: far from training it may answer any number."""
    changed = model.with_dtype("float32")
    for tower in changed.score_predictor.towers.values():
        tower.get_layer("regressor_fc3").bias.assign([40.0])
    scorer = predicting(calibrate(changed, DatasetInfo.load(diving_records)), DIVE)
    write_images(tmp_path / "dive", 33, number=2, name="{}.png")
    withheld, forced = (scorer(tmp_path / "dive", force=force) for force in (False, True))
    assert codes(withheld) == codes(forced) == ["impossible_score"]
    assert withheld.final is None and forced.final > 500
    (performance,) = forced.performances
    assert performance.intervals == {}


# === Several performances ===


def test_performances_are_told_apart_at_the_rate_of_the_video(model, tmp_path):
    """To a model that does not know its own rate, twice the frames at twice the rate are the same two dives."""
    unknown = model.with_dtype("float32", provenance={**model.provenance, "frame_rate": None})
    write_bars(tmp_path / "fast.avi", 132, number=2, fps=50)
    scorer = predicting(unknown, [(stage, 2 * count) for stage, count in DIVE * 2])
    assert len(scorer(tmp_path / "fast.avi", force=True).performances) == 2


def test_two_dives_are_scored_each_by_its_own_frames(model, tmp_path):
    changed = model.with_dtype("float32")
    for tower in changed.score_predictor.towers.values():  # which at first answer the mean, whatever they see
        kernel = tower.get_layer("regressor_fc3").kernel
        kernel.assign(np.ones(kernel.shape))
    for name, number in (("first", 2), ("second", 5)):
        write_images(tmp_path / name, 33, number=number, name="{}.png")
    write_images(tmp_path / "twice", 33, number=2, name="{}.png")
    write_images(tmp_path / "twice", 33, number=5, name="{}.png", first=34)
    first, second = (predicting(changed, DIVE)(tmp_path / name, force=True) for name in ("first", "second"))
    assert abs(first.final - second.final) > 1e-2
    twice = predicting(changed, DIVE * 2)(tmp_path / "twice", force=True)
    assert (twice.final, codes(twice)) == (None, ["several_performances"])
    assert [p.final for p in twice.performances] == pytest.approx([first.final, second.final], abs=1e-4)
    assert [(p.start_frame, p.end_frame) for p in twice.performances] == [(4, 28), (37, 61)]
    assert [p.start_s for p in twice.performances] == [0.16, 1.48]
    assert [stage["name"] for stage in twice.stages].count("take-flight") == 2 and len(twice.rows()) == 2


def test_two_dives_without_scores(model, strict, tmp_path):
    write_bars(tmp_path / "v.avi", 66, number=2)
    scorer = predicting(model, DIVE * 2, 0.85, strict)
    score = scorer(tmp_path / "v.avi")
    assert (score.status, codes(score)) == ("withheld", ["none_scored"])
    assert [one.reasons[0].code for one in score.performances] == ["uncertain_stage"] * 2
    assert codes(scorer(tmp_path / "v.avi", force=True)) == ["several_performances"]


def test_a_dive_without_its_beginning_is_told_beside_a_whole_one(model, tmp_path):
    write_bars(tmp_path / "v.avi", 66, number=2)
    scorer = predicting(model, (*DIVE, *DIVE[2:], (0, 66 - 33 - sum(count for _, count in DIVE[2:]))))
    score, names = scorer(tmp_path / "v.avi", force=True), get_sport("diving").stages
    left_out = [warning for warning in score.warnings if warning.code == "partial_performance"]
    assert len(score.performances) == 1 and len(left_out) == 1
    assert names[1] in left_out[0] and names[2] not in left_out[0]


# === Time in the file ===


def test_stages_are_told_in_the_frames_and_seconds_of_the_file(model, tmp_path):
    write_bars(tmp_path / "fast.avi", 66, number=2, fps=50)
    scorer = predicting(model, DIVE)
    (part,) = scorer.results(scorer.read(tmp_path / "fast.avi"), force=True)
    score = scorer.gather("fast.avi", [part.summary])
    assert "stage_duration" not in codes(score)  # half of the frames in half of the time
    spans = [(stage["name"], stage["start_frame"], stage["start_s"]) for stage in score.stages]
    assert (score.num_frames, score.fps) == (66, 50)
    for (name, frame, second), start in zip(spans, (0, 4, 8, 20, 28), strict=True):
        assert abs(frame - 2 * start) <= 1 and second == pytest.approx(frame / 50), name
    stages = np.repeat([stage for stage, _ in DIVE], np.diff([*(frame for _, frame, _ in spans), 66]))
    np.testing.assert_array_equal(part.seen.frame_stages.argmax(axis=1), stages)


def test_a_clip_counts_in_the_file(model, tmp_path):
    write_bars(tmp_path / "v.avi", 60, number=2)
    score = predicting(model, DIVE)(Clip(tmp_path / "v.avi", (20, 53)), force=True)
    assert score.video == str(tmp_path / "v.avi") and score.num_frames == 33
    assert (score.stages[0]["start_frame"], score.stages[-1]["end_frame"]) == (20, 53)
    assert (score.stages[0]["start_s"], score.stages[-1]["end_s"]) == (0.8, 2.12)
    assert (score.performances[0].start_frame, score.performances[0].start_s) == (24, 0.96)
    assert all(20 <= frame < 53 for frame, _, _ in score.shown)
    score.save(tmp_path / "v.png")
