"""When records at s3:// are left to TensorFlow; that it then reads them as they are is for `make tfio`."""

import os
import subprocess
import sys

import pytest

from scoringnet_tf.data import tfio
from scoringnet_tf.support.paths import as_path

ASK = """
import sys
import tensorflow as tf
from scoringnet_tf.data import tfio
from scoringnet_tf.support.paths import as_path
tf.__version__ = sys.argv[1]
print(tfio.in_graph(as_path("s3://bucket/a.tfrecord"), 1), "tensorflow_io" in sys.modules)
"""


@pytest.mark.parametrize("address", ["memory://bucket/a.tfrecord", "gs://bucket/a.tfrecord", "az://bucket/a.tfrecord"])
def test_other_stores_are_left_to_fsspec(address):
    assert not tfio.in_graph(as_path(address), 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "imported"), [("2.21.0", False), ("2.17.1", False), ("2.16.2", True)], ids=lambda value: str(value)
)
def test_a_tensorflow_io_that_does_not_work_is_not_relied_on(tmp_path, version, imported):
    """One whose import succeeds, and that brings nothing: beside its own TensorFlow it is tried, and that said."""
    (tmp_path / "tensorflow_io.py").touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    words = [sys.executable, "-c", ASK, version]
    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == f"False {imported}\n"
    assert ("s3://bucket/a.tfrecord" in result.stderr) == imported
