"""`config.json` of a run: resolved flags, versions and data hash, so that a result can be traced and a run go on."""

import json
import platform

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.training.checkpoints import Checkpoints

# Flags that may change between the start of a run and its continuation: they do not change what is computed.
FREE_TO_CHANGE = {"model_dir", "records_dir"}


def record_config(model_dir, settings, data_hash, precision):
    """Writes `config.json`; where `model_dir` holds a checkpoint to go on from, checks that settings and data agree.

    Raises:
        InputError: names every setting that differs.
    """
    path = as_path(model_dir) / "config.json"
    if not path.exists() or Checkpoints(model_dir).latest()[0] is None:
        versions = {
            "scoringnet_tf": __version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        }
        config = {"settings": settings, "data_hash": data_hash, "precision": precision, "versions": versions}
        write_json(path, config)
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = [
        f"--{name} (was {before['settings'].get(name)}, now {value})"
        for name, value in settings.items()
        if name not in FREE_TO_CHANGE and before["settings"].get(name) != value
    ]
    if before["precision"] != precision:
        changed.append(f"precision (was {before['precision']}, now {precision})")
    if before["data_hash"] != data_hash:
        changed.append("the records (another data hash)")
    if changed:
        raise InputError(
            f"{model_dir}: holds a run with other settings: {'; '.join(changed)}. Go on with the same ones, or choose "
            "another --model_dir."
        )
