"""A model is trained on the records that it is for; for others there is a copy that starts from its weights."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import TINY, assert_same, batch

import scoringnet_tf
from scoringnet_tf.data.dataset_info import INDEX_NAME, score_statistics
from scoringnet_tf.models.settings import merged

ORDERED = merged(TINY, {"segmenter": {"decoding": "ordered"}})
QUIET = {"verbose": 0, "shuffle": False}


@pytest.fixture
def others(diving_copy):
    """Records of another frame rate, aspect and hash, whose executions are half as large."""
    path = diving_copy / INDEX_NAME
    index = json.loads(path.read_text())
    index |= {"frame_rate": index["frame_rate"] / 2, "aspect": 2.5, "data_hash": "another", "name": "others"}
    for video in index["videos"].values():
        video["execution"] /= 2
    index["score_statistics"] = score_statistics(index["videos"])
    path.write_text(json.dumps(index))
    return diving_copy


def ready(model):
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    return model


@pytest.fixture
def trained(diving_records):
    model = ready(scoringnet_tf.ScoringNet.for_records(scoringnet_tf.DatasetInfo.load(diving_records), **ORDERED))
    model.scores_learned = True
    return model


def videos(records, split="train", **options):
    return scoringnet_tf.videos(records, split, image_size=(32, 32), batch_size=2, **options)


def test_training_on_other_records_is_refused(trained, others):
    """Whatever was done to their batches since then."""
    before = trained.get_weights()
    mixed = tf.data.Dataset.from_tensors(next(iter(videos(others)))).concatenate(videos(others))
    for data in (videos(others), videos(others).take(1).map(lambda *batch: batch).prefetch(1).repeat(), mixed):
        with refused("other_records", others):
            trained.fit(data, steps_per_epoch=1, **QUIET)
    assert_same(before, trained.get_weights())


def test_evaluating_frames_of_another_form_or_size_is_refused(trained, diving_records, others):
    with refused("other_content", others, "12.5", "2.50"):  # frames/s, aspect
        trained.evaluate(videos(others), verbose=0)
    with refused("other_content", others):
        trained.fit(videos(diving_records).take(1), validation_data=videos(others), **QUIET)
    with refused("other_content", (73, 98), (36, 48)):
        ready(scoringnet_tf.ScoringNet(**merged(ORDERED, {"content": {"frame_size": (73, 98)}}))).fit(
            videos(diving_records), **QUIET
        )


@pytest.mark.slow
def test_its_own_records_and_other_data_are_taken(trained, diving_records, others):
    data = videos(diving_records).take(1)
    trained.fit(data, validation_data=videos(diving_records, "test").take(1), **QUIET)
    trained.fit(*batch(), verbose=0)
    by_hand = ready(scoringnet_tf.ScoringNet(**merged(ORDERED, {"content": {"frame_size": (36, 48)}})))
    by_hand.fit(videos(others).take(1), **QUIET)  # which says of no records that it is for them


@pytest.mark.slow
def test_a_model_for_other_records_starts_from_its_weights(trained, others, tmp_path):
    info = scoringnet_tf.DatasetInfo.load(others)
    trained.save_to_preset(tmp_path / "preset")
    model = scoringnet_tf.ScoringNet.for_records(info, initial_model=tmp_path / "preset")
    assert_same(trained.get_weights()[:20], model.get_weights()[:20])
    assert model.frame_rate == info.frame_rate and model.get_config()["content"]["stored"] == info.stored
    assert model.provenance["data_hash"] == "another" and model.scores_learned
    assert model.stage_decision.decoding == "ordered" and model.reference is None
    ready(model).fit(videos(others).take(1), **QUIET)
    ours, theirs = (np.asarray(each(batch()[0])["execution"]) for each in (model, trained))
    np.testing.assert_allclose(ours, theirs / 2, atol=1e-4)


@pytest.mark.slow
def test_a_preset_for_frames_of_another_size_or_another_sport_is_refused(diving_records, trained):
    info = scoringnet_tf.DatasetInfo.load(diving_records)
    with refused("other_model", "width_multiplier"):
        scoringnet_tf.ScoringNet.for_records(info, initial_model=trained, width_multiplier=1 / 8)
    with refused("other_content", (73, 98)):
        scoringnet_tf.ScoringNet.for_records(info, initial_model="diving_small")
    with refused("other_model", "vault"):
        scoringnet_tf.ScoringNet.for_records(info, initial_model="vault_small")
    sized = dataclasses.replace(info, frame_size=(73, 98))
    options = {
        "segmenter": {"decoding": "argmax"},
        "score_predictor": {"score_statistics": {"execution": (4.0, 2.0)}},
    }  # those of the user count
    model = scoringnet_tf.ScoringNet.for_records(sized, initial_model="diving_small", **options)
    assert model.frame_size == (73, 98) and model.stage_decision.decoding == "argmax"
    assert model.score_predictor.get_config()["score_statistics"]["execution"] == (4.0, 2.0)


@pytest.mark.parametrize(("known", "code"), [({}, "no_scores"), ({"mean": 3.0, "std": 0.0}, "equal_scores")])
def test_scores_that_nothing_can_be_learned_from_are_named(diving_records, known, code):
    info = scoringnet_tf.DatasetInfo.load(diving_records)
    info.score_statistics["train"]["difficulty"] = known
    with refused(code, diving_records, "difficulty"):
        scoringnet_tf.ScoringNet.for_records(info, **ORDERED)
