"""The true joints of the athlete in every frame, as `scoringnet_tf.data.joints` reads them. Knows no sport."""

import io
import json
from pathlib import Path

import numpy as np

from data_prep.simulator.files import replace_bytes
from data_prep.simulator.performance import Performance
from data_prep.simulator.scene.figure import JOINTS
from scoringnet_tf.data.joints import FOLDER, INDEX, SIMULATED


def joints_file(folder: Path, performance: Performance) -> Path:
    """Where the joints of a video of the dataset in `folder` are."""
    return folder / FOLDER / f"{performance.path.stem}.npy"


def write_joints(folder: Path, performance: Performance, joints: np.ndarray) -> None:
    """Writes joints (L, J, 2), pixels, as float16: exact to a quarter of a pixel up to 512."""
    buffer = io.BytesIO()
    np.save(buffer, joints.astype(np.float16))
    replace_bytes(joints_file(folder, performance), buffer.getvalue())


def write_index(folder: Path) -> None:
    """Makes the folder of joints, with whose they are and their names."""
    (folder / FOLDER).mkdir(exist_ok=True)
    index = json.dumps({"source": SIMULATED, "names": JOINTS}, indent=2) + "\n"
    replace_bytes(folder / FOLDER / INDEX, index.encode())
