"""A folder of features: one `.npy` a video, how they were made, and tables to build records of features."""

import functools
import json
import os
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.factors import copy_factors, factors_file
from scoringnet_tf.data.features import ORIGIN_NAME, read_origin, shortened
from scoringnet_tf.data.preprocessing import model_frames
from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
from scoringnet_tf.data.records import UNLABELLED, parse_example
from scoringnet_tf.data.shards import locate_records, read_record
from scoringnet_tf.inference.checks import missing_frames
from scoringnet_tf.inference.extraction import ClipExtractor, FrameExtractor
from scoringnet_tf.sports import get_sport, option_form, stage_runs
from scoringnet_tf.support.files import replacing_file, write_csv, write_json
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import name_of
from scoringnet_tf.support.threads import overlapping

TABLE, STAGE_TABLE, SIMULATION = "manifest.csv", "stage_labels.csv", "simulation.json"  # as `data_prep` reads them
SPORT_FILE = "sport.yaml"
MAX_NAME = 240  # bytes: file systems allow 255, and a temporary file has a longer name
STAGE_COLUMNS = ("video_id", "stage", "start_frame", "end_frame")


class Video(NamedTuple):
    """A video to extract from: its name; a function for its frames, or what else is extracted; its file, if any."""

    name: str
    frames: Callable[[], Any]
    path: Path | None = None

    def is_in(self, target: Path) -> bool:
        """Whether a file holds what was extracted from it: one that is older was from another video."""
        if not target.is_file():
            return False
        return not (self.path and self.path.exists()) or target.stat().st_mtime >= self.path.stat().st_mtime


def file_name(video: str) -> str:
    """The `.npy` file of a video: its name or id, escaped as in a URL (`%2F` is /)."""
    kept = (letter if letter > "\x7f" and letter.isprintable() else urllib.parse.quote(letter, " ") for letter in video)
    return f"{''.join(kept)}.npy"


def origin_of(
    weights: dict[str, str],
    part: str | None,
    extractor: FrameExtractor | ClipExtractor,
    preprocessor: ScoringNetPreprocessor,
    info: DatasetInfo | None = None,
    backbone: str | None = None,
) -> dict[str, Any]:
    """The content of `features.json`: a model's file, its part or a backbone, and what was done to which frames."""
    stored = preprocessor.get_config()
    rate = stored.pop("frame_rate") or (info and info.frame_rate)
    origin = {
        "weights": weights,
        "part": part,
        **({"backbone": backbone} if backbone else {}),
        **extractor.origin,
        "size": extractor.size,
        "image_size": stored.pop("image_size"),
        "stored": stored,
        **({"frame_rate": rate} if rate else {}),
        "records": info and {"name": info.name, "data_hash": info.data_hash},
    }
    return json.loads(json.dumps(origin))


def prepare(output_dir: Path, origin: dict[str, Any]) -> None:
    """Makes `output_dir` with its `features.json`; InputError if other files or settings are there."""
    earlier = read_origin(output_dir)
    if earlier is None:
        if output_dir.is_dir() and any(not path.name.startswith(".") for path in output_dir.iterdir()):
            message = f"--output_dir={output_dir} holds other files, and no {ORIGIN_NAME}."
            raise InputError("exists", message, "Name a new folder.")
        write_json(output_dir / ORIGIN_NAME, origin)
        return
    keys = [key for key in sorted(origin.keys() | earlier.keys()) if origin.get(key) != earlier.get(key)]
    if keys:
        different = (f"{key} {shortened(origin.get(key))} instead of {shortened(earlier.get(key))}" for key in keys)
        message = f"--output_dir={output_dir} holds features made with other settings: {'; '.join(different)}."
        raise InputError("other_settings", message, "Name another folder.")


def extract_videos(
    videos: list[Video], extractor: Any, output_dir: Path, file_of: Callable[[str], str] = file_name
) -> tuple[int, int]:
    """Writes the file of every video that has none yet; names on stderr the videos that cannot be read.

    The array in it is what `extractor` gives for the video's `frames`.

    Returns (number of files that were there already, number of videos that could not be read). InputError if a name is
    too long for a file.
    """
    for video in videos:
        if (length := len(os.fsencode(file_of(video.name)))) > MAX_NAME:
            message = f"{video.name}: its file name would have {length} bytes; at most {MAX_NAME} are possible."
            raise InputError("name_too_long", message, "Rename the video.")
    wanted, failed = [video for video in videos if not video.is_in(output_dir / file_of(video.name))], 0
    opened = tqdm(overlapping(_opened, wanted, 1, ahead=1), "Extracting", len(wanted), unit="video", disable=None)
    for video, outcome in zip(wanted, opened, strict=True):
        try:
            if isinstance(outcome, Exception):
                raise outcome
            values = extractor(outcome)
        except (InputError, OSError) as error:
            failed += 1
            tqdm.write(f"extract: {error} [{getattr(error, 'code', 'not_readable')}]", sys.stderr)
            continue
        with replacing_file(output_dir / file_of(video.name)) as temporary, temporary.open("wb") as file:
            np.save(file, values)
    return len(videos) - len(wanted), failed


