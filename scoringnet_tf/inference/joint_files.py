"""Joints by a pose estimator: from records or video files to `joints/ID.npy`, as `data.joints` reads them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from tqdm import tqdm

from scoringnet_tf import __version__
from scoringnet_tf.body.pose import PoseModels
from scoringnet_tf.body.track import Track
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import JOINTS_ORIGIN, JOINTS_SIZE, ORIGIN_NAME
from scoringnet_tf.data.joints import INDEX
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, decode_jpeg
from scoringnet_tf.inference import feature_folder
from scoringnet_tf.inference.feature_folder import Video
from scoringnet_tf.inference.flights import RATE, joints_of
from scoringnet_tf.inference.pipeline import Predictor, shows_bodies
from scoringnet_tf.inference.words import remark
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.files import read_json, write_json
from scoringnet_tf.support.messages import InputError, Remark

Follow = Callable[..., list[Track]]  # (pictures, times, start, stop) → tracks, as `body.following.follow` with models
STRETCHED = 1.02  # ratio from which a stored frame is brought to the shape of the picture


def index_of(models: PoseModels, weights: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The content of `joints.json`; `weights` ({"file", "sha256"}) are of the model that found the performances."""
    estimators = {each.name: each.sha256 for each in models}
    index = {"source": " and ".join(estimators), **JOINTS_ORIGIN, "estimators": estimators}
    return {**index, **({"model": {**weights}} if weights else {}), "scoringnet_tf": __version__}


def origin_of(frame_rate: float | None, info: DatasetInfo | None = None) -> dict[str, Any]:
    """The content of `features.json`, by which models and `data_prep build` read joints; `info` is of records."""
    origin = {**JOINTS_ORIGIN, "size": JOINTS_SIZE, "stride": 1, "frame_rate": frame_rate}
    return {**origin, **({"records": {"name": info.name, "data_hash": info.data_hash}} if info else {})}


def prepare(folder: Path, index: Mapping[str, Any], origin: Mapping[str, Any]) -> bool:
    """Makes the folder with `joints.json` and `features.json`; InputError if other joints are there.

    Returns whether all joints are there: those of the records' files, in whole pictures, came with these.
    """
    path, came = folder / INDEX, False
    if not path.is_file():
        write_json(path, index)
    elif (found := read_json(path)) != index:
        known = found if isinstance(found, dict) else {}
        different = [key for key in sorted({*known, *index}) if known.get(key) != index.get(key)]
        came = "records" in origin and different == ["model"]
        if not came:
            message = f"{path}: other joints are there, with another {', '.join(different)}."
            raise InputError("other_settings", message, "Name another --output_dir, or move them.")
    write_json(folder / ORIGIN_NAME, origin)
    return came


def file_name(video: str) -> str:
    """The `.npy` file for a video; InputError if its id is no name in a folder."""
    name = PurePosixPath(video)
    if name.is_absolute() or ".." in name.parts:
        raise InputError("outside_folder", f"The id {video!r} names no file in a folder.")
    return f"{video}.npy"


# === From records ===


def joints_of_record(info: DatasetInfo, follow: Follow, record: Mapping[str, Any]) -> np.ndarray:
    """A parsed record's joints (L, 17, 3): the athlete is followed between the ends of the flight.

    That is the last stage which difficulty needs. InputError if no frame is labelled as it.
    """
    sport, times = get_sport(info.sport), record["image/timestamp"] / 1e6
    needed = sport.difficulty_fragment or sport.fragment("final")
    flight: Any = np.flatnonzero(record["stage/index"] == sport.stage_index(needed[-1])) if needed else ()
    if not len(flight):
        message = f"{record['example/id'].decode()}: no frame is labelled as {(needed or ('a stage',))[-1]}."
        raise InputError("no_stages", message, "Label its stages, or give the video file.")
    pictures = [_in_shape(decode_jpeg(jpeg), info.aspect) for jpeg in record["image/encoded"]]
    return joints_of(follow(pictures, times, start=int(flight[0]), stop=int(flight[-1]) + 1), times)


def _in_shape(frame: np.ndarray, aspect: float | None) -> np.ndarray:
    """A stored frame in the shape of the picture."""
    import cv2

    height, width = frame.shape[:2]
    wide = width if aspect is None else aspect * height
    is_stretched = max(wide / width, width / wide) > STRETCHED
    return cv2.resize(frame, (round(wide), height)) if is_stretched else np.ascontiguousarray(frame)


# === From files ===


def videos_of_files(paths: Sequence[str]) -> list[Video]:
    """Video files by their names without a suffix; InputError if two have the same. Their `frames` are the path."""
    return feature_folder.videos_of_files(paths, str, lambda path: Path(path).stem)


class FileFollower:
    """The joints that a `Predictor` follows in the performances of a file; InputError if its model finds no falls.

    Attributes:
        rate: frames/s that a file is brought to.
    """

    def __init__(self, predictor: Predictor) -> None:
        if not shows_bodies(predictor.model):
            raise InputError("wrong_value", "--model finds no falls in film.", "Use one such as diving_film.")
        self._predictor, self.rate = predictor, predictor.model.frame_rate or RATE

    def __call__(self, path: str) -> np.ndarray:
        """A file's joints (L, 17, 3), and warnings on stderr; InputError if it cannot be read, or is damaged."""
        tracks, times, fps = [], np.zeros(0), self.rate
        warnings: dict[str, Remark] = {}
        for result in self._predictor.results(self._predictor.read(path)):
            part, times = result.summary, times[: result.summary.first_frame]
            warnings |= {warning.code: warning for warning in part.warnings}
            times, fps = np.append(times, part.times[:-1]), part.fps
            tracks += [track for performance in result.performances for track in performance.body]
        if damage := warnings.get("damaged"):
            raise InputError("damaged_video", f"{path}: {damage}", "Copy it anew.")
        for warning in (*warnings.values(), *([] if tracks else [remark("no_joints")])):
            tqdm.write(f"extract: {path}: {warning}", sys.stderr)
        if abs(fps / self.rate - 1) > RATE_TOLERANCE:
            times = np.arange(times[0], times[-1] + 1 / fps, 1 / self.rate)
        return joints_of(tracks, times)
