"""Checkpoints from which a killed run goes on and ends with the weights of one that was never killed.

A folder `<model_dir>/checkpoints/<phase>_<epoch>` holds network and optimizer, and a state. It appears by a rename once
it is complete, and older ones are deleted after that. Beside them lies `<phase>.keras`, the model at its best
validation. What follows depends on nothing else: data order and dropout are functions of (seed, epoch).
"""

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from scoringnet_tf.support.files import read_json, replacing_folder, write_json
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, as_path

WEIGHTS, STATE = "model.weights.h5", "state.json"
EXPECTED = {"steps_done": int, "phase": str, "epoch": int}  # of a state, by which a run goes on


class Checkpoints:
    """The newest training state under `<model_dir>/checkpoints`, saved and restored."""

    def __init__(self, model_dir: AnyPath) -> None:
        self.root = as_path(model_dir) / "checkpoints"

    def best(self, phase: str) -> Any:
        """Path of the model at its best validation in a phase."""
        return self.root / f"{phase}.keras"

    def latest(self) -> tuple[Path, dict[str, Any]] | tuple[None, None]:
        """(folder, state) of the newest whole checkpoint; (None, None) if there is none."""
        states: list[tuple] = [(None, None)]
        for folder in self.root.iterdir() if self.root.is_dir() else ():
            path = folder / STATE
            if folder.name.startswith(".") or not path.is_file():
                continue
            state = read_json(path)
            if lacking := [name for name in EXPECTED if not isinstance(state.get(name), EXPECTED[name])]:
                raise InputError("damaged", f"{path}: the state of the checkpoint has no valid {lacking[0]}.")
            states.append((folder, state))
        return max(states, key=lambda each: each[1]["steps_done"] if each[1] else -1)

    def save(self, model: keras.Model, name: str, state: dict[str, Any]) -> None:
        """Saves `model`, compiled, and `state` (JSON values; `steps_done` orders them) as the newest checkpoint."""
        folder = self.root / name
        with replacing_folder(folder) as temporary:
            model.save_weights(temporary / WEIGHTS)
            write_json(temporary / STATE, state)
        for other in self.root.iterdir():
            if other != folder and other.is_dir():
                shutil.rmtree(other)

    def restore(self, model: keras.Model, folder: Path) -> None:
        """Loads weights and optimizer state; the model must be compiled as it was when saved."""
        if not (folder / WEIGHTS).is_file():
            raise InputError("not_found", f"{folder / WEIGHTS}: the weights of the checkpoint are missing.")
        model.load_weights(folder / WEIGHTS)


def reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Sets every random generator of the model (dropout, draws) to a function of (seed, generator, epoch).

    A generator's state is a key and a counter that rises by one at every draw. The epoch goes into the key: in the
    counter, the draws of one epoch would be those of the epoch before, one step later.
    """
    generators = (v for v in model.variables if v.path.endswith("seed_generator_state"))
    for index, variable in enumerate(generators):
        (key,) = np.random.SeedSequence([seed, index, epoch]).generate_state(1) >> 1  # 31 bits fit every backend's type
        variable.assign(keras.ops.cast([int(key), 0], variable.dtype))
