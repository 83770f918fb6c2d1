"""Results of workers on a cluster, taken in order; what stands in for Beam here needs no Beam."""

import concurrent.futures
import pathlib
import pickle
import sys

import pytest

from scoringnet_tf.support import beam
from scoringnet_tf.support.errors import InputError

UPPER = pickle.dumps(str.upper)


@pytest.fixture
def ended():
    """A pipeline that has ended."""
    future = concurrent.futures.Future()
    future.set_result(None)
    return future


def test_results_come_in_order_whatever_the_order_of_the_work(tmp_path, ended):
    for numbered in ((2, "c"), (0, "a"), (1, "b"), (0, "again")):
        beam._keep_result(numbered, UPPER, tmp_path)
    assert list(beam._results(ended, "NAME", tmp_path, 3)) == ["A", "B", "C"]
    assert not list(tmp_path.iterdir())


def test_a_result_that_a_shared_folder_shows_late_is_waited_for(tmp_path, ended, monkeypatch):
    """As NFS does, which keeps what it knows of a folder for a while: here until the second look after the end."""
    monkeypatch.setattr(beam.time, "sleep", lambda _: beam._keep_result((0, "a"), UPPER, tmp_path))
    assert list(beam._results(ended, "NAME", tmp_path, 1)) == ["A"]


def test_a_result_that_is_nowhere_is_named(tmp_path, ended, monkeypatch):
    """As where a worker does not see the folder."""
    monkeypatch.setattr(beam, "LATE", 0.2)
    beam._keep_result((0, "a"), UPPER, tmp_path)
    results = beam._results(ended, "NAME", tmp_path, 2)
    assert next(results) == "A"
    with pytest.raises(InputError, match=r"00000001\.pickle: expected what a worker of --runner=NAME leaves there"):
        next(results)


def test_what_a_pipeline_died_of_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(beam.time, "sleep", lambda _: pytest.fail("nothing will come"))
    failed = concurrent.futures.Future()
    failed.set_exception(RuntimeError("a bundle\nworker 3: no space left"))
    with pytest.raises(
        InputError, match=r"--runner=NAME: expected Beam to finish .*RuntimeError: worker 3: no space left"
    ):
        next(beam._results(failed, "NAME", tmp_path, 1))


def test_nobody_works_for_a_build_that_has_ended(tmp_path):
    beam._keep_result((0, tmp_path / "made"), pickle.dumps(pathlib.Path.mkdir), tmp_path / "removed")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["apache_beam", "apache_beam.options.pipeline_options"])
def test_without_beam_what_to_install_is_said(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with (
        pytest.raises(InputError, match=r"expected Apache Beam \(pip install '\.\[beam\]'\)"),
        beam.on_runner("DirectRunner", tmp_path),
    ):
        pass
