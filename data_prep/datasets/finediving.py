"""FineDiving: dives cut from broadcasts, with their steps (Xu et al., CVPR 2022). Distributed under an agreement.

`FineDiving_fine-grained_annotation.pkl` {(video, clip): {dive_score, difficulty, steps_transit_frames, frames_labels,
sub-action_types}}; the coarse file adds {start_frame, end_frame, judge_scores}; frames are `VIDEO/CLIP/%05d.jpg`.
"""

import itertools
import numbers
from pathlib import Path

import numpy as np

from data_prep.datasets.fields import Fields
from data_prep.datasets.published import Published
from data_prep.datasets.readers.annotations import read_annotations, read_splits, unused_note
from data_prep.datasets.readers.layout import find_file
from data_prep.datasets.sample import INCONSISTENT, NONMONOTONE, Problem, Sample, Source
from data_prep.datasets.scores import agree, complete_scores, marks_final, odd_executions
from data_prep.datasets.stage_labels import Segment
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import shown

FRAME_DIRS = ("FINADiving_MTL_256s", "Trimmed_Video_Frames/FINADiving_MTL_256s", "FineDiving")  # else beside the labels
LABEL_DIRS = ("", "Annotations/", "train_test_split/")
FINE_FILE, COARSE_FILE = "FineDiving_fine-grained_annotation.pkl", "FineDiving_coarse_annotation.pkl"
SPLIT_FILES = {"train": "train_split.pkl", "test": "test_split.pkl"}
PUBLISHED = Published({"train": 2251, "test": 749}, "Xu et al. 2022")
ENTRY = "Entry"  # the last step of every dive, by name in `sub-action_types`
ENTRY_LABEL = 36  # and by number in the published table, for copies without names


def read(source_dir: Path) -> Source:
    """Reads the official layout.

    The frames of the step Entry are the stage entry. All steps before it are take-flight: the first one, named after
    the group of the dive, runs from the start of the clip and does not say where the feet leave the platform.

    Raises:
        InputError: a file or folder is missing or malformed as a whole. What is wrong with a clip is in its `Sample`.
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
    notes = [*unused_note(fine, splits), *_odd_marks(sport, samples, coarse), *odd_executions(sport, samples)]
    settings = {"coarse_annotations": coarse_path.name if coarse_path else "none"}
    return Source("diving", samples, settings, tuple(notes), published=PUBLISHED)


def _paths(name):
    return [folder + name for folder in LABEL_DIRS]


def _sample(sport, frame_dir, key, entry, coarse, split):
    video, clip = key
    path = frame_dir / str(video) / str(clip)
    fields = Fields(f"{FINE_FILE}, ({video}, {clip})", entry or {})
    if entry is None:
        fields.expect(f"expected an annotation of this clip of the {split} split. Received: none")
        return Sample(_id(key), path, split, fields.where, problems=tuple(fields.problems))
    scores = complete_scores(sport, fields.number("difficulty"), final=fields.number("dive_score"))
    labels = _frame_labels(fields, entry)
    segments = None if labels is None else _segments(fields, labels, _entry_labels(entry))
    _check_transitions(fields, entry)
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


def _id(key):
    return f"{key[0]}_{key[1]}"


def _frame_labels(fields, entry):
    """A step per frame as a list of floats; None and a problem where there is no such thing."""
    labels = _numbers(entry.get("frames_labels"))
    if labels is None or not np.all(labels == np.round(labels)):
        fields.expect("expected frames_labels, an integer for every frame. Received: something else")
        return None
    return labels.tolist()


def _numbers(value):
    """A vector as float (N,); None for anything else, or nothing."""
    try:
        values = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return values if values.ndim == 1 and values.size else None


def _entry_labels(entry):
    """The labels of the step Entry; `sub-action_types` maps labels to names, in some copies names to labels."""
    types = entry.get("sub-action_types")
    if not isinstance(types, dict):
        return {ENTRY_LABEL}
    pairs = [*types.items(), *((label, name) for name, label in types.items())]
    named = {label for label, name in pairs if isinstance(label, numbers.Integral) and str(name) == ENTRY}
    return named or {ENTRY_LABEL}


def _segments(fields, labels, entry_labels):
    """Runs of frames that show the entry or what comes before it; a problem where they do not come in this order."""
    segments, start = [], 0
    for is_entry, run in itertools.groupby(labels, lambda label: label in entry_labels):
        end = start + len(list(run))
        segments.append(Segment("entry" if is_entry else "take-flight", start, end, fields.where))
        start = end
    if [segment.stage for segment in segments] != ["take-flight", "entry"]:
        what = f"expected the step Entry once, at the end. Received: {', '.join(map(str, segments))}"
        fields.problems.append(Problem(fields.where, what, NONMONOTONE))
    return tuple(segments)


def _check_transitions(fields, entry):
    transitions = _numbers(entry.get("steps_transit_frames"))
    if transitions is None:
        fields.expect("expected steps_transit_frames, numbers of frames. Received: something else")
    elif not np.all(np.diff(transitions) > 0):
        what = f"expected steps_transit_frames that increase. Received: {transitions.tolist()}"
        fields.problems.append(Problem(fields.where, what, NONMONOTONE))


def _check_scores(fields, fine, coarse):
    """Both files say difficulty and score."""
    for name in ("difficulty", "dive_score"):
        ours, others = (Fields(fields.where, entry).number(name, required=False) for entry in (fine, coarse))
        if ours is not None and others is not None and not agree(ours, others):
            what = f"expected the {name} of {COARSE_FILE}, {others:g}. Received: {ours:g}"
            fields.problems.append(Problem(fields.where, what, INCONSISTENT))


def _check_length(fields, coarse, num_labels):
    """As a rule a clip has end − start + 1 frames; published copies have exceptions."""
    start, end = coarse.integer("start_frame", required=False), coarse.integer("end_frame", required=False)
    if None not in (start, end) and end - start + 1 != num_labels:
        fields.expect(f"expected {end - start + 1} frames_labels, for frames {start} to {end}. Received: {num_labels}")
    fields.problems += coarse.problems


def _odd_marks(sport, samples, coarse):
    """A note on clips whose marks give another score: synchronised dives are marked by rules of their own."""
    odd = []
    marks = {_id(key): entry.get("judge_scores") for key, entry in coarse.items()}
    for sample in samples:
        found = marks.get(sample.video_id)
        if found is None or None in (sample.difficulty, sample.final):
            continue
        expected = marks_final(sport, sample.difficulty, found)
        if expected is None or not agree(sample.final, expected):
            odd.append(sample.video_id)
    return [f"The marks do not give the score, or are not 3, 5 or 7, in {shown(odd)}."] if odd else []
