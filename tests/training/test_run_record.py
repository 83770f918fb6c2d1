"""`config.json` of a run: what may change in a run that goes on, and what is read from beside a model."""

import contextlib
import dataclasses
import functools
import json
import operator
import types

import keras
import pytest
from refusals import refused
from training_runs import pretraining_settings, settings

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import definition_of, get_sport
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fields import all_fields, flat
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve
from scoringnet_tf.training.run_record import RunRecord, held_out_of

RECORDS = types.SimpleNamespace(data_hash="hash", records_dir="records")
TRAINED = {"steps_done": 1, "phase": "scoring", "epoch": 1}


def recorded(folder, state=None, **changes):
    """Writes the configuration of a run with these changes, and a checkpoint of this state."""
    RunRecord(settings(folder, "records", **changes), "hash", "float32", ["a"]).write(folder)
    if state:
        network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        network.compile("adam", "mse")
        Checkpoints(folder).save(network, f"{state['phase']}_{state['epoch']:04d}", state)


def test_no_field_may_change_within_a_run(tmp_path):
    """But those that change nothing of what is computed. Before a first checkpoint all may be mended."""
    recorded(tmp_path)
    recorded(tmp_path, alpha=2.0)
    recorded(tmp_path, TRAINED, alpha=1.0)
    path = tmp_path / "config.json"
    before, fields = json.loads(path.read_text()), {path: about for path, about, *_ in all_fields(TrainingConfig)}
    now = flat(before["configuration"], TrainingConfig)
    free = {name for name in now if fields[name].free}
    assert free == {"data.records_dir", "data.cache", "run.model_dir", "run.replicas", "run.reference"}
    for name in now:
        values = json.loads(json.dumps(before))
        *sections, last = [*name.split("."), *(["kind"] if fields[name].alternatives else [])]
        functools.reduce(operator.getitem, sections, values["configuration"])[last] = "another"
        path.write_text(json.dumps(values))
        flag = fields[name].flag or name
        is_choice = fields[name].alternatives  # of which another version had others
        code, *named = ["old_config"] if is_choice else ["other_run", f"{flag} "]
        with contextlib.nullcontext() if name in free else refused(code, *named):
            recorded(tmp_path)
    path.write_text(json.dumps({**before, "configuration": {"alpha": 1.0}}))
    with refused("old_config"):
        recorded(tmp_path)


def test_neither_may_what_it_learns_from(tmp_path):
    recorded(tmp_path, TRAINED)
    config = settings(tmp_path, "records")
    for named, data_hash, precision, ids in (
        ("precision", "hash", "mixed_bfloat16", ["a"]),
        ("records", "other", "float32", ["a"]),
        ("held-out videos", "hash", "float32", ["b"]),
    ):
        with refused("other_run", named):
            RunRecord(config, data_hash, precision, ids).write(tmp_path)


@pytest.mark.parametrize(
    ("phase", "begun", "later", "code"),
    [
        ("scoring", {}, {"scoring_epochs": 5}, None),
        ("scoring", {}, {"scoring_epochs": 1}, "other_run"),
        ("scoring", {}, {"segmentation_epochs": 3}, "other_run"),
        ("segmentation", {"scoring_epochs": 0}, {"segmentation_epochs": 3}, None),
        ("segmentation", {"scoring_epochs": 0}, {"segmentation_epochs": 1}, "other_run"),
        ("segmentation", {"scoring_epochs": 0}, {"scoring_epochs": 2}, "other_run"),
        ("segmentation", {}, {"segmentation_epochs": 3}, "other_run"),  # SP is trained after it
        ("joint", {"training": "joint"}, {"epochs": 3}, None),
        ("joint", {"training": "joint"}, {"epochs": 1}, "other_run"),
        ("joint", {"training": "joint"}, {"training": "staged"}, "other_run"),
    ],
)
def test_the_last_phase_alone_may_be_given_more_epochs(tmp_path, phase, begun, later, code):
    recorded(tmp_path, {"steps_done": 2, "phase": phase, "epoch": 2}, **begun)
    with refused(code):
        recorded(tmp_path, **begun | later)


def test_a_phase_that_was_ended_is_not_given_more(tmp_path):
    recorded(tmp_path, {**TRAINED, "stopped": True})
    recorded(tmp_path)
    with refused("other_run", "--scoring_epochs"):
        recorded(tmp_path, scoring_epochs=6)
    recorded(tmp_path)  # what was refused is not in config.json


def test_a_pretraining_may_be_given_more_epochs(tmp_path):
    """It keeps the versions that it began with, whatever it goes on with."""

    def config(epochs):
        RunRecord(pretraining_settings(tmp_path, epochs=epochs), "hash", "float32", ["a"]).write(tmp_path)
        return json.loads((tmp_path / "config.json").read_text())

    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile("adam", "mse")
    began = config(2) | {"versions": {"keras": "3.0"}}
    (tmp_path / "config.json").write_text(json.dumps(began))
    Checkpoints(tmp_path).save(network, "pretraining_0002", {"steps_done": 2, "phase": "pretraining", "epoch": 2})
    extended = config(3)
    assert extended["configuration"]["schedule"] == {"epochs": 3} and extended["versions"] == {"keras": "3.0"}
    with refused("other_run", "--epochs"):
        config(2)
    Checkpoints(tmp_path).save(network, "pretraining_0003", {"steps_done": 3, "phase": "pretraining", "epoch": 3})
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["pretraining_0003"]  # the others are gone


def test_a_run_does_not_go_on_by_other_rules_of_a_sport_of_ones_own(diving_records, tmp_path):
    """Of the same name."""

    def run(final_range):
        sport = definition_of(dataclasses.replace(get_sport("diving"), name="mine", final_range=final_range))
        info = dataclasses.replace(DatasetInfo.load(diving_records), sport=sport)
        return resolve(check(settings(tmp_path, diving_records), info))

    first = run((0.0, 200.0))
    first.record.write(tmp_path)
    Checkpoints(tmp_path).save(first.model, "scoring_0001", {"steps_done": 1, "phase": "scoring", "epoch": 1})
    first.record.write(tmp_path)
    with refused("other_run", "the sport"):
        run((0.0, 250.0)).record.write(tmp_path)


def test_what_a_run_held_out_is_read_from_beside_its_model(tmp_path):
    RunRecord(TrainingConfig(), "hash", validation_ids=["b", "a"]).write(tmp_path)
    assert held_out_of(RECORDS, tmp_path / "best.keras") == ["b", "a"]
    with refused("not_found", "config.json"):
        held_out_of(RECORDS, tmp_path / "elsewhere/best.keras")


@pytest.mark.parametrize(
    ("damaged", "code"),
    [
        ("{", "damaged_json"),
        ("[" * 100_000, "damaged_json"),
        ("[]", "wrong_format"),
        ("{}", "damaged"),
        ('{"data_hash": "a", "learned_from": 1}', "damaged"),
        ('{"data_hash": "a", "configuration": {}}', "old_config"),
    ],
)
def test_a_damaged_configuration_is_named(tmp_path, damaged, code):
    RunRecord(TrainingConfig(), "hash", validation_ids=["b", "a"]).write(tmp_path)
    (tmp_path / "config.json").write_text(damaged)
    with refused(code, "config.json"):
        held_out_of(RECORDS, tmp_path / "best.keras")
