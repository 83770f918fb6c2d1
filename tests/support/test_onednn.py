"""oneDNN is asked for before TensorFlow is imported, and its absence is said."""

import os
import subprocess
import sys

import pytest

from scoringnet_tf.support import onednn


@pytest.fixture
def unset(monkeypatch):
    """An environment that does not say, with TensorFlow imported before."""
    monkeypatch.setenv(onednn.OPTION, "")  # so that what the test sets is taken back
    monkeypatch.delenv(onednn.OPTION)
    monkeypatch.setitem(sys.modules, "tensorflow", object())
    return monkeypatch


def test_tensorflow_without_onednn_is_said(unset):
    unset.setattr(onednn, "cpu_flags", lambda: {"fma", "avx2"})
    with pytest.warns(RuntimeWarning, match="before scoringnet_tf"):
        onednn.enable()


def test_nothing_is_said_where_tensorflow_takes_it_by_itself(unset):
    unset.setattr(onednn, "cpu_flags", lambda: {"fma", "avx2", "avx512_vnni"})
    onednn.enable()
    assert os.environ[onednn.OPTION] == "1"


def test_what_the_environment_says_stands(unset):
    unset.setenv(onednn.OPTION, "0")
    onednn.enable()
    assert os.environ[onednn.OPTION] == "0"


def test_import_asks_for_it():
    environment = {name: value for name, value in os.environ.items() if name != onednn.OPTION}
    code = f"import scoringnet_tf, os, sys; print(os.environ[{onednn.OPTION!r}], 'tensorflow' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert printed.stdout.split() == ["1", "False"]
