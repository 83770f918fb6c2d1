"""Several devices, and several machines, train what one would from the whole of each batch; some are killed."""

import concurrent.futures
import json
import os
import pathlib
import socket
import subprocess
import sys

import keras
import numpy as np
import pytest
from refusals import code_printed
from training_runs import rows_of, settings

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.training.network import build_network

SCRIPT = pathlib.Path(__file__).with_name("run_together.py")
# Two epochs of two steps are done, and one step of the third, when a process is killed.
KILLED_AT = 5


def start(records, folder, replicas, *killed_at, cluster=None, within=None, **changed):
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}
    if cluster:
        environment["TF_CONFIG"] = json.dumps(cluster)
    command = [sys.executable, SCRIPT, records, folder, replicas, json.dumps(changed), *killed_at]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([*map(str, command)], env=environment, cwd=within, text=True, **pipes)


def end(process):
    """(exit status, standard output, standard error) of a process."""
    output, errors = process.communicate(timeout=600)
    return process.returncode, output, errors


def both(records, folder, *killed_at, within=(None, None), changed=({}, {})):
    """How two workers of one replica each ended, within a folder each where those are named, with changes of each.

    The second is killed after a step, where one is named.
    """
    listeners = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{listener.getsockname()[1]}" for listener in listeners]
    for listener in listeners:
        listener.close()

    def worker(index):
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        return start(records, folder, 2, *killed_at[:index], cluster=cluster, within=within[index], **changed[index])

    with concurrent.futures.ThreadPoolExecutor(2) as threads:  # neither waits for the other to be read
        return list(threads.map(end, [worker(0), worker(1)]))


def assert_went_well(ended, replicas):
    status, output, errors = ended
    assert status == 0, errors[-3000:]
    assert f"Replicas: {replicas}, which share each batch of 4." in output


def result(folder):
    """The logged figures, and the weights."""
    figures = [[float(value) for value in row.values()] for row in rows_of(folder / "joint.csv")]
    return np.array(figures), list(np.load(folder / "weights.npz").values())


@pytest.fixture(scope="module")
def alone(diving_features, tmp_path_factory):
    """What one device learns."""
    folder = tmp_path_factory.mktemp("alone")
    status, _, errors = end(start(diving_features, folder, 1))
    assert status == 0, errors[-3000:]
    return result(folder)


def assert_like(found, expected):
    for found_weights, expected_weights in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(found_weights, expected_weights, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-3, atol=1e-4)


def test_1_2_and_4_replicas_end_with_the_same_weights(diving_features, alone, tmp_path):
    """Pairs of the whole batch, its clipping, its average; a killed run goes on with another number of them."""
    status, output, _ = end(start(diving_features, tmp_path, 4, KILLED_AT))
    assert status < 0 and "Replicas: 4, which share each batch of 4." in output
    assert_went_well(end(start(diving_features, tmp_path, 2)), 2)
    assert_like(result(tmp_path), alone)


def test_two_workers_end_with_the_same_weights_though_one_was_killed(diving_features, alone, tmp_path):
    (status, _, errors), (killed, *_) = both(diving_features, tmp_path, KILLED_AT)
    assert killed < 0 and status > 0
    assert code_printed(errors) == "worker_gone", errors[-3000:]
    assert not (tmp_path / "last.keras").exists()
    for ended in both(diving_features, tmp_path):
        assert_went_well(ended, 2)
    assert_like(result(tmp_path), alone)


def test_workers_of_other_settings_are_refused(diving_features, tmp_path):
    (first, _, _), (status, _, errors) = both(diving_features, tmp_path, changed=({}, {"alpha": 2.0}))
    assert first > 0 and status > 0
    assert code_printed(errors) == "other_run" and "--alpha" in errors
    assert not (tmp_path / "checkpoints").exists()


def test_workers_that_begin_with_other_weights_are_refused(diving_features, tmp_path):
    """A relative path is another file where each has a folder of its own. Both say so."""
    info, within = DatasetInfo.load(diving_features), [tmp_path / "first", tmp_path / "second"]
    for seed, folder in enumerate(within):
        folder.mkdir()
        keras.utils.set_random_seed(seed)
        build_network(info, settings(folder, diving_features), "float32", ["final"]).save(folder / "model.keras")
    changed = {"initial_model": "model.keras", "epochs": 1}
    for status, _, errors in both(diving_features, tmp_path / "run", within=within, changed=(changed, changed)):
        assert status > 0
        assert code_printed(errors) == "other_start" and "worker 1 has other weights" in errors, errors[-3000:]
    assert not (tmp_path / "run/checkpoints").exists()
