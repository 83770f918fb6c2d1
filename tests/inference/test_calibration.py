"""What a model keeps of held-out and training videos, and what it says by it: intervals, a grade, the most alike."""

import collections
import contextlib
import csv
import dataclasses
import itertools
import json

import keras
import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars, write_unlv_diving
from tiny_records import feature_video, write_records
from training_runs import telling, trained

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.data.resplitting import resplit
from scoringnet_tf.data.stored_videos import stored_videos
from scoringnet_tf.experiments.predictions import read_predictions
from scoringnet_tf.inference import calibration, trust
from scoringnet_tf.inference.calibration import NOTHING_HELD_OUT, HeldOut, add_reference, is_measured, measured
from scoringnet_tf.inference.coverage import stated_intervals
from scoringnet_tf.inference.evaluation import predict_records, prediction_function
from scoringnet_tf.inference.prediction import VideoScorer, segment_video
from scoringnet_tf.models.presets import check_fits, load_scoring_net
from scoringnet_tf.models.reference import Reference, Spread, checksum, is_current, pooled
from scoringnet_tf.sports import MEASURES, SCORES
from scoringnet_tf.support.errors import InputError


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
def plain(folder):
    keras.utils.set_random_seed(0)
    options = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8), "decoding": "ordered"}
    return telling(scoringnet_tf.ScoringNet.for_records(DatasetInfo.load(folder), **options), 3000.0)


@pytest.fixture(scope="module")
def model(plain, folder):
    return scoringnet_tf.with_reference(plain, folder)


@pytest.mark.slow
def test_records_that_a_model_was_not_trained_on_set_no_intervals(plain, diving_records, folder):
    """The same videos, divided otherwise: it may have learned from those that are held out here."""
    other = plain.with_dtype("float32", provenance={**plain.provenance, "data_hash": "another"})
    intervals = scoringnet_tf.with_reference(other, folder).reference.intervals
    assert intervals.half_widths == {} and "not known which videos of these records" in intervals.lacking


def errors_of(model, info, split):
    dataset = scoringnet_tf.videos(info.records_dir, split, image_size=(32, 32), batch_size=1, with_info=True)
    found = predict_records(prediction_function(model), dataset)
    return {score: np.abs(values - found.truth[score]) for score, values in found.predicted.items()}


@pytest.mark.slow
def test_intervals_are_measured_on_the_validation_split(model, plain, folder):
    info, intervals = DatasetInfo.load(folder), model.reference.intervals
    assert (intervals.split, intervals.data_hash, intervals.lacking) == ("validation", info.data_hash, "")
    assert intervals.num_videos == dict.fromkeys(("difficulty", "execution", "final"), 9)
    assert sorted(intervals.shown) == sorted(shown(info.videos[name]) for name in info.splits["validation"]["ids"])
    for score, errors in errors_of(plain, info, "validation").items():
        assert intervals.half_widths[score] == pytest.approx(errors.max(), rel=1e-4)  # the ninth of nine


def test_the_bank_is_of_training_videos_alone(model, folder):
    info, bank = DatasetInfo.load(folder), model.reference.bank
    assert sorted(bank.ids) == sorted(info.splits["train"]["ids"])
    for score in ("difficulty", "execution", "final"):
        assert list(bank.scores[score]) == pytest.approx([info.videos[name][score] for name in bank.ids], rel=1e-5)


@pytest.mark.slow
def test_what_a_run_held_out_of_training_is_neither_in_the_bank_nor_trained_on(plain, diving_records):
    info = DatasetInfo.load(diving_records)
    ids = info.splits["train"]["ids"][:2]
    model = plain.with_dtype("float32")
    found = measured(model, info, HeldOut(info, "validation", ids))
    assert sorted([*found.bank.ids, *ids]) == sorted(info.splits["train"]["ids"])
    assert found.intervals.half_widths == {} and found.intervals.num_videos["final"] == 2
    assert "there are 2 of difficulty, 2 of execution, 2 of final" in found.intervals.lacking


@pytest.mark.slow
def test_without_held_out_videos_there_are_none_and_it_is_said(plain, diving_records, tmp_path):
    own = {**plain.provenance, "data_hash": DatasetInfo.load(diving_records).data_hash}
    known = plain.with_dtype("float32", provenance=own)
    found = scoringnet_tf.with_reference(known, diving_records, training_ids=False)
    assert found.reference.intervals.half_widths == {} and found.reference.intervals.lacking == NOTHING_HELD_OUT
    assert found.reference.bank is None
    scorer = VideoScorer(found)
    (warning,) = (each for each in scorer._doubts if each.code == "no_intervals")
    assert NOTHING_HELD_OUT in warning and scorer._trust.level is None


