"""Describes records before training: numbers of videos, scores, lengths, stages, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data_prep.datasets.splits import SPLITS, torn_groups, torn_note
from data_prep.records.summary import table
from data_prep.records.verifying import read_records
from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.sports import decimals, get_sport
from scoringnet_tf.support.messages import counted

SUMMARY = ("mean", "std", "min", "q1", "median", "q3", "max")


def describe(info: DatasetInfo) -> dict[str, Any]:
    """Reads every record, without decoding frames, and counts.

    Returns:
        A dictionary for JSON: "name", "sport", "pixels", "groups_in_several_splits", "decimals" {score: digits to
        print} and "splits" {split: {"videos", "frames" (or steps), "seconds" (of a video), "scores" {score:
        distribution}, "stage_seconds" {stage: distribution over videos that have it}, "lacking" {field: videos without
        it, or with a part of their stages}, "classes" {head: {class: videos}}}}. See `distribution`. Seconds have
        {"number": 0} if one vector of features stands for a whole video.
    """
    scores = [name for name in info.scores if any(video[name] is not None for video in info.videos.values())]
    order = [*SPLITS, *sorted(set(info.splits) - set(SPLITS))]
    return {
        "name": info.name,
        "sport": info.sport_name,
        # Features tell nothing of their pixels.
        "pixels": described_pixels(info.simulation) if info.simulation or not info.features else "not known",
        "groups_in_several_splits": torn_groups((video.get("group"), video["split"]) for video in info.videos.values()),
        "decimals": {score: decimals(get_sport(info.sport).range_of(score)) for score in scores},
        "splits": {split: _describe_split(info, split) for split in order if split in info.splits},
    }


def _describe_split(info, split):
    videos = [info.videos[video_id] for video_id in info.splits[split]["ids"]]
    scores = {score: [video[score] for video in videos if video[score] is not None] for score in info.scores}
    stages, seconds, unlabelled = _stage_seconds(info, split)
    lacking = {score: len(videos) - len(values) for score, values in scores.items()}
    labels = {head: [video["classes"][head] for video in videos] for head in info.classes}
    return {
        "videos": len(videos),
        "frames": sum(video["num_frames"] for video in videos),
        "seconds": distribution([] if info.has_vectors else seconds),
        "scores": {score: distribution(values) for score, values in scores.items()},
        "stage_seconds": {
            stage: distribution(values) for stage, values in stages.items() if values and not info.has_vectors
        },
        "lacking": {**lacking, "stages": unlabelled, "group": sum(not video.get("group") for video in videos)},
        "classes": {
            head: {name: labels[head].count(index) for index, name in enumerate(names)}
            for head, names in info.classes.items()
        },
    }


def _stage_seconds(info, split):
    """({stage: seconds in each video that has it}, seconds of each video, number of videos with unlabelled frames)."""
    stages: dict[str, list[float]] = {stage: [] for stage in info.stages}
    seconds, unlabelled = [], 0
    for _, record in read_records(info, split):
        labels, rate = record["stage/index"], float(record["image/frame_rate"])
        seconds.append(len(labels) / rate)
        unlabelled += bool(np.any(labels == UNLABELLED))
        for index, stage in enumerate(info.stages):
            if number := np.count_nonzero(labels == index):
                stages[stage].append(number / rate)
    return stages, seconds, unlabelled


def distribution(values: Sequence[float]) -> dict[str, float]:
    """{"number", "mean", "std", "min", "q1", "median", "q3", "max"} of values; {"number": 0} of none."""
    if not len(values):
        return {"number": 0}
    quartiles = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]).tolist()
    statistics = [float(np.mean(values)), float(np.std(values)), *quartiles]
    return {"number": len(values), **dict(zip(SUMMARY, statistics, strict=True))}


def as_text(description: Mapping[str, Any]) -> str:
    """Formats a description (of `describe`) for a terminal."""
    splits, places = description["splits"], description["decimals"]
    lines = [f"{description['name']} ({description['sport'] or 'no sport'}), {description['pixels']}", ""]
    for title, key in (("score, points", "scores"), ("stage, s", "stage_seconds")):
        names = {name: None for found in splits.values() for name in found[key]}
        rows = [(split, name) for name in names for split in splits]
        values = {f"{split} {name}": (splits[split][key].get(name), places.get(name, 2)) for split, name in rows}
        lines += _distributions(title, values)
    lines += _distributions("length, s", {split: (found["seconds"], 2) for split, found in splits.items()})
    fields = list(next(iter(splits.values()))["lacking"])
    lacking = [[split, *(f"{found['lacking'][field]:,}" for field in fields)] for split, found in splits.items()]
    lines += table(["videos without", *fields], lacking)
    for split, found in splits.items():
        for head, counts in found["classes"].items():
            few, many = min(counts.values()), max(counts.values())
            classes = counted(len(counts), "class", plural="classes")
            lines.append(f"{split}: {classes} of {head}, {few} to {counted(many, 'video')} in each")
    if torn := torn_note(description["groups_in_several_splits"]):
        lines += ["", *torn]
    return "\n".join(lines)


def _distributions(title, values):
    """A table of {row: (distribution or None, digits)}; nothing if all are of no value."""
    rows = [
        [name, f"{found['number']:,}", *(f"{found[key]:.{places}f}" for key in SUMMARY)]
        for name, (found, places) in values.items()
        if found and found["number"]
    ]
    return [*table([title, "videos", *SUMMARY], rows), ""] if rows else []
