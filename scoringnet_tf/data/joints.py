"""The athlete's joints in every frame, beside the shards: `joints/ID.npy`. No TensorFlow.

(L, J, 2), or (L, J, 3) with a confidence of 0 to 1. `joints/joints.json` names the joints, or their format:

    {"source": "drawn by hand", "names": ["head", "hip_l", …]}                    # one name is `head`
    {"source": "RTMPose, large", "format": "coco-17", "size": [720, 1280]}        # height, width that the pixels are of
    {"source": "BlazePose", "format": "ours", "unit": "heights"}                  # 1 is the height of the picture
"""

import dataclasses
import hashlib
import json

import numpy as np

from scoringnet_tf.body.skeleton import FORMATS, JOINTS, from_format
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.files import file_sha256, local_file, read_json
from scoringnet_tf.support.messages import InputError, unknown_name
from scoringnet_tf.support.paths import RecordsPath, records_path

FOLDER, INDEX = "joints", "joints.json"
HEAD, OURS = "head", "ours"
SIMULATED = "true joints of the simulator"  # a source
NUM_JOINTS = {OURS: len(JOINTS), "coco-17": 17, "blazepose-33": 33, "halpe-26": 26}
UNITS, HEIGHTS = ("pixels", "heights"), 10.0  # no joint of a fall is farther away, in heights of a picture
OUTSIDE, MOST = 0.2, 0.5  # of the frames, or joints
BEGINNING = 5  # frames


@dataclasses.dataclass(frozen=True)
class JointsIndex:
    """What `joints.json` says: see the module."""

    source: str
    names: tuple[str, ...]  # of the joints in a file
    format: str | None = None
    unit: str = "pixels"
    size: tuple[int, int] | None = None  # (height, width) of the picture that the pixels are of, if it is known


@dataclasses.dataclass(frozen=True)
class Joints:
    """One video's joints.

    Attributes:
        positions: float32 (L, J, 2), pixels or heights of the picture, x right and y down; NaN where a joint was not
            seen.
        names: J names.
        source: their origin, a phrase.
        confidence: float32 (L, J), 0 to 1; 0 where a joint was not seen. None: 1 where it was.
        size: (height, width) of the picture that the pixels are of; None: not known, or the unit is its height.
    """

    positions: np.ndarray
    names: tuple[str, ...]
    source: str
    confidence: np.ndarray | None = None
    size: tuple[int, int] | None = None

    @property
    def seen(self) -> np.ndarray:
        """Frames that show more than half of the joints, bool (L,); none if no frame shows the head."""
        known = np.isfinite(self.positions).all(axis=2)
        return (known.mean(axis=1) > MOST) & known[:, self.names.index(HEAD)].any()

    @property
    def begins_upside_down(self) -> bool:
        """Whether the head is lower than the body's middle in most of the first frames that show the body."""
        down = self.positions[self.seen, :, 1][:BEGINNING]
        return len(down) > 0 and bool((down[:, self.names.index(HEAD)] > np.nanmean(down, axis=1)).mean() > MOST)

    def relative_to_head(self) -> np.ndarray:
        """The other joints relative to the head, in the `seen` frames: (L', (J − 1) · 2).

        A joint that such a frame does not show lies between those of the seen frames around it. One that no frame
        shows is at the head. Units are heights of the picture, or pixels if its size is not known.
        """
        head, seen = self.names.index(HEAD), self.positions[self.seen]
        filled = np.stack([_filled(track) for track in seen.reshape(len(seen), -1).T], axis=1).reshape(seen.shape)
        relative = np.nan_to_num(np.delete(filled, head, axis=1) - filled[:, [head]])
        return relative.reshape(len(seen), -1) / (self.size[0] if self.size else 1)


def _filled(track: np.ndarray) -> np.ndarray:
    """A coordinate (L,) with what is NaN filled in, in a line; all NaN if none is known."""
    known = np.flatnonzero(np.isfinite(track))
    if len(known) in (0, len(track)):
        return track
    return np.interp(np.arange(len(track)), known, track[known]).astype(track.dtype)


def joints_folder(info: DatasetInfo) -> RecordsPath:
    """The joints' folder; a custom split's lies beside the records themselves."""
    return records_path(info.source or info.records_dir) / FOLDER


def joints_hash(info: DatasetInfo) -> str:
    """The sha256 over all joints and their index; `data_hash` does not cover them."""
    folder, digests = joints_folder(info), {}
    for name in (INDEX, *(f"{video_id}.npy" for video_id in sorted(info.videos))):
        if (folder / name).is_file():  # the reader reports missing ones
            digests[name] = file_sha256(folder / name)
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()


# === Files ===


