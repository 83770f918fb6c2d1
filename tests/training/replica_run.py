"""A run on so many virtual devices, in a process of its own, killed before an epoch's checkpoint where one is named.

python tests/training/replica_run.py RECORDS MODEL_DIR REPLICAS [EPOCH]
"""

import pathlib
import sys

import numpy as np
import pytest

import scoringnet_tf  # noqa: F401
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.training.scoring import ScoringRun

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from training_runs import KilledError, kill_after_epoch, settings

# Without dropout, whose draws are those of a device; the rest of what a step may do. Five videos: batches of 4 and 1.
CHANGES = {
    "batch_size": 4,
    "training": "joint",
    "epochs": 3,
    "dropout": 0.0,
    "segmenter_dropout": 0.0,
    "fragment_jitter": 0,
    "ema_momentum": 0.8,
    "pair_reduction": "sum",
    "clip_norm": 0.05,
    "validation_every": 3,
}

if __name__ == "__main__":
    records, folder, replicas, *killed_at = sys.argv[1:]
    asked = settings(folder, records, **CHANGES, replicas=int(replicas))
    run = ScoringRun(DatasetInfo.load(records), asked)
    if killed_at:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
            kill_after_epoch(patch, int(killed_at[0]))
            run.run()
    else:
        run.run()
        np.savez(pathlib.Path(folder) / "weights.npz", *run.model.get_weights())