@pytest.mark.slow
def test_a_file_keeps_them_and_is_measured_again_where_something_lacks(plain, model, folder, tmp_path):
    info = DatasetInfo.load(folder)
    model.save(tmp_path / "best.keras")
    loaded = load_scoring_net(tmp_path / "best.keras")
    assert loaded.reference == model.reference and is_measured(tmp_path, info)
    assert not is_measured(tmp_path, info, training_ids=False)  # its ids are to go
    add_reference(tmp_path, info, HeldOut(info, "validation"), training_ids=False)
    assert load_scoring_net(tmp_path).reference.bank is None and is_measured(tmp_path, info, training_ids=False)
    assert load_scoring_net(tmp_path).reference.intervals.shown == []
    before = dataclasses.replace(model.reference, intervals=None, bank=None).get_config()
    plain.with_dtype("float32", reference=before).save(tmp_path / "best.keras")
    assert not is_measured(tmp_path, info)
    before = dataclasses.replace(model.reference, certainty=None).get_config()
    plain.with_dtype("float32", reference=before).save(tmp_path / "best.keras")
    assert not is_measured(tmp_path, info)
    trained_on = model.with_dtype("float32")
    trained_on.score_predictor.variables[0].assign_add(np.ones_like(trained_on.score_predictor.variables[0]))
    trained_on.save(tmp_path / "best.keras")
    assert not is_measured(tmp_path, info)


def test_of_many_videos_evenly_chosen_ones_are_looked_at(folder, monkeypatch):
    """Every third of 3 and 9: the first of the former, the first, fourth and seventh of the latter."""
    info = DatasetInfo.load(folder)
    monkeypatch.setattr(calibration, "MAX_VIDEOS", 4)
    validation = info.splits["validation"]["ids"]
    expected = {"train": info.splits["train"]["ids"][:1], "validation": [validation[at] for at in (0, 3, 6)]}
    assert calibration._chosen_ids(info) == expected


def test_the_command_says_where_a_model_was_trained_on_other_records(plain, folder, tmp_path):
    other = plain.with_dtype("float32", provenance={**plain.provenance, "data_hash": "another"})
    other.save(tmp_path / "model.keras")
    result = forked("scoringnet_tf.calibrate", f"--model={tmp_path / 'model.keras'}", f"--records_dir={folder}")
    assert result.returncode == 0, result.stderr
    said = f"{folder} are not the records that {tmp_path / 'model.keras'} was trained on: it now goes by these."
    assert said in result.stdout.splitlines()


@pytest.mark.slow
def test_a_model_that_was_saved_meanwhile_is_left_alone(model, folder, tmp_path, monkeypatch):
    """Measuring takes minutes, in which a run may keep a better one."""
    model.save(tmp_path / "best.keras")
    original = calibration.measured

    def measured_meanwhile(*arguments):
        found = original(*arguments)
        (tmp_path / "best.keras").write_bytes(b"a better one")
        return found

    monkeypatch.setattr(calibration, "measured", measured_meanwhile)
    with pytest.raises(InputError, match=r"best\.keras: expected that no run writes it meanwhile"):
        add_reference(tmp_path, DatasetInfo.load(folder))
    assert (tmp_path / "best.keras").read_bytes() == b"a better one"


def test_a_reference_of_before_loads_and_says_what_lacks(plain, model):
    """As version 0.1 wrote it: without the keys."""
    config = model.reference.get_config()
    old = {name: value for name, value in config.items() if name not in ("intervals", "bank", "certainty")}
    scorer = VideoScorer(plain.with_dtype("float32", reference=old))
    reference = scorer.model.reference
    assert (reference.intervals, reference.bank, reference.certainty) == (None, None, None)
    said = {doubt.code: doubt for doubt in scorer._doubts}
    for code in ("no_intervals", "no_certainty"):
        assert "not measured" in said[code] and "calibrate" in said[code]
    assert "no_certainty" not in {doubt.code for doubt in VideoScorer(model)._doubts}


def test_damaged_ones_are_refused_in_a_line(plain, model, tmp_path):
    config = model.reference.get_config()
    config["bank"] = {**config["bank"], "ids": ["a"]}
    with pytest.raises(ValueError, match="of the same videos"):
        plain.with_dtype("float32", reference=config)
    config["bank"] = None
    config["intervals"] = {**config["intervals"], "level": 7}
    with pytest.raises(ValueError, match="expected a level below 1"):
        plain.with_dtype("float32", reference=config)


