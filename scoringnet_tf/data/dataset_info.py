"""`dataset_info.json`, the index of a folder of records: it finds damage before a training. No TensorFlow."""

import dataclasses
import hashlib
import json
import math
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from scoringnet_tf.data import tfio
from scoringnet_tf.sports import SCORES, as_points, get_sport
from scoringnet_tf.support.files import cached_file, read_json, write_json
from scoringnet_tf.support.messages import InputError, about, counted
from scoringnet_tf.support.paths import AnyPath, RecordsPath, RemotePath, as_path, check_store, records_path

INDEX_NAME = "dataset_info.json"
FORMAT_VERSION = 1
REBUILD = "Build the records again."

ANY, NONE = object(), type(None)  # any key; no value
# The fields' types (int is 0 or more, float any finite number), alternatives (a tuple), lists and tables.
FIELDS: dict[str, Any] = {
    **dict.fromkeys(("name", "package_version", "data_hash"), str),
    "sport": (str, dict),
    "stages": [str],
    "frame_size": [int],
    "frame_rate": float,
    "aspect": (float, NONE),
    "source": (str, NONE),
    "settings": dict,
    "simulation": (dict, NONE),
    "features": ({"size": int, "stride": int, "origin": (dict, NONE)}, NONE),
    "classes": {ANY: [str]},
    "stage_frames": {ANY: {ANY: int}},
    "score_statistics": {ANY: {ANY: dict.fromkeys(("mean", "std", "min", "max"), float)}},
    "skipped": [{"id": str, "split": str, "problems": list}],
    "videos": {ANY: {"split": str, "path": str, "sha256": str, "num_frames": int}},
    "splits": {
        ANY: {
            "ids": [str],
            "num_videos": int,
            "num_frames": int,
            "shards": [{"file": str, "num_records": int, "bytes": int}],
        }
    },
}


class RecordsError(InputError):
    """A folder of records is missing, incomplete or damaged, or lacks a split."""


def described_pixels(simulation: Mapping[str, Any] | None) -> str:
    """Names the pixels by `DatasetInfo.simulation`: `filmed`, `simulated`, or `simulated (--NAME preset)`."""
    if simulation is None:
        return "filmed"
    settings = simulation.get("settings", {})
    preset = next((f" (--{name} preset)" for name in ("easy", "film", "close") if settings.get(name)), "")
    return f"simulated{preset}"


