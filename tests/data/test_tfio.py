"""When records at s3:// are left to TensorFlow; that it then reads them as they are is for `make tfio`."""

import os
import subprocess
import sys

import pytest

from scoringnet_tf.data import tfio
from scoringnet_tf.support.paths import records_path

ASK = """
import os, sys
import tensorflow as tf
from scoringnet_tf.data import tfio
from scoringnet_tf.support.paths import records_path
for tf.__version__ in sys.argv[1:]:
    if not os.fork():
        found = tfio.in_graph(records_path("s3://bucket/a.tfrecord"), 1)
        print(tf.__version__, found, "tensorflow_io" in sys.modules, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.parametrize("address", ["memory://bucket/a.tfrecord", "gs://bucket/a.tfrecord"])
def test_other_stores_are_left_to_fsspec(address):
    assert not tfio.in_graph(records_path(address), 1)


@pytest.mark.slow
def test_a_tensorflow_io_that_does_not_work_is_not_relied_on(tmp_path):
    """One whose import succeeds, and that brings nothing: beside its own TensorFlow it is tried, and that said."""
    (tmp_path / "tensorflow_io.py").touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    words = [sys.executable, "-c", ASK, "2.21.0", "2.17.1", "2.16.2"]
    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["2.21.0 False False", "2.17.1 False False", "2.16.2 False True"]
    assert [line[:23] for line in result.stderr.splitlines()].count("s3://bucket/a.tfrecord:") == 1