def test_an_evaluation_states_what_the_model_does_or_why_not(plain, model):
    assert stated_intervals(model) == model.reference.intervals
    old = {**model.reference.get_config(), "intervals": None}
    stale = model.with_dtype("float32")
    stale.score_predictor.variables[0].assign_add(np.ones_like(stale.score_predictor.variables[0]))
    for other, said in (
        (plain, "keeps no record"),
        (plain.with_dtype("float32", reference=old), "not measured"),
        (stale, "trained on after"),
    ):
        assert stated_intervals(other).half_widths == {} and said in stated_intervals(other).lacking


# === What is said of a video ===


@pytest.fixture(scope="module")
def scorer(model):
    return VideoScorer(model, name="m", as_recorded=True)


@pytest.fixture(scope="module")
def scored(scorer, folder):
    """(id, video, its score, true scores) of the test videos, with nothing against them."""
    info, found = DatasetInfo.load(folder), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scoringnet_tf.inference.prediction.reasons_against", lambda *_: [])
        for video_id, video, truth in stored_videos(info, "test"):
            found.append((video_id, video, scorer.score(video, video_id), truth))
    return found


def test_scores_intervals_and_grade_of_a_video(scored, model, folder):
    info = DatasetInfo.load(folder)
    assert [video_id for video_id, *_ in scored] == info.splits["test"]["ids"]
    for _, video, *_ in scored:
        np.testing.assert_allclose(video.timestamps, np.arange(len(video.frames)) / 25)  # seconds
    for video_id, _, score, truth in scored:
        assert (score.status, score.interval_level, score.video) == ("scored", 0.9, video_id)
        for name, width in model.reference.intervals.half_widths.items():
            low, high = score.intervals[name]
            lowest, highest = model.sport.range_of(name)
            value = getattr(score, name)
            assert (low, high) == pytest.approx((max(value - width, lowest), min(value + width, highest)))
            assert truth[name] == pytest.approx(info.videos[video_id][name], rel=1e-5)
        assert len(score.alike) == 3 and {one["id"] for one in score.alike} <= set(model.reference.bank.ids)
        assert score.alike[0]["distance"] <= score.alike[2]["distance"]


def test_a_grade_goes_by_the_distance_and_the_width_as_shares(scorer, scored, model, monkeypatch):
    asked = []
    monkeypatch.setattr(trust, "reliability_of", lambda *given: asked.append(given) or None)
    for video_id, video, score, _ in scored:
        with monkeypatch.context() as patch:
            patch.setattr("scoringnet_tf.inference.prediction.reasons_against", lambda *_: [])
            scorer.score(video, video_id)
        *_, distance, width = asked.pop()
        assert asked == []
        low, high = score.intervals["final"]
        assert width == pytest.approx((high - low) / 144)
        samples = video.samples(scorer.preprocessor.frame_rate)
        probabilities, features = scorer._segmented(video, samples)
        labels = scorer._decide(probabilities)[np.newaxis]
        of_it = pooled(features[np.newaxis], labels, np.ones((1, len(features)), bool))
        spread = model.reference.spread
        assert distance == pytest.approx(float(np.asarray(spread.distance(of_it))[0]) / spread.limit)
        assert spread.limit != pytest.approx(1, abs=0.01)  # else a share would be a distance


