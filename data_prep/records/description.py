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

NUM_BINS = 12
ROUNDING = 1e-9  # relative: computed scores are equal up to this
BARS = "▁▂▃▄▅▆▇█"
SUMMARY = ("mean", "std", "min", "q1", "median", "q3", "max")


def describe(info: DatasetInfo) -> dict[str, Any]:
    """Reads every record, without decoding frames, and counts.

    Returns:
        A dictionary for JSON: "name", "sport", "pixels", "groups_in_several_splits", "score_bins" {score: edges},
        "decimals" {score: digits to print} and "splits" {split: {"videos", "frames" (or steps), "seconds" (of a video),
        "scores" {score: distribution with "histogram"}, "stage_seconds" {stage: distribution over videos that have it},
        "lacking" {field: videos without it, or with a part of their stages}, "classes" {head: {class: videos}}}}. See
        `distribution`. Seconds have {"number": 0} if one vector of features stands for a whole video.
    """
    bins = {score: edges for score in info.scores if (edges := _edges(info, score)) is not None}
    return {
        "name": info.name,
        "sport": info.sport_name,
        # Features tell nothing of their pixels.
        "pixels": described_pixels(info.simulation) if info.simulation or not info.features else "not known",
        "groups_in_several_splits": torn_groups((video.get("group"), video["split"]) for video in info.videos.values()),
        "score_bins": bins,
        "decimals": {score: decimals(get_sport(info.sport).range_of(score)) for score in bins},
        "splits": {split: _describe_split(info, split, bins) for split in _in_order(info.splits)},
    }


def _in_order(splits):
    return [*(split for split in SPLITS if split in splits), *sorted(set(splits) - set(SPLITS))]


def _edges(info, score):
    """Edges of bins over all splits, points; None if no video has the score."""
    values = [video[score] for video in info.videos.values() if video[score] is not None]
    if values and np.ptp(values) <= ROUNDING * max(1.0, abs(values[0])):
        values = values[:1]  # NumPy's bins around one value are a point wide in all
    return np.histogram_bin_edges(values, NUM_BINS).tolist() if values else None


def _describe_split(info, split, bins):
    videos = [info.videos[video_id] for video_id in info.splits[split]["ids"]]
    stages, seconds, unlabelled = _stage_seconds(info, split)
    lacking = {score: sum(video[score] is None for video in videos) for score in info.scores}
    labels = {head: [video["classes"][head] for video in videos] for head in info.classes}
    return {
        "videos": len(videos),
        "frames": sum(video["num_frames"] for video in videos),
        "seconds": distribution([] if info.has_vectors else seconds),
        "scores": {score: _scores(videos, score, edges) for score, edges in bins.items()},
        "stage_seconds": {
            stage: distribution(values) for stage, values in stages.items() if values and not info.has_vectors
        },
        "lacking": {**lacking, "stages": unlabelled, "group": sum(not video.get("group") for video in videos)},
        "classes": {
            head: {name: labels[head].count(index) for index, name in enumerate(names)}
            for head, names in info.classes.items()
        },
    }


def _scores(videos, score, edges):
    values = [video[score] for video in videos if video[score] is not None]
    return distribution(values) | {"histogram": np.histogram(values, edges)[0].tolist()}


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
    header = ["videos", *SUMMARY]
    for title, key in (("score, points", "scores"), ("stage, s", "stage_seconds")):
        names = {name: None for split in splits.values() for name in split[key]}
        rows = [
            [f"{split} {name}", *_cells(found[key][name], places.get(name, 2)), _bars(found[key][name])]
            for name in names
            for split, found in splits.items()
            if found[key].get(name, {"number": 0})["number"]
        ]
        lines += [*table([title, *header, ""], rows), ""] if rows else []
    lengths = [[split, *_cells(found["seconds"])] for split, found in splits.items() if found["seconds"]["number"]]
    lines += [*table(["length, s", *header], lengths), ""] if lengths else []
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


def _cells(values, places=2):
    return [f"{values['number']:,}", *(f"{values[key]:.{places}f}" for key in SUMMARY)]


def _bars(values):
    """A histogram in one line; empty if there is none."""
    counts = values.get("histogram", [])
    return "".join(BARS[round(count / max(counts) * (len(BARS) - 1))] if count else " " for count in counts)
