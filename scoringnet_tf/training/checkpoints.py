"""Checkpoints from which a killed run goes on and ends with the weights of one that was never killed.

Training state lives in `<model_dir>/checkpoints/<phase>_<epoch>/`: `trainer.weights.h5` (network and optimizer) and
`state.json`. A folder appears by a rename once it is complete (in an object store, `state.json` comes last), and older
ones are deleted after that, so at every moment the newest folder with a `state.json` is whole. What follows depends on
nothing else: data order and dropout are functions of (seed, epoch).
"""

import json

import keras

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import local_file, remove_folder, replacing_folder, write_json
from scoringnet_tf.support.paths import as_path

WEIGHTS, STATE = "trainer.weights.h5", "state.json"


class Checkpoints:
    """The newest training state under `<model_dir>/checkpoints`, saved and restored."""

    def __init__(self, model_dir):
        self.root = as_path(model_dir) / "checkpoints"

    def latest(self):
        """(folder, state) of the newest whole checkpoint; (None, None) where there is none."""
        found = []
        for folder in self.root.iterdir() if self.root.is_dir() else ():
            path = folder / STATE
            if folder.name.startswith(".") or not path.is_file():
                continue
            try:
                state = json.loads(path.read_text(encoding="utf-8"))
                found.append((state["steps_done"], folder, state))
            except (json.JSONDecodeError, KeyError) as error:
                raise InputError(f"{path}: expected the state of a checkpoint. Received: {error!r}") from error
        if not found:
            return None, None
        _, folder, state = max(found, key=lambda item: item[0])
        return folder, state

    def save(self, trainer, name, state):
        """Saves `trainer` and `state` (JSON values; `steps_done` orders checkpoints) as the newest checkpoint."""
        folder = self.root / name
        with replacing_folder(folder, last=STATE) as temporary:
            trainer.save_weights(temporary / WEIGHTS)
            write_json(temporary / STATE, state)
        for other in self.root.iterdir():
            if other != folder:
                remove_folder(other)

    def restore(self, trainer, folder):
        """Loads weights and optimizer state; the trainer must be compiled as it was when saved."""
        with local_file(folder / WEIGHTS) as file:
            trainer.load_weights(file)


def reseed(model, seed, epoch):
    """Sets every random generator of the model (dropout, draws) to a function of (seed, epoch)."""
    for index, variable in enumerate(v for v in model.variables if v.path.endswith("seed_generator_state")):
        variable.assign(keras.ops.cast([seed * 1_000_003 + index, epoch], variable.dtype))
