"""One process of a run whose replicas share batches of 4, on virtual devices of the processor or as TF_CONFIG says.

python tests/distributed/run_together.py RECORDS MODEL_DIR REPLICAS CHANGES [STEP]

CHANGES are settings, as JSON. It is killed after step number STEP (1-based, all epochs), where one is named.
"""

import json
import os
import pathlib
import signal
import sys

import numpy as np

import scoringnet_tf  # noqa: F401
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training import callbacks
from scoringnet_tf.training.finish import finish
from scoringnet_tf.training.fit import fit
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from training_runs import changed, settings

# Without dropout, whose draws are those of a device; the rest of what a step may do. Five videos: batches of 4 and 1.
CHANGES = {
    "batch_size": 4,
    "training": "joint",
    "epochs": 3,
    "scores": "final",
    "lr_multipliers": {"kfs": 0.5},
    "dropout": 0.0,
    "segmenter_dropout": 0.0,
    "fragment_jitter": 2,
    "ema_momentum": 0.8,
    "pair_reduction": "sum",
    "clip_norm": 0.05,
    "validation_every": 3,
    "max_steps": 6,  # all
}


class Killed(callbacks.StopAfter):
    """Kills the process after a step."""

    steps = 0

    def on_train_batch_end(self, batch, logs=None):
        """Kills it."""
        self.steps += 1
        if self.steps == int(sys.argv[5]):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    records, folder, replicas, changes, *killed_at = sys.argv[1:]
    if killed_at:
        callbacks.StopAfter = Killed
    asked = changed(settings(folder, records, **CHANGES, replicas=int(replicas)), **json.loads(changes))
    try:
        run = resolve(check(asked, DatasetInfo.load(records)))
        fit(run)
        finish(run)
    except InputError as error:
        sys.exit(f"{error} [{error.code}]")
    if run.worker == 0:
        np.savez(pathlib.Path(folder) / "weights.npz", *run.model.get_weights())
