"""What `import scoringnet_tf` promises: cheap, lazy, and saved models reload whichever module comes first."""

import configparser
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from command_forks import ROOT
from test_docs import files

import scoringnet_tf
from scoringnet_tf.support import model_files
from scoringnet_tf.support.commands import GROUPS
from scoringnet_tf.support.i3d_files import cached_file
from scoringnet_tf.support.messages import InputError

# Each module is the first of ours that its process imports; what others wrote, the processes share.


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    ["scoringnet_tf, keras", "keras, scoringnet_tf", "scoringnet_tf.losses, keras", "scoringnet_tf.metrics, keras"],
)
def test_saved_models_reload_whatever_is_imported_first(first):
    """Keras, which a public module imports, has the models registered, which import that module."""
    path = ROOT / "saved_models/motion_small/c3d.keras"
    code = f"import {first}, keras, scoringnet_tf; print(type(keras.models.load_model({str(path)!r})).__name__)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout.strip() == "C3D", result.stderr


def ended(code, level=None):
    """(stdout, stderr) of Python code; `level`: TensorFlow's, set by its user."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": level} if level else {}
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr


def test_the_level_of_a_log_is_its_users():
    """It is set where TensorFlow has yet to read it, and the user has not."""
    code, told = "import scoringnet_tf, os; ", "print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))"
    imported = "import sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow'); "
    found = [ended(before + code + told, level)[0] for before, level in (("", None), ("", "1"), (imported, None))]
    assert found == ["3\n", "1\n", "None\n"]


@pytest.mark.slow
def test_a_score_prints_no_more_than_tensorflow_does_before_it_reads_the_level():
    score = "import scoringnet_tf; print(scoringnet_tf.score_video('tests/clips/diving.mp4', 'diving_small').status)"
    (status, printed), (_, least) = ended(score), ended("import tensorflow", "3")
    assert status == "stages\n" and len(printed.splitlines()) <= len(least.splitlines()), printed


def test_one_command_lists_all_in_groups_and_runs_each():
    """It imports none to list them, and each prints its own help."""
    code = "import sys; from scoringnet_tf.__main__ import main; sys.argv = ['scoringnet'{}]; "
    light = "status = main(); assert 'absl' not in sys.modules; sys.exit(status)"
    listed = ended(code.format("") + light)[0].splitlines()
    assert [line.rstrip(":") for line in listed if re.match(r"\w.*:$", line)] == [*GROUPS]
    about = dict(line.split(maxsplit=1) for line in listed if line.startswith("  "))
    sources = files("scoringnet_tf/[!_]*.py", "scoringnet_tf/*/*.py", "data_prep/commands/*.py")
    runnable = [path for path, text in sources.items() if 'if __name__ == "__main__"' in text]
    assert about.keys() == {path.parent.name if path.stem == "__main__" else path.stem for path in runnable}
    for command in ("report", "inspect"):
        shown = ended(code.format(f", '{command}', '--help'") + "main()")[0]
        assert shown.startswith(about[command]) and "--output" in shown


def test_dir_shows_the_public_names_and_nothing_else():
    assert dir(scoringnet_tf) == sorted(scoringnet_tf.__all__) == [
        *("Augmentation", "Backbone", "C3D", "DatasetInfo", "I3D", "KeyFragmentSegmenter", "LayerwiseAdam"),
        *("ScorePredictor", "ScoringNet", "ScoringNetPreprocessor", "from_preset", "losses", "metrics", "models"),
        *("score_video", "sports", "videos"),
    ]  # fmt: skip
    for name in scoringnet_tf.__all__:
        assert getattr(scoringnet_tf, name).__name__.removeprefix("scoringnet_tf.") == name
    with pytest.raises(AttributeError):
        scoringnet_tf.C4D  # noqa: B018


def test_setup_lists_every_package():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for name in ("scoringnet_tf", "data_prep")
        for path in (ROOT / name).rglob("__init__.py")
    }
    assert listed == found | {"scoringnet_tf.saved_models"}


def test_a_model_is_found_as_file_folder_or_default(tmp_path, monkeypatch):
    """What is there comes before a shipped model of its name."""
    shipped = ROOT / "saved_models/diving_small/model.keras"
    assert model_files.shipped_presets() == sorted(path.parent.name for path in ROOT.glob("saved_models/*/*.keras"))
    monkeypatch.chdir(tmp_path)
    assert model_files.model_path() == model_files.model_path("diving_small") == shipped
    pathlib.Path("diving_small").mkdir()
    with pytest.raises(InputError):
        model_files.model_path("diving_small")
    for name in ("model.keras", "best.keras"):
        pathlib.Path("diving_small", name).touch()
        assert model_files.model_path("diving_small") == pathlib.Path("diving_small", name)
    assert model_files.model_path("diving_small/model.keras").name == "model.keras"


def test_an_installed_copy_has_models_of_its_own_and_prefers_that_for_film_if_i3d_is_at_hand(tmp_path, without_i3d):
    package = tmp_path / "scoringnet_tf"
    for folder in ("diving_film", "diving_small", "../../saved_models/of_another_package"):
        (package / "saved_models" / folder).mkdir(parents=True)
        (package / "saved_models" / folder / "model.keras").touch()
    (package / "support").mkdir()
    copy = shutil.copy(model_files.__file__, package / "support")
    spec = importlib.util.spec_from_file_location("installed_copy", copy)
    installed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installed)
    assert (installed.shipped_presets(), installed.default_model()) == (["diving_film", "diving_small"], "diving_small")
    cached_file().parent.mkdir()
    cached_file().touch()
    assert installed.default_model() == "diving_film"
    shutil.rmtree(package / "saved_models/diving_film")
    assert installed.default_model() == "diving_small"


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in (ROOT / "saved_models").glob("*/README.md")))
def test_shipped_folders_hold_a_model_that_loads_and_its_card(folder):
    import keras

    path = ROOT / "saved_models" / folder
    (model_file,) = path.glob("*.keras")
    keras.models.load_model(model_file, compile=False)
    card = (path / "README.md").read_text(encoding="utf-8")
    for heading in ("Command", "Data", "Limits", "Licence"):
        assert heading in card
