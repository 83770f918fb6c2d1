"""What `import scoringnet_tf` promises: cheap, lazy, and saved models reload whichever module comes first."""

import ast
import configparser
import importlib.util
import pathlib
import shutil
import subprocess
import sys

import pytest
from test_commands import COMMANDS

import scoringnet_tf
from data_prep.__main__ import COMMANDS as PREPARATION
from scoringnet_tf.support import model_files
from scoringnet_tf.support.i3d_files import cached_file
from scoringnet_tf.support.messages import InputError

ROOT = pathlib.Path(__file__).parents[1]


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


# Each module is the first of ours that its process imports; what others wrote, the processes share.
HEAVY_MODULES = """
import importlib, os, sys
import absl.app, numpy, tqdm, upath, yaml
HEAVY = {"av", "cv2", "h5py", "jinja2", "keras", "matplotlib", "scipy", "sklearn", "tensorflow"}
for module in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(module)
        os._exit(bool(HEAVY & sys.modules.keys()))
    if os.wait()[1]:
        print(module)
"""


def test_imports_are_light():
    modules = [*COMMANDS, *(f"data_prep.commands.{name}" for name in PREPARATION)]
    result = subprocess.run([sys.executable, "-c", HEAVY_MODULES, *modules], cwd=ROOT, capture_output=True, text=True)
    assert (result.stdout, result.returncode) == ("", 0), result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", ["losses", "metrics"])
def test_a_public_module_may_be_what_is_imported_first(module):
    """Keras, which it imports, has the models registered, which import it."""
    result = run_python(f"import scoringnet_tf.{module}\nprint(scoringnet_tf.{module}.__name__)")
    assert result.stdout.strip() == f"scoringnet_tf.{module}", result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("order", ["scoringnet_tf, keras", "keras, scoringnet_tf"])
def test_saved_models_reload_after_import(order, tmp_path):
    model = scoringnet_tf.KeyFragmentSegmenter(image_size=(32, 32), width_multiplier=1 / 16)
    model.save(tmp_path / "kfs.keras")
    result = run_python(
        f"import {order}\nprint(type(keras.models.load_model({str(tmp_path / 'kfs.keras')!r})).__name__)"
    )
    assert result.stdout.strip() == "KeyFragmentSegmenter", result.stderr


@pytest.mark.slow
def test_keras_alone_reloads_no_saved_model():
    """What docs/serving.md says of it; where this fails, they can promise more."""
    path = ROOT / "saved_models/motion_small/c3d.keras"
    result = run_python(f"import keras\nkeras.models.load_model({str(path)!r}, compile=False)")
    assert result.returncode != 0 and "C3D" in result.stderr


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


@pytest.mark.parametrize(
    "path",
    [
        *(ROOT / "scoringnet_tf/models").rglob("*.py"),
        *(ROOT / "scoringnet_tf" / f"{module}.py" for module in ("losses", "metrics")),
    ],
    ids=lambda path: path.name,
)
def test_models_and_losses_know_keras_alone(path):
    """They run on every backend of Keras only if none of them imports one."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert not imported & {"tensorflow", "jax", "torch"}


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


# === Shipped models ===


def test_a_model_is_found_as_file_folder_or_default(tmp_path):
    (tmp_path / "run").mkdir()
    for name in ("model.keras", "best.keras"):
        (tmp_path / "run" / name).touch()
    assert model_files.model_path(tmp_path / "run").name == "best.keras"
    assert model_files.model_path(tmp_path / "run/model.keras").name == "model.keras"
    assert model_files.model_path().name == "model.keras"
    with pytest.raises(InputError):
        model_files.model_path(tmp_path)


def test_what_is_there_comes_before_a_shipped_model_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = model_files.model_path("diving_small")
    assert shipped.is_file() and tmp_path not in shipped.resolve().parents
    (tmp_path / "diving_small").mkdir()
    (tmp_path / "diving_small/best.keras").touch()
    assert model_files.model_path("diving_small").resolve() == (tmp_path / "diving_small/best.keras").resolve()


def test_a_checkout_that_is_not_installed_finds_the_models_that_ship(monkeypatch):
    """Its commands run from it before an installed copy, which alone has them inside the package."""
    monkeypatch.setitem(sys.modules, "scoringnet_tf.saved_models", None)  # Python says that there is none
    assert model_files.shipped_presets() == sorted(path.parent.name for path in ROOT.glob("saved_models/*/*.keras"))
    assert model_files.model_path() == ROOT / "saved_models/diving_small/model.keras"


def installed_copy(folder):
    """The `support.model_files` of a copy of the package in a folder."""
    (folder / "support").mkdir()
    copy = shutil.copy(model_files.__file__, folder / "support")
    spec = importlib.util.spec_from_file_location("installed_copy", copy)
    installed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installed)
    return installed


def test_an_installed_copy_finds_its_own_models_and_none_of_another_package(tmp_path):
    for folder in ("scoringnet_tf/saved_models/ours", "saved_models/theirs"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "model.keras").touch()
    installed = installed_copy(tmp_path / "scoringnet_tf")
    assert installed.shipped_presets() == ["ours"]


def test_the_default_model_is_that_for_film_if_it_ships_and_i3d_is_at_hand(tmp_path, without_i3d):
    for name in ("diving_small", "diving_film"):
        (tmp_path / "scoringnet_tf/saved_models" / name).mkdir(parents=True)
        (tmp_path / f"scoringnet_tf/saved_models/{name}/model.keras").touch()
    installed = installed_copy(tmp_path / "scoringnet_tf")
    assert installed.default_model() == "diving_small"
    cached_file().parent.mkdir()
    cached_file().touch()
    assert installed.default_model() == "diving_film"
    shutil.rmtree(tmp_path / "scoringnet_tf/saved_models/diving_film")
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
