"""Finding and loading a trained ScoringNet: a `.keras` file, a run's folder, or the model that ships."""

import importlib.resources
import pathlib

from scoringnet_tf.errors import InputError

SHIPPED = "diving_small"
NAMES = ("best.keras", "model.keras")  # in a run's folder, in a shipped model's folder


def model_path(path=None):
    """The `.keras` file that `path` (a file, a folder, or None for the shipped diving model) stands for."""
    if path is None:
        path = importlib.resources.files("scoringnet_tf.saved_models") / SHIPPED
    path = pathlib.Path(path)
    if path.is_dir():
        found = [path / name for name in NAMES if (path / name).is_file()]
        if not found:
            raise InputError(f"--model={path}: expected a folder with {' or '.join(NAMES)}. Received: none of them.")
        return found[0]
    if not path.is_file():
        raise InputError(f"--model={path}: expected a .keras file or a folder with one. Received: no such file.")
    return path


def load_model(path=None):
    """The `ScoringNet` at `path`; InputError where the file is something else."""
    import keras

    from scoringnet_tf.models.scoring_net import ScoringNet

    path = model_path(path)
    try:
        model = keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--model={path}: expected a ScoringNet saved as .keras. Received: {reason}") from error
    if not isinstance(model, ScoringNet):
        raise InputError(f"--model={path}: expected a ScoringNet. Received: a {type(model).__name__}.")
    return model
