"""Which backend of Keras commands take; its own way of finding it is in `keras.src.backend.config`."""

import json

import pytest
from test_commands import COMMANDS, started

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.keras_backend import check_backend

WITH_KERAS = [(name,) for name in COMMANDS if name != "scoringnet_tf.serve_data"] + [("data_prep", "suggest")]


@pytest.mark.parametrize("arguments", WITH_KERAS, ids=" ".join)
def test_commands_refuse_another_backend(arguments, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    result = started(*arguments, *(["--output=new.csv"] if arguments[0] == "data_prep" else []))
    name = arguments[-1].rpartition(".")[2]
    assert result.stderr == f"{name}: KERAS_BACKEND: expected tensorflow, which commands need. Received: torch.\n"
    assert (result.returncode, result.stdout) == (1, "")


def test_a_command_without_keras_does_not_ask(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    result = started("data_prep", "describe", "--records_dir=none")
    assert result.stderr.startswith("describe: none/dataset_info.json: expected")


def test_keras_json_counts_where_the_variable_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    path = tmp_path / ".keras/keras.json"
    check_backend()  # none
    path.parent.mkdir()
    path.write_text(json.dumps({"backend": "jax"}))
    refusal = rf"^{path}: expected backend tensorflow, .* KERAS_BACKEND=tensorflow beside it\. Received: jax\.$"
    with pytest.raises(InputError, match=refusal):
        check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "")  # as if it were not set
    with pytest.raises(InputError, match=refusal):
        check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    check_backend()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"backend": "tensorflow"}', '{"backend": "jax"'])
def test_a_keras_json_that_names_no_other_backend_is_fine(text, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    (tmp_path / "keras.json").write_text(text)
    check_backend()
