"""FineDiving: dives cut from broadcasts, with their steps (Xu et al., CVPR 2022). Distributed under an agreement.

`FineDiving_fine-grained_annotation.pkl` {(video, clip): {dive_score, difficulty, steps_transit_frames, frames_labels,
sub-action_types}}; the coarse file adds {start_frame, end_frame, judge_scores}; frames are `VIDEO/CLIP/%05d.jpg`.
"""

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.readers.layout import find_file
from data_prep.datasets.readers.pickles import Key, read_annotations, read_splits, unused_note
from data_prep.datasets.sample import INCONSISTENT, NONMONOTONE, Fields, Published, Sample, Source
from data_prep.datasets.scores import agree, complete_scores
from data_prep.datasets.stage_labels import Segment
from scoringnet_tf.sports import Sport, get_sport

FRAME_DIRS = ("FINADiving_MTL_256s", "Trimmed_Video_Frames/FINADiving_MTL_256s", "FineDiving")  # else beside the labels
LABEL_DIRS = ("", "Annotations/", "train_test_split/")
FINE_FILE, COARSE_FILE = "FineDiving_fine-grained_annotation.pkl", "FineDiving_coarse_annotation.pkl"
SPLIT_FILES = {"train": "train_split.pkl", "test": "test_split.pkl"}
PUBLISHED = Published({"train": 2251, "test": 749}, "Xu et al. 2022")
ENTRY = "Entry"  # the last step of every dive, by name in `sub-action_types`
ENTRY_LABEL = 36  # and by number in the published table, for copies without names


def read(source_dir: Path) -> Source:
    """Reads the official layout.

    The step Entry is the stage entry; all steps before it are take-flight. The first one, named after the group of the
    dive, runs from the clip's start and does not tell when the feet leave the platform.
    """
    fine = read_annotations(find_file(source_dir, _paths(FINE_FILE)))
    coarse_path = next((source_dir / name for name in _paths(COARSE_FILE) if (source_dir / name).is_file()), None)
    coarse = read_annotations(coarse_path) if coarse_path else {}
    splits = read_splits(source_dir, {split: _paths(name) for split, name in SPLIT_FILES.items()})
    frame_dir = next((source_dir / name for name in FRAME_DIRS if (source_dir / name).is_dir()), source_dir)
    sport = get_sport("diving")
    samples = tuple(
        _sample(sport, frame_dir, key, fine.get(key), coarse.get(key), split)
        for split, keys in splits.items()
        for key in keys
    )
    notes = unused_note(fine, splits)
    settings = {"coarse_annotations": coarse_path.name if coarse_path else "none"}
    return Source("diving", samples, settings, tuple(notes), published=PUBLISHED)


def _paths(name: str) -> list[str]:
    return [folder + name for folder in LABEL_DIRS]


def _sample(
    sport: Sport, frame_dir: Path, key: Key, entry: dict[str, Any] | None, coarse: dict[str, Any] | None, split: str
) -> Sample:
    video, clip = key
    path = frame_dir / str(video) / str(clip)
    fields = Fields(f"{FINE_FILE}, ({video}, {clip})", entry or {})
    if entry is None:
        fields.report("missing_key", f"this clip of the {split} split has no annotation.")
        return Sample(_id(key), path, split, fields.where, problems=tuple(fields.problems))
    scores = complete_scores(sport, fields.number("difficulty"), final=fields.number("dive_score"))
    labels = _frame_labels(fields, entry)
    segments = None if labels is None else _segments(fields, labels, _entry_labels(entry))
    if coarse is not None:
        _check_scores(fields, entry, coarse)
    if coarse is not None and labels is not None:
        _check_length(fields, Fields(fields.where, coarse), len(labels))
    return Sample(
        _id(key),
        path,
        split,
        fields.where,
        segments=segments,
        num_frames=None if labels is None else len(labels),
        group=str(key[0]),
        problems=tuple(fields.problems),
        **scores,
    )


def _id(key: Key) -> str:
    return f"{key[0]}_{key[1]}"


def _frame_labels(fields: Fields, entry: dict[str, Any]) -> list[float] | None:
    labels = _numbers(entry.get("frames_labels"))
    if labels is None or not np.all(labels == np.round(labels)):
        fields.report("not_an_integer", "frames_labels does not hold an integer for every frame.")
        return None
    return labels.tolist()


def _numbers(value: Any) -> np.ndarray | None:
    try:
        values = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return values if values.ndim == 1 and values.size else None


def _entry_labels(entry: dict[str, Any]) -> set:
    """Returns the labels that mean the step Entry; `sub-action_types` maps labels to names."""
    types = entry.get("sub-action_types")
    named = {label for label, name in types.items() if str(name) == ENTRY} if isinstance(types, dict) else set()
    return named or {ENTRY_LABEL}


def _segments(fields: Fields, labels: list[float], entry_labels: set) -> tuple[Segment, ...]:
    """Returns runs of frames before and in the entry; a problem if they do not come once in this order."""
    segments, start = [], 0
    for is_entry, run in itertools.groupby(labels, lambda label: label in entry_labels):
        end = start + len(list(run))
        segments.append(Segment("entry" if is_entry else "take-flight", start, end, fields.where))
        start = end
    if [segment.stage for segment in segments] != ["take-flight", "entry"]:
        what = f"the step Entry is not there once, at the end: {', '.join(map(str, segments))}."
        fields.report("not_in_order", what, NONMONOTONE)
    return tuple(segments)


def _check_scores(fields: Fields, fine: dict[str, Any], coarse: dict[str, Any]) -> None:
    for name in ("difficulty", "dive_score"):
        ours, others = (Fields(fields.where, entry).number(name, required=False) for entry in (fine, coarse))
        if ours is not None and others is not None and not agree(ours, others):
            what = f"{name} is {ours:g}, but {others:g} in {COARSE_FILE}."
            fields.report("inconsistent_scores", what, INCONSISTENT)


def _check_length(fields: Fields, coarse: Fields, num_labels: int) -> None:
    """As a rule a clip has end − start + 1 frames; published copies have exceptions."""
    start, end = coarse.integer("start_frame", required=False), coarse.integer("end_frame", required=False)
    if start is not None and end is not None and end - start + 1 != num_labels:
        what = f"{num_labels} frames_labels, but {end - start + 1} frames from {start} to {end}."
        fields.report("count_mismatch", what)
    fields.problems += coarse.problems
