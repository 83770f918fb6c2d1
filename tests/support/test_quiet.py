"""A command's stderr holds our words alone, and TensorFlow's where they are asked for."""

import os
import pathlib
import subprocess
import sys

import pytest

LOAD = """
import sys
from scoringnet_tf.support.quiet import load_tensorflow
print(load_tensorflow().__version__)
assert not {"IPython", "jax", "matplotlib", "pandas", "scipy", "sklearn"} & sys.modules.keys()
import matplotlib.pyplot, scipy.stats  # which whoever needs them still finds
"""


@pytest.mark.slow
@pytest.mark.parametrize(("level", "quiet"), [(None, True), ("0", False)])
def test_tensorflow_is_imported_without_its_notices(level, quiet):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": level} if level else {}
    done = subprocess.run([sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("2.")
    assert (done.stderr == "") == quiet, done.stderr


@pytest.mark.slow
def test_a_command_says_nothing_but_what_it_has_to():
    """One that scores: TensorFlow, its graph and the first use of a device have no word on stderr."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    clip = pathlib.Path(__file__).parents[1] / "clips/diving.mp4"
    command = [sys.executable, "-m", "scoringnet_tf.predict", "--model=diving_small", str(clip)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "take-flight" in done.stdout