def read_joints(folder: RecordsPath, video_id: str, num_frames: int | None) -> Joints:
    """Reads a video's joints; InputError unless they are sound, for L = `num_frames` frames (None: any).

    Those of a format become `skeleton.JOINTS`, without those that it lacks.
    """
    index, path = read_index(folder), folder / f"{video_id}.npy"
    if not path.is_file():
        raise InputError("not_found", f"{path}: no such file of joints.")
    with local_file(path) as local:
        try:
            joints = np.load(local, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise InputError("damaged", f"{path} cannot be read as an array of joints: {error}.") from error
    if not isinstance(joints, np.ndarray):
        raise InputError("wrong_format", f"{path} is an archive, not an array of joints.")
    length = joints.shape[:1] if num_frames is None else (num_frames,)
    is_finite = joints.dtype.kind in "fiu" and not np.isinf(joints).any()
    if joints.shape not in [(*length, len(index.names), size) for size in (2, 3)] or not is_finite:
        stated, received = f"({num_frames or 'L'}, {len(index.names)}, 2 or 3)", f"{joints.dtype} {joints.shape}"
        hint = f"{INDEX} says {index.format}." if index.format else ""
        raise InputError("wrong_shape", f"{path} must hold numbers {stated}, not {received}.", hint)
    positions, confidence = _confident(str(path), joints.astype(np.float32))
    _check_scale(str(path), positions, index)
    names = index.names
    if index.format:
        both = np.concatenate((positions, confidence[..., np.newaxis]), axis=2)
        ours = both if index.format == OURS else from_format(both, index.format)
        known = FORMATS.get(index.format, range(len(JOINTS)))
        has = [number for number, each in enumerate(known) if each is not None]
        positions, confidence = ours[:, has, :2], np.nan_to_num(ours[:, has, 2])
        names = tuple(JOINTS[number] for number in has)
    return Joints(positions, names, index.source, np.where(np.isnan(positions).any(axis=2), 0, confidence), index.size)


def _confident(where: str, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (L, J, 2), NaN at confidence 0, and confidences (L, J); InputError for one that cannot be."""
    unknown = np.isnan(joints[..., :2]).any(axis=2)
    if joints.shape[2] == 2:
        return joints, (~unknown).astype(np.float32)
    confidence = np.where(unknown & np.isnan(joints[..., 2]), 0, joints[..., 2])
    if not ((confidence >= 0) & (confidence <= 1)).all():
        worst = confidence[~((confidence >= 0) & (confidence <= 1))][0]
        raise InputError("out_of_range", f"{where}: a confidence is {worst:g}.", "Give 0 (not seen) to 1.")
    if (unknown & (confidence > 0)).any():
        frame, joint = np.argwhere(unknown & (confidence > 0))[0]
        message = f"{where}: frame {frame}, joint {joint} is NaN with confidence {confidence[frame, joint]:g}."
        raise InputError("wrong_value", message, "What was not seen has confidence 0.")
    return np.where(confidence[..., np.newaxis] > 0, joints[..., :2], np.nan), confidence


def _check_scale(where: str, positions: np.ndarray, index: JointsIndex) -> None:
    """InputError unless positions (L, J, 2), NaN left out, can be (x, y) in the index's unit."""
    seen, size = positions[np.isfinite(positions).all(axis=-1)], index.size
    in_heights = not len(seen) or bool((np.abs(seen) <= HEIGHTS).all())
    if index.unit == "heights" and not in_heights:
        message = f"{where}: a joint lies {np.abs(seen).max():g} heights of the picture away."
        raise InputError("wrong_scale", message, f"Are these pixels? Leave out the unit in {INDEX}.")
    if index.unit == "pixels" and in_heights and (seen % 1 != 0).any():
        hint = f'Multiply x by the picture\'s width, y by its height; or say "unit": "heights" in {INDEX}.'
        raise InputError("wrong_scale", f"{where}: positions are shares of the picture, not pixels.", hint)
    centres = np.array([np.nanmedian(frame, axis=0) for frame in positions if np.isfinite(frame).all(axis=1).any()])
    if size is None or not len(centres):
        return
    outside, exchanged = (float(((centres < 0) | (centres > sides)).any(axis=1).mean()) for sides in (size[::-1], size))
    if outside > OUTSIDE and not exchanged:
        raise InputError("wrong_value", f"{where}: x and y are exchanged.", "Give x (right) before y (down).")
    if outside > MOST:
        message = (
            f"{where}: the body is outside of the picture of {size[0]}×{size[1]} pixels in {outside:.0%} of frames."
        )
        raise InputError("wrong_scale", message, f"Give the picture's (height, width) in {INDEX}: size.")


def read_index(folder: RecordsPath) -> JointsIndex:
    """Reads a folder's index; InputError if it is missing or wrong."""
    path = folder / INDEX
    if not path.is_file():
        raise InputError("not_found", f"{path}: no joints beside the records.")
    index = read_json(path)
    kind = index.get("format") if isinstance(index, dict) else None
    if kind is not None and (not isinstance(kind, str) or kind not in NUM_JOINTS):
        raise unknown_name(f"{path}: format", kind, NUM_JOINTS)
    try:
        source = index["source"]
        names = tuple(map(str, range(NUM_JOINTS[kind]))) if kind else tuple(index["names"])
    except (KeyError, TypeError) as error:
        message = f"{path} must hold source, and names or a format."
        raise InputError("missing_key", message, f"Formats: {', '.join(NUM_JOINTS)}.") from error
    if (not kind and (names.count(HEAD) != 1 or len(set(names)) < len(names))) or not isinstance(source, str):
        received = ", ".join(map(str, names))
        raise InputError("wrong_value", f"{path}: names must be different, with {HEAD} among them, not {received}.")
    unit, size = index.get("unit", UNITS[0]), index.get("size")
    if unit not in UNITS:
        raise unknown_name(f"{path}: unit", unit, UNITS)
    is_pair = isinstance(size, list) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)
    if size is not None and not (is_pair and unit == "pixels"):
        raise InputError("wrong_value", f"{path}: size must be [height, width] in pixels, not {size!r}.")
    return JointsIndex(source, names, kind, unit, tuple(size) if size else None)