@dataclasses.dataclass(kw_only=True)
class DatasetInfo:
    """The index of a folder of records.

    Attributes:
        name: the dataset's, as in `python -m data_prep build --dataset`.
        sport: its `sports.kept_form`; empty for action classes (UCF-101).
        stages: stage names in label order.
        frame_size: (height, width), pixels as stored; (0, 0) for features.
        frame_rate: median frames (or feature steps) per second over the videos.
        splits: {split: {"ids", "num_videos", "num_frames", "shards": [{"file", "num_records", "bytes"}]}}.
        videos: {id: {"split", "path", "sha256", "num_frames", and the sport's scores, None if unknown}}.
            Optional: "group", shared by cuts from one source; "classes", {head: label}; "inconsistent" and
            "lookalike", [sentences], problems with a video that was kept.
        score_statistics: {split: {score: {"mean", "std", "min", "max"}}}, points. Models take those for `"train"`.
        stage_frames: {split: {stage or "unlabelled": number of frames}}.
        classes: {head: class names in label order}, empty for scored videos.
        skipped: videos left out, [{"id", "split", "problems": [sentences]}].
        simulation: the simulator's settings, or None for filmed video.
        settings: the build's options.
        package_version: of the package that built the records.
        data_hash: sha256 over all records in order: equal hashes, equal data.
        aspect: width over height, as shown, for the picture that fills a stored frame; None in old indices.
        features: {"size": D, "stride", "origin"}, see `features`, and "joints": J for those of a simulator, in metres;
            None for frames.
        source: the folder with the records, if this is another split (`splits.resplit`).
        format_version: of this file.
        records_dir: the folder that it was loaded from; not stored.
    """

    name: str
    sport: str | dict
    stages: list[str]
    frame_size: tuple[int, int]
    frame_rate: float
    splits: dict[str, dict]
    videos: dict[str, dict]
    score_statistics: dict[str, dict]
    stage_frames: dict[str, dict]
    classes: dict[str, list[str]]
    skipped: list[dict]
    simulation: dict | None
    settings: dict
    package_version: str
    data_hash: str
    aspect: float | None = None
    features: dict | None = None
    source: str | None = None
    format_version: int = FORMAT_VERSION
    records_dir: RecordsPath | Any = None  # None only of one that was not loaded

    @property
    def has_vectors(self) -> bool:
        """Whether these are features, one vector a video, without a length."""
        return bool(self.features) and {video["num_frames"] for video in self.videos.values()} == {1}

    def beside_records(self) -> dict:
        """Hashes for groups and a user's own sport: results depend on them, and `data_hash` does not cover them."""
        groups = {video_id: video["group"] for video_id, video in self.videos.items() if video.get("group") is not None}
        kept = {"groups": groups, "sport": self.sport if isinstance(self.sport, dict) else None}
        return {
            name: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
            for name, value in kept.items()
            if value
        }

    def groups_of(self, ids: Iterable[str]) -> tuple[str | None, ...]:
        """Each video's group, None for a video alone; empty if all are alone."""
        groups = tuple(self.videos[video_id].get("group") for video_id in ids)
        return groups if any(group is not None for group in groups) else ()

    def true_scores(self, score: str, ids: Iterable[str]) -> np.ndarray:
        """True scores as records hold them, points, float64 (V,); NaN if unknown."""
        known = (self.videos[video_id][score] for video_id in ids)
        return as_points([np.nan if value is None else value for value in known])

    @classmethod
    def load(cls, records_dir: AnyPath) -> "DatasetInfo":
        """Reads the index; checks it and every shard's size.

        Raises:
            RecordsError: the index or a shard is missing or damaged, or of another version or an unknown sport.
        """
        records_dir = records_path(records_dir)
        fields = _read_fields(records_dir / INDEX_NAME)
        version = fields.get("format_version")
        if version != FORMAT_VERSION:
            message = f"{records_dir / INDEX_NAME} has format version {version!r}, not {FORMAT_VERSION}."
            raise RecordsError("format_version", message, REBUILD)
        unknown = fields.keys() - {field.name for field in dataclasses.fields(cls)}
        _check_sound(records_dir, (f"{name} is no field of it" for name in sorted(unknown)))
        fields = {"aspect": None, "features": None, "source": None, **fields, "records_dir": records_dir}
        _check_sound(records_dir, _misfits(fields, FIELDS, ""))
        info = cls(**{**fields, "frame_size": tuple(fields["frame_size"])})
        _check_sport(info)
        _check_sound(records_dir, _contradictions(info))
        absent = dict.fromkeys(info._absent_scores())
        info.videos = {video_id: video | absent for video_id, video in info.videos.items()}
        for split in info.splits.values():
            for shard in split["shards"]:
                _check_shard(records_dir / shard["file"], shard["bytes"])
        return info

    def save(self, records_dir: AnyPath) -> None:
        """Writes `dataset_info.json` into `records_dir`."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del fields["records_dir"]
        absent = self._absent_scores()
        fields["videos"] = {
            video_id: {key: value for key, value in video.items() if key not in absent}
            for video_id, video in self.videos.items()
        }
        write_json(as_path(records_dir) / INDEX_NAME, fields)

    def check_learnable(self, scores: Iterable[str]) -> None:
        """InputError if no training video has a score (`no_scores`), or all have the same (`equal_scores`)."""
        for score in scores:
            measured = self.score_statistics.get("train", {}).get(score)
            if not measured:
                raise InputError("no_scores", f"No training video of {self.records_dir} has a known {score} score.")
            # Equal scores deviate by rounding alone.
            if not measured["std"] > 1e-9 * max(abs(measured["mean"]), 1.0):
                message = f"{self.records_dir}: all training videos have the {score} score {measured['mean']:g}."
                other = " Or train one tower for the final score (--scores=final)." if score != "final" else ""
                raise InputError("equal_scores", message, f"There is nothing to learn: check the labels.{other}")

    @property
    def sport_name(self) -> str:
        """The sport's name; empty for action classes."""
        return get_sport(self.sport).name if self.sport else ""

    @property
    def scores(self) -> tuple[str, ...]:
        """The sport's scores, see `Sport.scores`; all for action classes."""
        return get_sport(self.sport).scores if self.sport else SCORES

    def _absent_scores(self) -> set[str]:
        return set(SCORES).difference(self.scores)

    @property
    def content(self) -> str:
        """`"features"` or `"frames"`."""
        return "features" if self.features else "frames"

    @property
    def feature_size(self) -> int:
        """D for features, 0 for frames."""
        return self.features["size"] if self.features else 0

    @property
    def stores_joints(self) -> bool:
        """Whether these are a simulator's joints in metres, which `videos` shows as film would."""
        return "joints" in (self.features or {})

    @property
    def stored(self) -> dict:
        """Arguments for `preprocessing.StoredForm`: `jpeg_quality`, `aspect` and `fit`."""
        return {
            "jpeg_quality": self.settings.get("jpeg_quality", 92),
            "aspect": self.aspect,
            "fit": self.settings.get("fit", "stretch"),
        }

    @property
    def form(self) -> dict[str, Any]:
        """How frames were stored, as far as the index says, for `preprocessing.form_differences`."""
        return self.settings | {"frame_rate": self.frame_rate, "aspect": self.aspect}

    def split(self, name: str) -> dict[str, Any]:
        """A stored split's entry; RecordsError for an unknown name."""
        if name not in self.splits:
            hint = f"It has {', '.join(sorted(self.splits))}."
            raise RecordsError("unknown_name", f"{self.records_dir} has no split {name!r}.", hint)
        return self.splits[name]

    def shard_paths(self, split: str) -> list[str]:
        """Paths to a stored split's shards, for TensorFlow, in order; RecordsError if it has none.

        Shards in an object store that TensorFlow does not read itself (`tfio`) are copied, once in a process.
        """
        if self.source:
            raise RecordsError("no_shards", f"{self.records_dir} only splits the records in {self.source}.")
        shards = [(self.records_dir / shard["file"], shard["bytes"]) for shard in self.split(split)["shards"]]
        if shards and isinstance(self.records_dir, RemotePath) and tfio.in_graph(*shards[0]):
            return [str(path) for path, _ in shards]
        return [str(cached_file(path, self.data_hash, num_bytes)) for path, num_bytes in shards]


