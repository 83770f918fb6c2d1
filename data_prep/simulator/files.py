"""Files of a simulated dataset, written atomically and with the same bytes every time."""

import contextlib
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import scipy.io
from numpy.typing import ArrayLike

from data_prep.simulator.scene.figure import JOINTS
from scoringnet_tf.data.joints import FOLDER, INDEX, SIMULATED


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Yields an open file beside `file`, which takes its name once the block ends.

    Raises:
        OSError: it cannot be written, or the disk is full.
    """
    # A fixed name: the next process replaces what a killed one has left.
    partial = file.with_name(file.name + ".partial")
    try:
        with partial.open("wb") as opened:  # Python reports a full disk; FFmpeg does not for a file's last bytes
            yield opened
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def replace_bytes(file: Path, contents: bytes) -> None:
    """Writes a file beside its name, then moves it there; OSError as `replacing`."""
    with replacing(file) as opened:
        opened.write(contents)


def write_vector(file: Path, variable: str, values: ArrayLike, column: bool = False) -> None:
    """Writes a vector as .mat, a row or a column."""
    array = np.asarray(values)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {variable: array[:, None] if column else array[None]})
    contents = bytearray(buffer.getvalue())
    contents[:116] = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy writes the time of day here
    replace_bytes(file, bytes(contents))


def write_ids(folder: Path, variable: str, ids: Sequence[int]) -> None:
    """Writes video ids as the column `variable` of `variable`.mat; 16 bits as in the official files if they fit."""
    kind = np.uint16 if max(ids, default=0) <= np.iinfo(np.uint16).max else np.uint32
    write_vector(folder / f"{variable}.mat", variable, np.array(ids, kind), column=True)


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a CSV file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows((header, *rows))
    replace_bytes(file, buffer.getvalue().encode())


def joints_file(folder: Path, video: Path) -> Path:
    """The file of the joints of a video of the dataset in `folder`, as `scoringnet_tf.data.joints` reads it."""
    return folder / FOLDER / f"{video.stem}.npy"


def write_joints(folder: Path, video: Path, joints: np.ndarray) -> None:
    """Writes joints (L, J, 2), pixels, as float16: exact to a quarter of a pixel up to 512."""
    with replacing(joints_file(folder, video)) as file:
        np.save(file, joints.astype(np.float16))


def write_joints_index(folder: Path) -> None:
    """Makes the folder of joints, with their source and names."""
    (folder / FOLDER).mkdir(exist_ok=True)
    index = json.dumps({"source": SIMULATED, "names": JOINTS}, indent=2) + "\n"
    replace_bytes(folder / FOLDER / INDEX, index.encode())
