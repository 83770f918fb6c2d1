"""A training whose batches other machines make ends with the weights of one that makes its own."""

import pytest
from training_runs import KilledError, assert_same, kill_after_epoch, settings, weights_after

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.service import dispatcher_at, worker_of
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.scoring import ScoringRun


def test_weights_are_those_of_a_run_without_it_also_over_a_kill(diving_records, tmp_path, monkeypatch):
    """Killed in the second epoch, and gone on with on the same service."""
    joint = {"training": "joint", "epochs": 2}
    expected = weights_after(diving_records, tmp_path / "local", **joint)
    dispatcher = dispatcher_at(0)
    address = dispatcher.target.removeprefix("grpc://")
    workers = [worker_of(address), worker_of(address)]
    with monkeypatch.context() as killing:
        kill_after_epoch(killing, 2)
        with pytest.raises(KilledError):
            weights_after(diving_records, tmp_path / "served", data_service=address, **joint)
    assert_same(weights_after(diving_records, tmp_path / "served", data_service=address, **joint), expected)
    for server in (*workers, dispatcher):
        server._stop()


def test_nobody_who_answers_is_said_before_anything_is_written(diving_records, tmp_path):
    wrong = settings(tmp_path / "run", diving_records, data_service="localhost:1")
    with pytest.raises(InputError, match=r"--data_service=localhost:1: expected what .*serve_data.* no answer"):
        ScoringRun(DatasetInfo.load(diving_records), wrong)
    assert not (tmp_path / "run").exists()
