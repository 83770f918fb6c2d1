"""Finding and loading a trained model: a `.keras` file, a run's folder, or the model that ships."""

import importlib.resources

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import local_file
from scoringnet_tf.support.paths import as_path, check_access

SHIPPED = "diving_small"
NAMES = ("best.keras", "model.keras")  # in a run's folder, in a shipped model's folder


def model_path(path=None, flag="model"):
    """The `.keras` file that `path` (a file, a folder, or None for the shipped diving model) stands for.

    InputError, naming `flag`, where there is none.
    """
    if path is None:
        path = importlib.resources.files("scoringnet_tf.saved_models") / SHIPPED
    check_access(path, flag)
    path = as_path(path)
    if path.is_dir():
        found = [path / name for name in NAMES if (path / name).is_file()]
        if not found:
            raise InputError(f"--{flag}={path}: expected a folder with {' or '.join(NAMES)}. Received: none of them.")
        return found[0]
    if not path.is_file():
        raise InputError(f"--{flag}={path}: expected a .keras file or a folder with one. Received: no such file.")
    return path


def load_keras(path, kind, flag):
    """The model of class `kind` in the `.keras` file at `path`; else InputError, naming `flag`."""
    import keras

    where = f"--{flag}={path}: expected a {kind.__name__} saved as .keras."
    check_access(path, flag)
    if not as_path(path).is_file():
        raise InputError(f"{where} Received: no such file.")
    try:
        with local_file(path) as file:
            model = keras.models.load_model(file, compile=False)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise InputError(f"{where} Received: {str(error).splitlines()[0]}") from error
    if not isinstance(model, kind):
        raise InputError(f"{where} Received: a {type(model).__name__}.")
    return model


def load_scoring_net(path=None, flag="model"):
    """The `ScoringNet` at `path`, see `model_path`; InputError, naming `flag`, where there is none."""
    from scoringnet_tf.models.scoring_net import ScoringNet

    return load_keras(model_path(path, flag), ScoringNet, flag)


def check_fits(model, info):
    """InputError where records (`DatasetInfo`) are not of the sport and frame size that a `ScoringNet` learned."""
    expected = {
        "sport": (model.sport.name, info.sport),
        "stages": (list(model.sport.stages), list(info.stages)),
        "frame size (height, width)": (tuple(model.frame_size), tuple(info.frame_size)),
    }
    for what, (of_model, of_records) in expected.items():
        if of_model != of_records:
            raise InputError(
                f"{info.records_dir}: expected records with the model's {what}, {of_model}. Received: {of_records}."
            )
