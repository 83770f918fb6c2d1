"""The athlete's joints in every frame, beside the shards: `joints/ID.npy`. No TensorFlow.

`joints/joints.json` is {"source": "…", "names": ["pelvis", …]}; one name is `head`.
"""

import dataclasses
import hashlib
import json

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.files import local_file, read_json
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, as_path

FOLDER, INDEX = "joints", "joints.json"
HEAD = "head"
SIMULATED = "true joints of the simulator"  # a source


@dataclasses.dataclass(frozen=True)
class Joints:
    """One video's joints.

    Attributes:
        positions: float32 (L, J, 2), pixels, x right and y down; NaN without an athlete.
        names: J names.
        source: their origin, a phrase.
    """

    positions: np.ndarray
    names: tuple[str, ...]
    source: str

    @property
    def seen(self) -> np.ndarray:
        """Frames that have all joints, bool (L,)."""
        return np.isfinite(self.positions).all(axis=(1, 2))

    def relative_to_head(self) -> np.ndarray:
        """The other joints relative to the head, in the `seen` frames: (L', (J − 1) · 2)."""
        head, seen = self.names.index(HEAD), self.positions[self.seen]
        return (np.delete(seen, head, axis=1) - seen[:, [head]]).reshape(len(seen), -1)


def joints_folder(info: DatasetInfo) -> AnyPath:
    """The joints' folder; a custom split's lies beside the records themselves."""
    return as_path(f"{info.source or info.records_dir}/{FOLDER}")


def joints_hash(info: DatasetInfo) -> str:
    """The sha256 over all joints and their index; `data_hash` does not cover them."""
    folder, digests = as_path(joints_folder(info)), {}
    for name in (INDEX, *(f"{video_id}.npy" for video_id in sorted(info.videos))):
        if (folder / name).is_file():  # the reader reports missing ones
            with local_file(folder / name) as local:
                digests[name] = hashlib.sha256(local.read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def read_joints(folder: AnyPath, video_id: str, num_frames: int | None) -> Joints:
    """Reads a video's joints; InputError unless they are sound, for L = `num_frames` frames (None: any)."""
    names, source = read_index(folder)
    path = as_path(folder) / f"{video_id}.npy"
    if not path.is_file():
        raise InputError("not_found", f"{path}: no such file of joints.")
    with local_file(path) as local:
        try:
            positions = np.load(local, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise InputError("damaged", f"{path} cannot be read as an array of joints: {error}.") from error
    if not isinstance(positions, np.ndarray):
        raise InputError("wrong_format", f"{path} is an archive, not an array of joints.")
    length = positions.shape[:1] if num_frames is None else (num_frames,)
    is_finite = positions.dtype.kind in "fiu" and not np.isinf(positions).any()
    if positions.shape != (*length, len(names), 2) or not is_finite:
        stated, received = f"({num_frames or 'L'}, {len(names)}, 2)", f"{positions.dtype} {positions.shape}"
        raise InputError("wrong_shape", f"{path} must hold numbers {stated}, not {received}.")
    return Joints(positions.astype(np.float32), names, source)


def read_index(folder: AnyPath) -> tuple[tuple[str, ...], str]:
    """Reads the names and the origin from a folder's index; InputError if it is missing or wrong."""
    path = as_path(folder) / INDEX
    if not path.is_file():
        raise InputError("not_found", f"{path}: no joints beside the records.")
    try:
        index = read_json(path)
        names, source = tuple(index["names"]), index["source"]
    except (KeyError, TypeError) as error:
        raise InputError("missing_key", f"{path} must hold source and names: {error!r}.") from error
    if names.count(HEAD) != 1 or len(set(names)) < len(names) or not isinstance(source, str):
        received = ", ".join(map(str, names))
        raise InputError("wrong_value", f"{path}: names must be different, with {HEAD} among them, not {received}.")
    return names, source
