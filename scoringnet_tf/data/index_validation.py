"""The fields that `dataset_info.json` must hold: their types, and what must agree. No TensorFlow."""

import math
import reprlib
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from scoringnet_tf.sports import SCORES, get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

NUMBER, MAYBE_NUMBER, NONE = (int, float), (int, float, type(None)), type(None)
FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "package_version", "data_hash"), (str,)),
    **dict.fromkeys(("splits", "videos", "score_statistics", "stage_frames", "classes", "settings"), (dict,)),
    **dict.fromkeys(("stages", "frame_size", "skipped"), (list,)),
    **dict.fromkeys(("simulation", "features"), (dict, NONE)),
    "sport": (str, dict),
    "frame_rate": NUMBER,
    "aspect": MAYBE_NUMBER,
    "source": (str, NONE),
}
SPLIT: dict[str, tuple[type, ...]] = {"ids": (list,), "num_videos": (int,), "num_frames": (int,), "shards": (list,)}
SHARD: dict[str, tuple[type, ...]] = {"file": (str,), "num_records": (int,), "bytes": (int,)}
FEATURES: dict[str, tuple[type, ...]] = {"size": (int,), "stride": (int,)}
STATISTICS: dict[str, tuple[type, ...]] = dict.fromkeys(("mean", "std", "min", "max"), NUMBER)
SKIPPED: dict[str, tuple[type, ...]] = {"id": (str,), "split": (str,), "problems": (list,)}
VIDEO: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("split", "path", "sha256"), (str,)),
    "num_frames": (int,),
}


def index_problem(fields: Mapping[str, Any]) -> str | None:
    """The first problem of the fields of an index, a phrase; None for a sound one. Defaults may be missing."""
    return next(_problems(fields), None)


def _problems(fields):
    yield from _wrong_kinds({"source": None, "features": None, "aspect": None, **fields}, FIELDS, "")
    if not (fields["frame_rate"] >= 0 and (fields.get("aspect") or 1) > 0):
        yield f"frame_rate {fields['frame_rate']}, aspect {fields.get('aspect')}"
    if [type(size) for size in fields["frame_size"]] != [int, int] or min(fields["frame_size"]) < 0:
        yield f"frame_size {fields['frame_size']}"
    if any(not isinstance(stage, str) for stage in fields["stages"]):
        yield f"stages {fields['stages']}"
    yield from _inner_problems(fields)
    kinds = VIDEO | dict.fromkeys(_scores_of(fields["sport"]), MAYBE_NUMBER)
    for video_id, video in fields["videos"].items():
        if not isinstance(video, Mapping):
            yield f"videos, {video_id}: {reprlib.repr(video)}"
        yield from _video_problems(video_id, video, kinds, fields["classes"])
    for name, split in fields["splits"].items():
        yield from _split_problems(name, split, fields)
    of_no_split = {video["split"] for video in fields["videos"].values()} - fields["splits"].keys()
    if of_no_split:
        yield f"videos of {', '.join(sorted(of_no_split))}, no split of splits"


def _inner_problems(fields):
    """Problems of the smaller tables of an index."""
    if fields.get("features") is not None:
        features = {"origin": None, **fields["features"]}
        yield from _wrong_kinds(features, {**FEATURES, "origin": (dict, NONE)}, "features: ")
    for head, names in fields["classes"].items():
        if not isinstance(names, list) or any(not isinstance(name, str) for name in names):
            yield f"classes, {head}: {reprlib.repr(names)}"
    for split, counts in fields["stage_frames"].items():
        kinds = dict.fromkeys(counts, (int,)) if isinstance(counts, dict) else {}
        yield from _wrong_kinds(counts, kinds, f"stage_frames, {split}: ")
    for split, of_scores in fields["score_statistics"].items():
        yield from _wrong_kinds(of_scores, {}, f"score_statistics, {split}: ")
        for score, statistics in of_scores.items():
            yield from _wrong_kinds(statistics, STATISTICS, f"score_statistics, {split}, {score}: ")
    for entry in fields["skipped"]:
        yield from _wrong_kinds(entry, SKIPPED, "skipped: ")


def _scores_of(sport):
    """The scores that a video must have; all if the sport is unknown, which is reported elsewhere."""
    try:
        return get_sport(sport).scores if sport else SCORES
    except InputError:
        return SCORES


def _video_problems(video_id, video, kinds, classes):
    yield from _wrong_kinds({"group": None, **video}, {**kinds, "group": (str, NONE)}, f"videos, {video_id}: ")
    labels = video.get("classes")
    for head, names in classes.items() if labels is not None else ():
        label = labels.get(head, -1) if isinstance(labels, Mapping) else -1
        if not _is(label, (int,)) or label >= len(names):
            yield f"videos, {video_id}: {label!r} as {head}"


def _split_problems(name, split, fields):
    where = f"splits, {name}: "
    yield from _wrong_kinds(split, SPLIT, where)
    videos = [video_id for video_id, video in fields["videos"].items() if video["split"] == name]
    if sorted(map(str, split["ids"])) != sorted(videos):
        yield f"{where}ids that are not those of its videos"
    frames = sum(fields["videos"][video_id]["num_frames"] for video_id in split["ids"])
    if (split["num_videos"], split["num_frames"]) != (len(videos), frames):
        counts = f"{counted(split['num_videos'], 'video')} and {counted(split['num_frames'], 'frame')}"
        yield f"{where}{counts} instead of {len(videos)} and {frames}"
    for shard in split["shards"]:
        yield from _wrong_kinds(shard, SHARD, f"{where}a shard: ")
        if PurePath(shard["file"]).name != shard["file"]:
            yield f"{where}a shard in another folder, {shard['file']!r}"
    records = sum(shard["num_records"] for shard in split["shards"])
    if split["shards"] and records != len(videos):
        yield f"{where}shards of {counted(records, 'record')} instead of {len(videos)}"


def _wrong_kinds(entry, kinds, where) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{where}{reprlib.repr(entry)}"
        return
    for name, allowed in kinds.items():
        if name not in entry:
            yield f"{where}no {name}"
        elif not _is(entry[name], allowed):
            yield f"{where}{name} {reprlib.repr(entry[name])}"


def _is(value, kinds):
    """Whether a value is of one of the types: true is no number, none is infinite, and counts are not negative."""
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return not isinstance(value, (int, float)) or (math.isfinite(value) and (value >= 0 or kinds != (int,)))