def _opened(video: Video) -> Any:
    """A video's frames, or its error."""
    try:
        return video.frames()
    except (InputError, OSError) as error:
        return error


# === From files ===


def videos_of_files(paths: Sequence[str], frames: Callable, named: Callable[[str], str] = name_of) -> list[Video]:
    """Video files, with `frames` (path) of each; InputError if two have the same name."""
    names = [named(path) for path in paths]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError("duplicate", f"Several videos are called {', '.join(repeated)}.")
    return [Video(name, functools.partial(frames, path), Path(path)) for name, path in zip(names, paths, strict=True)]


class FileFrames:
    """A file's frames, brought to the preprocessor's size, and to its frame rate as in `predict`."""

    def __init__(self, preprocessor: ScoringNetPreprocessor, path: str) -> None:
        self._preprocessor, self._video = preprocessor, preprocessor.read(path)
        self._samples = self._video.samples(preprocessor.frame_rate)
        for warning in (*self._video.warnings, *missing_frames(self._video, self._samples)):
            tqdm.write(f"extract: {path}: {warning}", sys.stderr)

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, numbers: Any) -> np.ndarray:
        return self._preprocessor.sampled(self._video, self._samples[numbers])


# === From records ===


class StoredFrames:
    """A record's frames, cropped to a size."""

    def __init__(self, image_size: tuple[int, int], read: Callable) -> None:
        self._jpegs, self._image_size = list(read()["image/encoded"]), image_size

    def __len__(self) -> int:
        return len(self._jpegs)

    def __getitem__(self, numbers: Any) -> np.ndarray:
        return model_frames([self._jpegs[number] for number in numbers], self._image_size)


def videos_of_records(info: DatasetInfo, image_size: tuple[int, int] | None = None) -> list[Video]:
    """The videos in records of frames, split by split; `frames` are parsed records, or with a size `StoredFrames`."""
    return [
        Video(name, functools.partial(StoredFrames, image_size, read) if image_size else read)
        for name, read in records_of(info)
    ]


def records_of(info: DatasetInfo) -> Iterator[tuple[str, Callable]]:
    """(id, function that reads its parsed record) of every video of records of frames, split by split."""
    for split in sorted(info.splits):
        for video_id, (path, offset) in locate_records(info, split).items():
            yield video_id, functools.partial(_record_at, path, offset)


def _record_at(path: Any, offset: int) -> dict[str, Any]:
    import tensorflow as tf

    record = parse_example(read_record(path, tf.constant(offset, tf.int64)))
    return {key: value.numpy() for key, value in record.items()}


def write_tables(info: DatasetInfo, output_dir: Path, file_of: Callable[[str], str] = file_name) -> str:
    """Writes the tables from which `data_prep build --dataset=manifest` makes records of the features.

    Returns the value of its `--sport`: the name of a sport that ships, or the path of a file that defines another.
    """
    sport = get_sport(info.sport)
    rows, stages = [], []
    for video_id, read in records_of(info):
        record, facts = read(), info.videos[video_id]
        rows.append(
            {
                "features": file_of(video_id),
                "video": video_id,
                "split": facts["split"],
                "group": facts.get("group"),
                **{score: facts[score] for score in sport.scores},
                "num_frames": facts["num_frames"],
                "fps": float(record["image/frame_rate"]),
            }
        )
        runs = (run for run in stage_runs(record["stage/index"]) if run[0] != UNLABELLED)
        stages += [(video_id, info.stages[stage], start, end) for stage, start, end in runs]
    columns = [column for column in rows[0] if column != "group" or any(row[column] for row in rows)]
    write_csv(output_dir / TABLE, [columns, *([row[column] for column in columns] for row in rows)])
    if stages:
        write_csv(output_dir / STAGE_TABLE, [STAGE_COLUMNS, *stages])
    if info.simulation is not None:
        write_json(output_dir / SIMULATION, info.simulation)
    copy_factors(factors_file(info).parent, output_dir)
    return option_form(sport, output_dir / SPORT_FILE)