def records_of(dataset: Any) -> list[DatasetInfo]:
    """The records behind a `tf.data.Dataset` from `input_pipeline.videos`, whatever was done to it since."""
    own = [dataset.records] if isinstance(getattr(dataset, "records", None), DatasetInfo) else []
    inputs = dataset._inputs() if hasattr(dataset, "element_spec") and hasattr(dataset, "_inputs") else ()
    return [*own, *(info for source in inputs for info in records_of(source))]


def shown(video: Mapping[str, Any]) -> str:
    """Names a video's pixels: its file's hash, and the stretch."""
    stretch = re.search(r"#\d+-\d+$", video["path"])
    return video["sha256"][:16] + (stretch[0] if stretch else "")


def load_records(records_dir: AnyPath) -> DatasetInfo:
    """Loads the index in --records_dir."""
    with about("--records_dir"):
        place = records_path(records_dir)
    if isinstance(place, RemotePath):
        check_store(place, "records_dir")
    return DatasetInfo.load(place)


def _read_fields(path: Any) -> dict[str, Any]:
    if not path.is_file():
        hint = f"Make records: python -m data_prep build --dataset=… --source_dir=… --output_dir={path.parent}"
        raise RecordsError("not_found", f"{path}: no such file.", hint)
    try:
        return read_json(path)
    except InputError as error:
        raise RecordsError(error.code, error.message, error.hint) from error


def _check_sound(records_dir: Any, problems: Iterable[str]) -> None:
    """RecordsError with the first problem, a phrase, if there is one."""
    for problem in problems:
        raise RecordsError("damaged_index", f"{records_dir / INDEX_NAME} is not a sound index: {problem}.", REBUILD)


def _misfits(value: Any, schema: Any, where: str) -> Iterator[str]:
    """The places at which a value differs from a schema as in `FIELDS`; `where` ends with a comma."""
    if isinstance(schema, tuple):
        if all(any(_misfits(value, one, where)) for one in schema):
            yield f"{where}{reprlib.repr(value)}"
    elif not _is(value, schema if isinstance(schema, type) else type(schema)):
        yield f"{where}{reprlib.repr(value)}"
    elif isinstance(schema, type):
        return
    elif isinstance(schema, list):
        for item in value:
            yield from _misfits(item, schema[0], where)
    else:
        for key in value if ANY in schema else schema:
            missing = [f"{where}no {key}"] if key not in value else []
            yield from missing or _misfits(value[key], schema.get(ANY) or schema[key], f"{where}{key}, ")