@pytest.mark.slow
def test_the_stages_of_records_without_them_are_those_that_the_model_finds(stage_model, tmp_path):
    rows = ["video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"]
    rates = [25, 100, 25, 10, 25, 25]
    for number in range(6):
        write_bars(tmp_path / f"{number}.avi", 40, number, fps=rates[number])
        stages = ["4", "8", "", ""] if number == 0 else [""] * 4  # labelled in part counts as unlabelled
        rows.append(f"{number}.avi,train,3.0,20.0,60.0,{','.join(stages)}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    build_records("manifest", tmp_path, tmp_path / "records", BuildSettings((36, 48)), workers=1, sport="diving")
    network = load_scoring_net(stage_model)
    reference = scoringnet_tf.with_reference(network, tmp_path / "records").reference
    found: dict[str, list[float]] = {}
    for number in range(6):
        of_video: dict[str, float] = collections.Counter()
        for index, start, end in segment_video(tmp_path / f"{number}.avi", network):
            of_video[network.sport.stages[index]] += (end - start) / rates[number]
        for stage, seconds in of_video.items():
            found.setdefault(stage, []).append(seconds)
    found.pop("noise", None)
    assert set(reference.durations) == set(found) and found
    for stage, (shortest, longest) in reference.durations.items():
        assert (shortest, longest) == pytest.approx((min(found[stage]), max(found[stage])), abs=0.05)


def test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold(model, folder, tmp_path):
    model.save(tmp_path / "model.keras")
    metrics, words = {}, [f"--model={tmp_path / 'model.keras'}", f"--records_dir={folder}"]
    for name, flags in (("report", ()), ("oracle", ("--true_fragments",))):
        result = forked("scoringnet_tf.evaluate", *words, f"--output_dir={tmp_path / name}", *flags)
        assert result.returncode == 0, result.stderr
        metrics[name] = json.loads((tmp_path / name / "metrics.json").read_text())
    assert [metrics[name]["fragments"] for name in ("report", "oracle")] == ["predicted", "true"]
    assert metrics["oracle"]["intervals"]["scores"] == {}  # they were measured with stages that the model finds
    stated = metrics["report"]["intervals"]
    assert stated["claimed"] == 0.9 and stated["scores"]["final"]["num_videos"] == 3
    found = read_predictions(tmp_path / "report/predictions.csv")
    for score, (name, measure) in itertools.product(SCORES, MEASURES.items()):
        kept = np.array(metrics["report"][f"{score[0]}_{name}"], float)  # None is NaN
        np.testing.assert_array_equal(kept, measure(found.truth[score], found.predicted[score]))
    with (tmp_path / "report/predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    width = model.reference.intervals.half_widths["final"]
    held = [abs(float(row["true_final"]) - float(row["predicted_final"])) <= width for row in rows]
    assert stated["scores"]["final"]["held"] == pytest.approx(np.mean(held))
    assert (stated["same_videos"], stated["shared_videos"]) == (False, 0)


def test_an_evaluation_knows_the_videos_that_set_the_intervals_in_another_split(model, folder, tmp_path):
    """Of three that are tested there two."""
    info = DatasetInfo.load(folder)
    of = {name: info.splits[name]["ids"] for name in ("train", "validation", "test")}
    tested = [*of["validation"][:2], of["test"][0]]
    names = [*of["train"], *of["validation"][2:], *of["test"][1:]]
    resplit(info, dict.fromkeys(tested, "test") | dict.fromkeys(names, "train"), tmp_path / "index")
    model.save(tmp_path / "model.keras")
    words = [f"--model={tmp_path / 'model.keras'}", f"--records_dir={tmp_path / 'index'}"]
    result = forked("scoringnet_tf.evaluate", *words, f"--output_dir={tmp_path / 'report'}")
    assert result.returncode == 0 and "(2 of the videos set them)" in result.stdout, result.stderr
    assert json.loads((tmp_path / "report/metrics.json").read_text())["intervals"]["shared_videos"] == 2


def test_a_forced_score_has_no_interval_and_the_lowest_grade(scorer, scored):
    video_id, video, free, _ = scored[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "scoringnet_tf.inference.prediction.reasons_against",
            lambda *_: [scoringnet_tf.support.messages.Remark("stage_order", "Wrong.")],
        )
        forced, withheld = (scorer.score(video, video_id, force=force) for force in (True, False))
    assert forced.final == free.final and forced.intervals == {} and forced.status == "forced"
    assert forced.reliability.grade == "low" and forced.reliability.because[0] == "stage_order"
    assert (withheld.intervals, withheld.reliability, len(withheld.alike)) == ({}, None, 3)


def test_the_score_of_a_record_is_that_of_the_evaluation(scored, plain, folder):
    info = DatasetInfo.load(folder)
    dataset = scoringnet_tf.videos(folder, "test", image_size=(32, 32), batch_size=3, with_info=True)
    found = predict_records(prediction_function(plain), dataset)
    assert found.ids == info.splits["test"]["ids"]
    for (_, _, score, _), final in zip(scored, found.predicted["final"], strict=True):
        assert score.final == pytest.approx(final, rel=1e-4)
    assert np.diff(np.sort(found.predicted["final"])).min() > 0.1  # each video has a score of its own


def test_what_was_measured_with_other_weights_says_nothing(model, scored):
    trained_on = model.with_dtype("float32")
    trained_on.score_predictor.variables[0].assign_add(np.ones_like(trained_on.score_predictor.variables[0]))
    video_id, video, *_ = scored[0]
    score = VideoScorer(trained_on).score(video, video_id, force=True)
    assert (score.interval_level, score.intervals, score.alike) == (None, {}, [])
    assert "stale_reference" in score.reliability.because and score.reliability.grade == "low"


@pytest.mark.slow
def test_a_model_that_was_compiled_keeps_its_reference(model, folder, tmp_path):
    """And has one that is its own after it was trained, as saved and loaded."""
    learning = model.with_dtype("float32")
    learning.compile(keras.optimizers.SGD(0.01), run_eagerly=True)
    assert is_current(learning)
    batches = scoringnet_tf.videos(folder, "train", image_size=(32, 32), batch_size=3)
    learning.fit(batches, verbose=0, shuffle=False)
    assert not is_current(learning)
    scoringnet_tf.with_reference(learning, folder).save(tmp_path / "model.keras")
    assert is_current(load_scoring_net(tmp_path / "model.keras"))


@pytest.mark.slow
def test_videos_held_out_by_id_are_of_the_training_split(plain, folder):
    """Where there is a validation split, its errors count; what was held out of training beside it is no neighbour."""
    first = DatasetInfo.load(folder).splits["train"]["ids"][0]
    found = scoringnet_tf.with_reference(plain, folder, held_out_ids=[first]).reference
    assert found.intervals.num_videos["final"] == 9 and (found.bank is None or first not in found.bank.ids)
    with pytest.raises(InputError, match=r"held_out_ids: expected ids of the training split .* Received: nobody"):
        scoringnet_tf.with_reference(plain, folder, held_out_ids=["nobody"])


def test_how_long_a_stage_lasts_goes_by_the_rate_of_its_video(tmp_path):
    """Four steps in each video: of one with 5 steps a second, and of others with half and four times as many."""
    stages, values = np.repeat([0, 1, 2, 3], 4), np.random.default_rng(0).normal(size=(6, 16, 4)).astype(np.float32)
    videos = [
        feature_video(
            f"{number}", values[number], stages, rate, difficulty=3.0 + number / 9, execution=20.0 + number, final=60.0
        )
        for number, rate in enumerate((5.0, 2.5, 20.0, 5.0, 5.0, 5.0))
    ]
    info = DatasetInfo.load(write_records(tmp_path / "records", {"train": videos}))
    model = scoringnet_tf.ScoringNet.for_records(info, clip_lengths=(4, 4), width_multiplier=1 / 16)
    assert measured(telling(model), info).durations == dict.fromkeys(info.stages[1:], (0.2, 1.6))


def test_features_have_them_too(tmp_path):
    rng = np.random.default_rng(0)
    train = rng.normal(size=(60, 4))
    spread = Spread.of(train)
    from scoringnet_tf.models.bank import Bank
    from scoringnet_tf.models.intervals import Intervals

    bank = Bank.of([f"{number}" for number in range(60)], {"final": np.arange(60.0)}, spread.coordinates(train))
    intervals = Intervals(0.9, {"final": 5.0}, {"final": 20}, "validation", "")
    model = scoringnet_tf.ScoringNet(
        features={"size": 4, "stride": 2, "origin": None},
        fragments="whole",
        clip_lengths=(4, 4),
        width_multiplier=1 / 16,
        score_statistics={"difficulty": (3.0, 0.1), "execution": (20.0, 1.0)},
        reference=Reference(60, "", 0, {}, (), spread, intervals, bank).get_config(),
    )
    np.save(tmp_path / "v.npy", np.repeat(train[7:8], 25, axis=0))
    fresh = trained(model).with_dtype("float32", reference={**model.reference.get_config(), "weights": checksum(model)})
    score = scoringnet_tf.score_video(tmp_path / "v.npy", fresh)
    assert score.alike[0]["id"] == "7" and score.alike[0]["final"] == 7.0
    assert score.intervals["final"] == pytest.approx((score.final - 5, score.final + 5))


@pytest.mark.slow
def test_the_lengths_of_features_without_stages_are_measured_and_compared(tmp_path):
    """Nothing else tells that five steps are no performance of 30; where stages do, they are not kept."""
    rows = ["features,split,difficulty,final"]
    for number in range(6):
        np.save(tmp_path / f"{number}.npy", np.random.default_rng(number).normal(size=(30 + number, 4)))
        rows.append(f"{number}.npy,{'test' if number == 5 else 'train'},{2.4 + 0.2 * number:.1f},{60 + number}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    info, _ = build_records("manifest", tmp_path, tmp_path / "records", sport="diving")
    options = {"clip_lengths": (4, 4), "width_multiplier": 1 / 16}
    model = scoringnet_tf.ScoringNet.for_records(info, fragments="whole", **options)
    train = scoringnet_tf.videos(tmp_path / "records", "train", batch_size=2)
    model.adapt_features(train)
    model.compile(keras.optimizers.SGD(1e-4))
    model.fit(train, shuffle=False, verbose=0)
    found = scoringnet_tf.with_reference(model, tmp_path / "records")
    assert found.reference.num_steps == (30, 34)
    np.save(tmp_path / "short.npy", np.zeros((5, 4)))
    told = {name: scoringnet_tf.score_video(tmp_path / name, found, force=True) for name in ("0.npy", "short.npy")}
    assert ["length_unlike_training" in [w.code for w in score.warnings] for score in told.values()] == [False, True]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "mixed_bfloat16"])
def test_what_rounded_weights_were_measured_with_is_known_in_float32(plain, model, folder, dtype):
    """Which holds every number of bfloat16; of the way back nothing can be told."""
    rounded = plain.with_dtype(dtype)
    if dtype == "bfloat16":
        rounded = scoringnet_tf.with_reference(rounded, folder)
    else:  # what was measured otherwise, as if with these weights: they alone are asked for
        rounded = plain.with_dtype(dtype, reference={**model.reference.get_config(), "weights": checksum(rounded)})
    assert is_current(rounded) and is_current(rounded.with_dtype("float32"))
    assert is_current(model.with_dtype("bfloat16"))


# === Records that are not those of the run ===


def test_held_out_records_that_do_not_fit_are_refused_before_anything_is_measured(plain, folder):
    info = DatasetInfo.load(folder)
    with pytest.raises(InputError, match="expected records with the model's frame size"):
        measured(plain, info, HeldOut(dataclasses.replace(info, frame_size=(72, 96)), "validation"))


def test_records_of_other_features_are_refused(folder):
    features = {"size": 4, "stride": 2, "origin": None}
    info = dataclasses.replace(DatasetInfo.load(folder), features=features)
    model = scoringnet_tf.ScoringNet(features=features, fragments="whole", clip_lengths=(4, 4), width_multiplier=1 / 16)
    check_fits(model, info)
    with pytest.raises(InputError, match=r"features like those of the model\. Received: stride 4 instead of 2\."):
        check_fits(model, dataclasses.replace(info, features={**features, "stride": 4}))


@pytest.mark.parametrize("steps", [4, 1])
def test_records_of_features_of_another_rate_are_refused(folder, steps):
    """As `predict` refuses such features; one step for a whole video has no rate."""
    features = {"size": 4, "stride": 2, "origin": None}
    info = dataclasses.replace(DatasetInfo.load(folder), features=features, frame_rate=12.5)
    model = scoringnet_tf.ScoringNet.for_records(
        info, fragments="whole", clip_lengths=(steps, steps), width_multiplier=1 / 16
    )
    check_fits(model, dataclasses.replace(info, frame_rate=12.6))
    error = pytest.raises(
        InputError, match=r"features like those of the model\. Received: 25 steps/s instead of 12\.5\."
    )
    with error if steps > 1 else contextlib.nullcontext():
        check_fits(model, dataclasses.replace(info, frame_rate=25.0))


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"frame_rate": 50.0}, "50 frames/s instead of 25"),
        ({"aspect": 0.6}, r"pictures of 0\.60:1 instead of 1\.33:1"),
        ({"settings": {"jpeg_quality": 50, "fit": "crop"}}, "JPEG of quality 50 instead of 92"),
        ({"settings": {"jpeg_quality": 92, "fit": "pad"}}, "--fit=pad instead of crop"),
    ],
)
def test_records_that_were_stored_otherwise_are_refused(folder, changes, received):
    """Of a model that was made for records; one that knows no training cannot tell."""
    info = DatasetInfo.load(folder)
    model = scoringnet_tf.ScoringNet.for_records(info, image_size=(32, 32), width_multiplier=1 / 16)
    check_fits(model, dataclasses.replace(info, frame_rate=info.frame_rate * 1.01))
    check_fits(model, dataclasses.replace(info, settings={}))  # of before this was kept
    with pytest.raises(InputError, match=f"expected frames as the model learned them. Received: {received}"):
        check_fits(model, dataclasses.replace(info, **changes))
