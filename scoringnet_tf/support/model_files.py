"""Model files: shipped ones, a folder, a run's folder, a `.keras` file.

It imports no Keras, so that a command refuses a wrong path at once.
"""

import functools
import json
import pathlib
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from scoringnet_tf.support.i3d_files import is_installed
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, as_path

SHIPPED, FOR_FILM = "diving_small", "diving_film"  # the second needs I3D
DEFAULT_HELP = f"Default: {FOR_FILM} with I3D installed, else {SHIPPED}."
SCORING_NET, WITH_C3D = ("ScoringNet",), ("C3D", "ScoringNet")  # classes of models
# In a run's folder the best comes before the last; in a preset's folder there is one.
NAMES = ("best.keras", "model.keras", "c3d.keras", "last.keras")
SHOWN_LETTERS = 300  # of what a library says of a damaged file
I3D_NAME = "i3d"  # a backbone's


# Inside an installed package, of a checkout beside the package.
_FOLDERS = [pathlib.Path(__file__).parents[depth] / "saved_models" for depth in (1, 2)]
SHIPPED_FOLDER = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[1])


def shipped_presets(kinds: Iterable[str] | None = None) -> list[str]:
    """The names of the shipped models: all, or these classes'."""
    files = (folder / name for folder in SHIPPED_FOLDER.iterdir() for name in NAMES if (folder / name).is_file())
    return sorted(file.parent.name for file in files if kinds is None or _shipped_class(file) in kinds)


@functools.cache
def _shipped_class(file: pathlib.Path) -> str:
    """The class of a shipped model, which stays; Keras asks for `presets` whenever it saves or loads."""
    return _saved(file)["class_name"]


def default_model() -> str:
    """The shipped model that finds dives in videos, if the user names none."""
    return FOR_FILM if is_installed() and FOR_FILM in shipped_presets() else SHIPPED


def is_shipped(path: AnyPath) -> bool:
    """Whether a shipped model has that name, and nothing exists at that path: it would come first."""
    return str(path) in shipped_presets() and not as_path(path).exists()


def model_path(
    path: AnyPath | None = None, flag: str = "model", kinds: Sequence[str] = SCORING_NET, shipped: bool = True
) -> pathlib.Path:
    """The `.keras` file for a shipped model's name, a file, or a folder with one; None for `diving_small`.

    InputError, naming `flag`, if there is none; if a `shipped` model would do it names those of these classes.
    """
    path = SHIPPED if path is None else path
    if not str(path):
        raise InputError("empty_flag", f"--{flag} has no value.", "It takes the name or path of a model.")
    file = SHIPPED_FOLDER / str(path) if is_shipped(path) else as_path(path, flag)
    if file.is_dir():
        files = [file / name for name in NAMES if (file / name).is_file()]
        if not files:
            raise InputError("not_found", f"--{flag}={path}: the folder holds none of {', '.join(NAMES)}.")
        return files[0]
    if not file.is_file():
        hint = f"It takes a .keras file or a folder with one. {preset_hint(kinds, shipped)}".rstrip()
        raise InputError("not_found", f"--{flag}={path}: no such file.", hint)
    return file


def check_model(
    path: AnyPath | None = None, flag: str = "model", kinds: Sequence[str] = SCORING_NET, shipped: bool = True
) -> pathlib.Path:
    """`model_path`; InputError also if the file has no class in `kinds`."""
    file = model_path(path, flag, kinds, shipped)
    configuration(file, flag, kinds, shipped)
    return file


def configuration(path: AnyPath, flag: str, kinds: Sequence[str] = SCORING_NET, shipped: bool = True) -> dict[str, Any]:
    """The `get_config` result in a `.keras` file; InputError also if its class is not in `kinds`."""
    check_is_file(path, flag)
    try:
        saved = _saved(path)
        name, config = saved["class_name"], saved["config"]
    except Exception as error:  # zipfile's, zlib's, JSON's: a damaged file raises whatever they meet
        raise damaged(f"--{flag}={path}", error) from error
    if name not in kinds or not isinstance(config, dict):
        message = f"--{flag}={path} holds a {name}, not a {' or '.join(kinds)}."
        raise InputError("wrong_model", message, preset_hint(kinds, shipped))
    return config


def preset_hint(kinds: Iterable[str], shipped: bool = True) -> str:
    """What ships with these classes, for an error."""
    if names := shipped_presets(kinds) if shipped else []:
        return f"These ship with the package: {', '.join(names)}."
    if shipped and "I3D" in kinds:
        return "None ships. Kinetics' weights: scoringnet_tf.weights.backbones.load_backbone('i3d', (H, W))."
    return ""


def check_is_file(path: AnyPath, flag: str) -> None:
    """InputError naming `flag` if there is no file at `path`."""
    if not as_path(path, flag).is_file():
        raise InputError("not_found", f"--{flag}={path}: no such file.")


def damaged(where: str, error: Exception) -> InputError:
    """The `InputError` for a library's error about a model's file; `where` is the flag and path."""
    message = " ".join(str(error).split()) or type(error).__name__
    sentence = f"{where} is no model, or a damaged one: {message[:SHOWN_LETTERS]}"
    return InputError("damaged_model", sentence, "Copy it again.")


def check_whole(file: pathlib.Path) -> None:
    """ValueError if a `.keras` file is empty, no archive, or damaged; Keras would miss some."""
    with file.open("rb") as opened, _archive(opened) as archive:
        if wrong := archive.testzip():
            raise ValueError(f"a damaged file ({wrong} in it).")


def _saved(path: AnyPath) -> dict[str, Any]:
    """Keras's JSON about a model."""
    with as_path(path).open("rb") as file, _archive(file) as archive:
        return json.loads(archive.read("config.json"))


def _archive(file: Any) -> zipfile.ZipFile:
    if not zipfile.is_zipfile(file):
        raise ValueError("no archive of Keras (empty, truncated, or another kind of file).")
    return zipfile.ZipFile(file)


def split_name(name: str) -> tuple[str, str]:
    """(path or `i3d`, layers) in the name of a backbone; the path may have colons."""
    known, _, ends = name.partition(":")
    if known == I3D_NAME:
        return known, ends
    path, suffix, ends = name.rpartition(".keras")
    return (path + suffix, ends.removeprefix(":")) if suffix else (name, "")
