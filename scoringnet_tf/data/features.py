"""Features in place of frames: arrays (T, D) in files, one vector for every so many frames. No TensorFlow.

`python -m scoringnet_tf.extract` writes `.npy` files, and beside them `features.json`, which describes their origin.
"""

import contextlib
import dataclasses
import itertools
import math
import re
import reprlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.body.skeleton import JOINTS
from scoringnet_tf.data.joints import OURS
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, form_differences
from scoringnet_tf.support.files import read_json
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import FOR_FILM, configuration, model_path
from scoringnet_tf.support.paths import AnyPath, as_path

ORIGIN_NAME = "features.json"
HDF5_SUFFIXES = (".h5", ".hdf5")
SUFFIXES = (".npy", ".npz", *HDF5_SUFFIXES)
ARRAY_IN_FILE = re.compile(rf"(.*(?:{'|'.join(map(re.escape, SUFFIXES))}))#(.+)", re.IGNORECASE)

COORDINATES = (2, 3)  # of a joint
JOINTS_SIZE = 3 * len(JOINTS)
JOINTS_ORIGIN = {"format": OURS, "unit": "heights", "camera": "still"}  # where they lie by a camera that does not move


def quarters(length: int) -> list[slice]:
    """The four parts of a sequence, each step in one of them; an empty part is the whole."""
    starts = [-(-length * part // 4) for part in range(5)]
    return [slice(start, end) if start < end else slice(0, length) for start, end in itertools.pairwise(starts)]


@dataclasses.dataclass(frozen=True)
class FeatureFile:
    """Features on disk.

    Attributes:
        path: a file with one of the `SUFFIXES`.
        array: the array's name in a file with several; None if it holds one.
    """

    path: Path
    array: str | None = None

    def __str__(self) -> str:
        """The path, with `#name` if an array is named; `parse` takes it back."""
        return str(self.path) if self.array is None else f"{self.path}#{self.array}"

    @classmethod
    def parse(cls, text: str | Path) -> "FeatureFile":
        """The file that `str` gave, or that a user wrote as `path` or `path#name`."""
        named = ARRAY_IN_FILE.fullmatch(str(text))
        return cls(Path(named[1]), named[2]) if named else cls(Path(text))

    def check_is_file(self) -> None:
        """InputError if there is no such file."""
        if not self.path.is_file():
            raise InputError("not_found", f"{self}: no such file of features.")


@dataclasses.dataclass(frozen=True)
class FeatureSequence:
    """One video's features.

    Attributes:
        values: float32 (T, D), finite: T steps in time, one for a whole video's vector.
        origin: `features.json`, see `read_origin`; None if there is none.
    """

    values: np.ndarray
    origin: dict[str, Any] | None = None


def read_features(source: FeatureFile | str | Path) -> FeatureSequence:
    """Reads one video's features.

    Args:
        source: a `FeatureFile`, or its path (`path#name` for one array among several): a `.npy`, `.npz`, `.h5` or
            `.hdf5` file with numbers (T, D), or (D,), which is T = 1; or joints (T, J, 2|3), which become
            `about_body`, unless `features.json` makes them `are_joints`.

    Raises:
        InputError: the file is missing, damaged or no such file; it holds several arrays, no finite numbers, or other
            axes; `features.json` beside it is damaged or has another D.
    """
    file = source if isinstance(source, FeatureFile) else FeatureFile.parse(source)
    file.check_is_file()
    origin = read_origin(file.path.parent)
    try:
        with _opened(file) as array:
            values = _checked(array, file, not are_joints(origin and {**origin, "origin": origin}))
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib, tokenize and HDF5 raise anything for a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError("damaged_features", f"{file} cannot be read as features: {reason}.") from error
    if origin and origin["size"] != values.shape[1]:
        message = f"{file} holds {values.shape}; {ORIGIN_NAME} beside it says (T, {origin['size']})."
        raise InputError("wrong_shape", message)
    return FeatureSequence(values, origin)


def feature_shape(file: FeatureFile) -> tuple[int, int] | None:
    """(T, D), for `.npy` and HDF5 files without reading them; None if `read_features` refuses them."""
    try:
        with _opened(file) as array:
            return _steps(array.shape)
    except Exception:  # `read_features` reports it
        return None


def check_features(
    sequence: FeatureSequence, source: str | Path, learned: Mapping[str, Any], frame_rate: float | None = None
) -> None:
    """InputError if a `FeatureSequence`, read from `source`, differs in kind from those in training.

    `learned` is the training records' `DatasetInfo.features`, `frame_rate` their steps per second, if known.
    """
    stride = sequence.origin["stride"] if sequence.origin else learned["stride"]
    received = {"size": sequence.values.shape[1], "stride": stride, "origin": sequence.origin}
    frames = (sequence.origin or {}).get("frame_rate")
    different = feature_differences(learned, received) + rate_differences(frame_rate, frames and frames / stride)
    if different:
        hint = f"{ORIGIN_NAME} beside a file says that it holds such joints." if are_joints(learned) else ""
        message = f"{source}: the model learned from other features: {'; '.join(different)}."
        raise InputError("other_features", message, hint)


def are_joints(features: Mapping[str, Any] | None) -> bool:
    """Whether features (`DatasetInfo.features`) are joints with their confidence, as `JointFeatures` takes them."""
    return bool(features and features["size"] == JOINTS_SIZE and (features.get("origin") or {}).get("format") == OURS)


def feature_differences(learned: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """How two `DatasetInfo.features` differ, a phrase each.

    If an origin is unknown, size and stride alone; but joints in pictures, or about the body, have those, too.
    """
    kinds = [{"size": features["size"], "stride": features["stride"]} for features in (learned, found)]
    origins = [features["origin"] or {} for features in (learned, found)]
    if all(origins) or are_joints(learned) or are_joints(found):
        kinds = [kind | origin_kind(origin) for kind, origin in zip(kinds, origins, strict=True)]
    expected, received = kinds
    return [
        f"{key} {shortened(received.get(key))} instead of {shortened(expected.get(key))}"
        for key in sorted(expected.keys() | received.keys())
        if received.get(key) != expected.get(key)
    ]


def content_differences(learned: Any, found: Any) -> list[str]:
    """How kind or size of the contents of two `DatasetInfo`s or `ScoringNet`s differ, a phrase each."""
    if learned.content != found.content:
        return [f"{found.content} instead of {learned.content}"]
    if learned.content == "features":
        return feature_differences(learned.features, found.features)
    expected, received = tuple(learned.frame_size), tuple(found.frame_size)
    return [f"{received} instead of {expected} (height, width)"] if received != expected else []


def look_differences(learned: Any, found: Any, has_rate: bool = True) -> list[str]:
    """How the same content looks otherwise: the form of its frames, or the rate of its features; a phrase each."""
    if found.content == "frames":
        return form_differences(learned.form, found.form)
    return rate_differences(learned.frame_rate, found.frame_rate) if has_rate else []


def shortened(value: Any) -> str:
    """A value from `features.json` for a message: an image that is subtracted has 37,632 numbers."""
    short = reprlib.Repr()
    short.maxlevel = 2
    return short.repr(value)


def rate_differences(learned: float | None, found: float | None) -> list[str]:
    """A phrase if two rates, steps per second, differ; None is unknown."""
    if learned and found and abs(found / learned - 1) > RATE_TOLERANCE:
        return [f"{found:.4g} steps/s instead of {learned:.4g}"]
    return []


def middle_frames(num_steps: int, num_frames: int, stride: int, origin: Mapping[str, Any] | None = None) -> np.ndarray:
    """The frame whose stage a step has: the middle one in its clip, int (T,).

    Clips begin `stride` frames apart. By `origin` (`features.json`) a clip has `clip_length` frames, or
    with `per` frame one; by default it lasts to the next step.
    """
    origin = origin or {}
    clip_length = 1 if origin.get("per") == "frame" else origin.get("clip_length") or stride
    return np.minimum(np.arange(num_steps) * stride + clip_length // 2, num_frames - 1)


def backbone_of(learned: Mapping[str, Any] | None) -> str | None:
    """The backbone that made features (`DatasetInfo.features`), as `extract --backbone` takes it, or None.

    None also for a stride above 1: the heads then do not know every frame.
    """
    origin = (learned or {}).get("origin") or {}
    named = origin.get("backbone") and origin.get("stride") == 1
    return f"{origin['backbone']}:{origin['endpoint']}" if named else None


def sees_video(learned: Mapping[str, Any] | None) -> bool:
    """Whether a model for these `DatasetInfo.features` scores videos: by a backbone, or athletes' joints in them."""
    return not learned or bool(backbone_of(learned)) or are_joints(learned)


def check_sees_video(learned: Mapping[str, Any] | None, model: str) -> None:
    """InputError if a model for these `DatasetInfo.features` scores no videos."""
    if not sees_video(learned):
        raise InputError("sees_features", f"--model={model} scores features; a report needs frames.")


def finder_of(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of the model that finds performances on film for one with this: itself, but for joints."""
    return configuration(model_path(FOR_FILM), "model") if are_joints(config["content"]["features"]) else config


def is_features(path: str | Path) -> bool:
    """Whether a path names a file of features."""
    return FeatureFile.parse(path).path.suffix.lower() in SUFFIXES


def origin_kind(origin: Mapping[str, Any]) -> dict[str, Any]:
    """`features.json` without its videos' origin and its weights' file name."""
    kind = {key: value for key, value in origin.items() if key not in ("frame_rate", "records")}
    if isinstance(kind.get("weights"), dict):
        kind["weights"] = kind["weights"].get("sha256")
    return kind


def read_origin(folder: AnyPath) -> dict[str, Any] | None:
    """Reads a folder's `features.json`, as `scoringnet_tf.extract` writes it; None if there is none.

    Raises:
        InputError: it is damaged, `size` (D), `stride` or `clip_length` (frames) is no positive integer, or
            `frame_rate` no positive number. The last two may be missing.
    """
    path = as_path(folder) / ORIGIN_NAME
    if not path.is_file():
        return None
    origin = read_json(path)
    needed = ("size", "stride", *(["clip_length"] if origin.get("clip_length") is not None else []))
    wrong = [name for name in needed if type(origin.get(name)) is not int or origin[name] < 1]
    rate = origin.get("frame_rate", 1)
    kind = "a whole number"
    if not wrong and rate is not None and not (type(rate) in (int, float) and 0 < rate < math.inf):
        wrong, kind = ["frame_rate"], "a number"
    if wrong:
        values = ", ".join(f"{name} {origin.get(name)!r}" for name in wrong)
        raise InputError("damaged_features_json", f"{path}: {values} must be {kind} above 0.")
    return origin


@contextlib.contextmanager
def _opened(file: FeatureFile) -> Iterator[Any]:
    """A file's array, to be read by `[...]`."""
    suffix = file.path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError("wrong_format", f"{file} is not a file of features.", f"Use one of {', '.join(SUFFIXES)}.")
    if suffix == ".npy":
        if file.array is not None:
            raise InputError("unknown_name", f"{file}: a .npy file holds one array.", "Leave out #name.")
        # Mapped, so that a file of another shape or type is refused before it is read.
        yield np.lib.format.open_memmap(file.path, mode="r")
    elif suffix == ".npz":
        with file.path.open("rb") as opened:  # NumPy leaves a file open that is no archive
            arrays = np.load(opened, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise InputError("wrong_format", f"{file} holds a single array, not an archive.", "Call it .npy.")
            yield arrays[_chosen(arrays.files, file)]
    else:
        import h5py

        with h5py.File(file.path, "r") as root:
            arrays = _datasets(root)
            yield arrays[_chosen(list(arrays), file)]


def _datasets(root: Any) -> dict[str, Any]:
    """{name: dataset} in an HDF5 file, without links and without values in other files."""
    import h5py

    datasets = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not item.is_virtual and not item.external:
            datasets[name] = item

    root.visititems(visit)
    return datasets


def _chosen(names: list[str], file: FeatureFile) -> str:
    if file.array is None and len(names) == 1:
        return names[0]
    if file.array in names:
        return file.array
    code = "missing_name" if file.array is None else "unknown_name"
    raise InputError(code, f"{file}: name one array with #name, of {', '.join(sorted(names)) or 'none'}.")


def about_body(joints: np.ndarray) -> np.ndarray:
    """Joints about the body's centre, in units of its size in the video: (T, J, 2|3) → (T, J · 2|3)."""
    centred = joints - joints.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(centred).sum(axis=2).mean())
    return (centred / (size or 1.0)).reshape(len(joints), -1)


def _steps(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(T, D) for a shape of features or joints; None if it is neither."""
    is_joints = len(shape) == 3 and shape[1] > 1 and shape[2] in COORDINATES
    if len(shape) not in (1, 2) and not is_joints:
        return None
    return shape[0] if shape[1:] else 1, math.prod(shape[1:] or shape)


def _checked(array: Any, file: FeatureFile, about: bool) -> np.ndarray:
    """Values as float32 (T, D); InputError if they are no features."""
    steps = _steps(array.shape)
    if array.dtype.kind not in "fiu" or not steps or min(steps) < 1:
        held = f"{array.dtype} {tuple(array.shape)}"
        raise InputError("wrong_shape", f"{file} must hold numbers (T, D), (D,), (T, J, 2) or (T, J, 3), not {held}.")
    exact = array[...]
    with np.errstate(over="ignore"):  # numbers too large for float32 become infinite, and are refused with it
        values = np.ascontiguousarray(exact, np.float32).reshape(steps)
    if not np.isfinite(values).all():
        step = int(np.argmin(np.isfinite(values).all(axis=1)))
        raise InputError("not_finite", f"{file} holds NaN or infinity, first in step {step}.")
    if exact.ndim == 3 and about:
        return about_body(exact.astype(np.float64)).astype(np.float32)
    return values
