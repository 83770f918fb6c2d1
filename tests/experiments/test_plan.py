"""What a training takes on a GPU, against operations counted by hand from its network."""

import dataclasses

import pytest
from refusals import refused
from table_runs import surroundings  # noqa: F401

import scoringnet_tf
from scoringnet_tf.experiments import plan
from scoringnet_tf.experiments.catalogue import Experiment, Row
from scoringnet_tf.experiments.training import Training
from scoringnet_tf.models import flops

TINY = {"image_size": "32,32", "width_multiplier": "0.03125", "clip_lengths": "8,8", "validation_fraction": "0"}
SIZE = {"image_size": (32, 32), "width_multiplier": 1 / 32, "score_predictor": {"clip_lengths": (8, 8)}}
JOINT = {**TINY, "training": "joint", "epochs": "2", "batch_size": "4"}
STAGED = {**TINY, "training": "staged", "segmentation_epochs": "2", "scoring_epochs": "2", "batch_size": "4"}


@pytest.fixture
def where(surroundings, tmp_path):  # noqa: F811
    (tmp_path / "none.flags").touch()
    return dataclasses.replace(surroundings, preset=tmp_path / "none.flags")


def test_operations_are_those_of_the_network_on_videos_of_mean_length(where):
    """Seven videos, in two batches; KFS first and then SP is as much, but for KFS before SP on what it predicts."""
    info = where.records
    lengths = [info.videos[video_id]["num_frames"] for video_id in info.split("train")["ids"]]
    mean, model = round(sum(lengths) / 7), scoringnet_tf.ScoringNet.for_records(info, **SIZE)
    joint, staged, predicted = (
        plan.cost_of(Training(flags, 0), where, 80) for flags in (JOINT, STAGED, {**STAGED, "fragments": "predicted"})
    )
    forward = flops.forward(model, mean)
    assert (joint.steps, joint.videos, joint.batch, joint.together) == (4, 14, 4, 4)
    assert joint.operations == 2 * 7 * 3 * forward
    assert staged.operations == joint.operations and staged.steps == 8
    assert predicted.operations - staged.operations == 2 * 7 * flops.forward(model.segmenter, mean)
    weights = 16 * model.count_params()
    assert joint.memory - weights == 4 * 2 * flops.activations(model, max(lengths))


def test_videos_that_are_held_out_are_not_counted(where):
    """A share of the training videos, or those of the records, which no share is then taken of."""
    assert plan.cost_of(Training({**JOINT, "validation_fraction": "0.3"}, 0), where, 80).videos == 2 * 5
    splits = {**where.records.splits, "validation": where.records.splits["test"]}
    own = dataclasses.replace(where, records=dataclasses.replace(where.records, splits=splits))
    assert plan.cost_of(Training({**JOINT, "validation_fraction": "0.3"}, 0), own, 80).videos == 2 * 7


def test_a_batch_is_taken_in_as_many_parts_as_memory_asks_for(where, monkeypatch):
    whole = plan.cost_of(Training(JOINT, 0), where, 80)
    weights = 16 * scoringnet_tf.ScoringNet.for_records(where.records, **SIZE).count_params()
    three = (weights + 3.5 * (whole.memory - weights) / 4) / plan.USABLE / 2**30
    assert plan.cost_of(Training(JOINT, 0), where, three).together == 2  # twice
    assert plan.cost_of(Training({**JOINT, "batch_size": "7"}, 0), where, three).together == 3  # and 3 and 1
    assert plan.cost_of(Training(JOINT, 0), where, 1e-6).together == 0
    monkeypatch.setitem(plan.GIB, "T4", three)
    text = plan.plan([Experiment("", "", [Row("a", JOINT)])], where, 1, "T4")
    assert "| 2 × 2 |" in text and "-- --batch_size=2 --set=optimizer.accumulation_steps=2." in text


def test_a_plan_names_every_training_and_its_hours(where):
    table = Experiment("", "", [Row("a", JOINT), Row("b", STAGED), Row("mean", baseline="mean")])
    text = plan.plan([table], where, 3, "T4")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 3 and all(row[4] == "1 × 4" for row in rows)  # KFS alone, too
    assert "3 seeds: 0.00 hours" in text
    with refused("unknown_name", "--gpu", "T4"):
        plan.plan([table], where, 3, "T5")
