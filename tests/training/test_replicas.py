"""Several devices share a batch and learn what one would from the whole of it."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from refusals import refused
from training_runs import scoring_run

from scoringnet_tf.training.strategy import shared, strategy_of, workers

OVERFLOW = """
import numpy as np, scoringnet_tf, keras
from scoringnet_tf.models.loss_terms import LossScaleOptimizer
from scoringnet_tf.training.optimizer import LayerwiseAdam
from scoringnet_tf.training.strategy import strategy_of

with strategy_of(2).scope():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(LossScaleOptimizer(LayerwiseAdam(0.1), initial_scale=1024.0), loss="mse")
    model.optimizer.build(model.trainable_variables)
values, first = np.arange(12.0).reshape(4, 3), model.get_weights()
on_second = values + [[0], [0], [0], [np.inf]]  # a replica has a half of the rows
for batch in (on_second, on_second[::-1], values):
    model.fit(batch, values[:, :1], batch_size=4, shuffle=False, verbose=0)
    moved = any((a != b).any() for a, b in zip(first, model.get_weights()))
    print(moved, np.isfinite(model.get_weights()[0]).all(), model.optimizer.dynamic_scale.value.numpy())
"""


@pytest.mark.parametrize(("machines", "each"), [(1, 4), (2, 1), (2, 2), (3, 2), (2, 4)])
def test_rows_are_gathered_in_their_order_on_several_machines_of_several_replicas(machines, each, monkeypatch):
    """As TensorFlow deals a batch out: a piece for each machine in turn, to its replicas in turn."""
    number = machines * each
    addresses = [f"host{machine}:1" for machine in range(machines)]
    config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config) if machines > 1 else "")
    rows = 2 * number - 1  # one short: filled up
    dataset = tf.data.Dataset.from_tensors((tf.range(rows), tf.range(rows)))
    ((inputs, _, weights),) = shared(dataset, number).as_numpy_iterator()
    of_machine = [inputs.reshape(number, -1)[machine::machines] for machine in range(machines)]
    gathered = np.concatenate([piece for pieces in of_machine for piece in pieces])  # by number of the replica
    assert gathered.tolist() == [*range(rows), 0]
    assert weights[inputs != 0].all() and sorted(weights[inputs == 0]) == [0, 1]
    assert shared(dataset, 1) is dataset


FRAGMENTS = """
import numpy as np, scoringnet_tf, tensorflow as tf
from scoringnet_tf.models.fragments import TrainingFragments
from scoringnet_tf.training.strategy import strategy_of

strategy = strategy_of(2)
with strategy.scope():
    shared = TrainingFragments(jitter=9, seed=3)
alone = TrainingFragments(jitter=9, seed=3)
true = np.tile(np.arange(40, dtype="int32"), (16, 1))
batches = tf.data.Dataset.from_tensor_slices((true, true + 100)).batch(8)
run = tf.function(lambda *batch: strategy.run(shared, batch))
for batch, whole in zip(strategy.experimental_distribute_dataset(batches), batches):
    found = np.concatenate([part.numpy() for part in strategy.experimental_local_results(run(*batch))])
    expected = alone(*whole).numpy()
    print((found == expected).all(), (found[:4] == found[4:]).all(), len(np.unique(expected[:, 20])) > 4)
"""


LEARNED = """
import keras, numpy as np, scoringnet_tf, tensorflow as tf
from scoringnet_tf.training.strategy import strategy_of

features, clips = {"size": 4, "stride": 1, "origin": None}, {"clip_lengths": (4, 4)}
with strategy_of(2).scope():
    model = scoringnet_tf.ScoringNet(width_multiplier=1 / 16, score_predictor=clips, content={"features": features})
    model.compile(keras.optimizers.SGD(0.0), phase="scoring")
inputs = {"features": np.ones((4, 8, 4), "float32"), "mask": np.ones((4, 8), bool)}
scores = {name: np.arange(4, dtype="float32") for name in ("difficulty", "execution", "final")}
data = tf.data.Dataset.from_tensors((inputs, {"stages": np.ones((4, 8), "int32"), **scores}))
model.adapt_features(data)
for _ in range(2):
    print(sorted(model.learned_parts))
    model.fit(data, verbose=0, shuffle=False)
print(sorted(model.learned_parts))
"""


EXPECTED = {  # of each script, which several devices of one processor run in a process of its own
    OVERFLOW: ["False True 512.0", "False True 256.0", "True True 256.0"],  # left out on all
    FRAGMENTS: ["True False True"] * 2,  # drawn as on one device
    LEARNED: ["[]", *[str(["difficulty", "execution"])] * 2],
}


FORKS = """
import json, os, sys, keras, scoringnet_tf, tensorflow
for script in json.load(sys.stdin):
    if not os.fork():
        exec(script)
        sys.stdout.flush()
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
def test_replicas_do_what_one_device_does():
    scripts = json.dumps([*EXPECTED])
    done = subprocess.run([sys.executable, "-c", FORKS], input=scripts, capture_output=True, text=True)
    assert done.stdout.splitlines() == [line for lines in EXPECTED.values() for line in lines], done.stderr[-3000:]


def of(task, cluster):
    return json.dumps({"cluster": cluster, "task": task})


TWO = {"worker": ["a:1", "b:1"]}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("", (0, 1)),
        (of({"type": "worker", "index": 1}, TWO), (1, 2)),
        (of({"type": "worker", "index": 0}, {"chief": ["c:1"], **TWO}), (1, 3)),
        (of({"type": "chief", "index": 0}, {"chief": ["c:1"], **TWO}), (0, 3)),
    ],
)
def test_the_first_of_several_machines_is_known(monkeypatch, config, expected):
    monkeypatch.setenv("TF_CONFIG", config)
    assert workers() == expected


@pytest.mark.parametrize(
    "config",
    [
        "{",
        "[]",
        "{}",
        of({"type": "worker", "index": 2}, TWO),
        of({"type": "worker", "index": -1}, TWO),
        of({"type": "worker"}, TWO),
        of({"type": "ps", "index": 0}, {**TWO, "ps": ["d:1"]}),
        of({"type": "worker", "index": 0}, {"worker": 3}),
    ],
)
def test_another_cluster_is_refused(monkeypatch, config):
    monkeypatch.setenv("TF_CONFIG", config)
    with refused("wrong_value", "TF_CONFIG", config):
        workers()


def test_each_machine_has_a_replica(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", of({"type": "worker", "index": 0}, TWO))
    with refused("wrong_value", "--replicas=3", "2 workers"):
        strategy_of(3)


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"batch_size": 3}, "out_of_range", ["--replicas=4", "--batch_size=3"]),
        (
            {"batch_size": 4, "stage_network": "resnet50"},
            "flags_conflict",
            ["resnet50", "--replicas=4", "--replicas=1"],
        ),
        ({"batch_size": 4, "accumulation_steps": 2}, "flags_conflict", ["accumulation_steps", "--replicas=1"]),
        (
            {"replicas": 1, "ema_momentum": 0.9, "stage_network": "resnet50"},
            "flags_conflict",
            ["resnet50", "--set=optimizer.ema_momentum=0.9", "ema_momentum=0."],
        ),
        ({"batch_size": 4}, "devices_in_use", ["--replicas=4"]),
    ],
)
def test_what_replicas_and_resnet50_cannot_do_is_refused(changes, code, named, diving_records, tmp_path):
    tf.zeros(())  # as any test before this may have done
    with refused(code, *named):
        scoring_run(diving_records, tmp_path, **{"replicas": 4, **changes})
