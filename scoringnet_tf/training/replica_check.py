"""Whether all machines of a run start from the same: each keeps what it has read, and learns on from there.

The settings tell names of files alone, which another machine may read elsewhere.
"""

import zlib
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf.support import replicas
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.run_record import versions

PACKAGES = ("scoringnet_tf", "tensorflow", "keras")  # whose versions compute a step
ROUNDING = 1e-5  # relative; statistics of features are summed on each machine


def check_replicas(strategy: tf.distribute.Strategy, workers: int, model: keras.Model, epochs: int) -> None:
    """Compares what the machines of a run have before they train; with one machine it does nothing.

    Args:
        strategy: of the run, whose machines all call this.
        workers: how many machines.
        model: with the weights that it starts from.
        epochs: of the whole run, that its checkpoint has behind it.

    Raises:
        InputError: on every machine: another one than the first has another start.
    """
    if workers == 1:
        return
    own = start_of(model, epochs, versions())
    starts = strategy.run(tf.function(lambda: replicas.gathered(tf.constant(own[None]))))
    of_replicas = strategy.experimental_local_results(starts)[0].numpy()
    if different := differences(of_replicas[:: strategy.num_replicas_in_sync // workers]):
        phrases = {"epoch": "another epoch", "versions": "other versions", "weights": "other weights"}
        named = "; ".join(
            f"worker {worker} has {' and '.join(phrases[kind] for kind in kinds)}"
            for worker, kinds in different.items()
        )
        raise InputError(
            "other_start",
            f"TF_CONFIG: the {workers} workers do not start from the same: unlike the first, {named}.",
            "Compare on each the installed versions, --model_dir, and the files that the flags name.",
        )


def start_of(model: keras.Model, epochs: int, installed: Mapping[str, str]) -> np.ndarray:
    """What a machine starts from in float32 numbers: epochs, a checksum of versions, the mean size of each weight."""
    code = zlib.crc32(repr([installed[name] for name in PACKAGES]).encode()) % 2**24  # which a float32 holds exactly
    sizes = [np.abs(value).mean(dtype=np.float64) for value in model.get_weights()]
    return np.array([epochs, code, *sizes], np.float32)


def differences(starts: np.ndarray) -> dict[int, list[str]]:
    """Machine → what differs from the first one's: "epoch", "versions", "weights"; `starts` has a row for each."""
    different = {}
    for worker, (epochs, code, *sizes) in enumerate(starts):
        kinds = {
            "epoch": epochs != starts[0, 0],
            "versions": code != starts[0, 1],
            "weights": not np.allclose(sizes, starts[0, 2:], rtol=ROUNDING, atol=0, equal_nan=True),
        }
        if any(kinds.values()):
            different[worker] = [kind for kind, differs in kinds.items() if differs]
    return different