def _is(value: Any, kind: Any) -> bool:
    """Whether a value has a type: true is no number, none is infinite, and counts are not negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else kind):
        return False
    return kind not in (int, float) or (math.isfinite(value) and (value >= 0 or kind is float))


def _contradictions(info: DatasetInfo) -> Iterator[str]:
    """Contradictions between fields that have the right types."""
    if info.frame_rate < 0 or (info.aspect or 1) <= 0 or len(info.frame_size) != 2:
        yield f"frame_rate {info.frame_rate}, aspect {info.aspect}, frame_size {info.frame_size}"
    scores = info.scores
    for video_id, video in info.videos.items():
        where = f"videos, {video_id}, "
        optional = {"group": (str, NONE)} | dict.fromkeys(scores, (float, NONE))
        yield from _misfits({"group": None, **video}, optional, where)
        for head, names in info.classes.items() if video.get("classes") is not None else ():
            labels = video["classes"]
            label = labels.get(head, -1) if isinstance(labels, Mapping) else labels
            if not _is(label, int) or label >= len(names):
                yield f"{where}{label!r} as {head}"
        if video["split"] not in info.splits:
            yield f"{where}no split {video['split']!r}"
    for name, split in info.splits.items():
        videos = {video_id: video for video_id, video in info.videos.items() if video["split"] == name}
        stated = split["num_videos"], split["num_frames"]
        counted_ones = len(videos), sum(video["num_frames"] for video in videos.values())
        if sorted(split["ids"]) != sorted(videos):
            yield f"splits, {name}, ids that are not those of its videos"
        if stated != counted_ones:
            yield f"splits, {name}, videos and frames {stated} instead of {counted_ones}"
        if any(PurePath(shard["file"]).name != shard["file"] for shard in split["shards"]):
            yield f"splits, {name}, a shard in another folder"
        if split["shards"] and sum(shard["num_records"] for shard in split["shards"]) != len(videos):
            yield f"splits, {name}, shards of another number of records than {len(videos)}"
    for name, statistics in score_statistics(info.videos).items():
        for score, measured in statistics.items():
            stated = info.score_statistics.get(name, {}).get(score, {})
            if any(not math.isclose(stated.get(key, math.inf), value, abs_tol=1e-9) for key, value in measured.items()):
                yield f"score_statistics, {name}, {score}, that are not those of its videos"


def _check_sport(info: DatasetInfo) -> None:
    path = info.records_dir / INDEX_NAME
    try:
        stages = list(get_sport(info.sport).stages) if info.sport else info.stages
    except InputError as error:
        raise RecordsError(error.code, f"{path}: {error.message}", error.hint) from error
    if info.stages != stages:
        raise RecordsError("other_stages", f"{path}: the stages are {info.stages}, those of the sport are {stages}.")


def _check_shard(path: Any, num_bytes: int) -> None:
    size = path.stat().st_size if path.is_file() else None
    if size is None:
        raise RecordsError("not_found", f"{path}: no such file.", REBUILD)
    if size != num_bytes:
        raise RecordsError("damaged_shard", f"{path}: {counted(size, 'byte')} instead of {num_bytes}.", REBUILD)


def score_statistics(videos: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Statistics over the known scores, points: {split: {score: {mean, std, min, max}}}."""
    statistics: dict[str, dict[str, dict[str, float]]] = {}
    for split in sorted({video["split"] for video in videos.values()}):
        statistics[split] = {}
        for name in SCORES:
            scores = (video.get(name) for video in videos.values() if video["split"] == split)
            if known := [score for score in scores if score is not None]:
                summary = {"mean": np.mean(known), "std": np.std(known), "min": min(known), "max": max(known)}
                statistics[split][name] = {key: float(value) for key, value in summary.items()}
    return statistics


def without_groups(info: DatasetInfo) -> DatasetInfo:
    """The same records, without groups."""
    videos = {video_id: {**video, "group": None} for video_id, video in info.videos.items()}
    return dataclasses.replace(info, videos=videos, settings={**info.settings, "groups": "left out"})
