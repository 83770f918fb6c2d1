"""MTL-AQA: 1,412 dives from 3 m and 10 m, cut from 16 broadcasts (Parmar and Morris, CVPR 2019).

`final_annotations_dict.pkl` {(video, clip): {start_frame, end_frame, difficulty, final_score, …}}, some copies with
`judge_scores`; splits as lists of keys; `whole_videos_frames/NN/%06d.jpg`. There are no stage labels.
"""

import reprlib
from pathlib import Path

from data_prep.datasets.fields import Fields
from data_prep.datasets.published import Published
from data_prep.datasets.readers.annotations import read_annotations, read_splits, unused_note
from data_prep.datasets.readers.layout import find_dir, find_file_by_content
from data_prep.datasets.sample import INCONSISTENT, Sample, Source
from data_prep.datasets.scores import agree, complete_scores, marks_final, odd_executions
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import counted, shown

FRAME_DIRS = ("whole_videos_frames", "new/new_total_frames")
LABEL_DIRS = ("", "info/", "MTL-AQA_split_0_data/", "Ready_2_Use/MTL-AQA_split_0_data/")
# The first has the judges' marks, which show what is wrong; else by content.
ANNOTATION_FILES = ("final_annotations_dict_with_dive_number.pkl", "final_annotations_dict.pkl")
SPLIT_FILES = {"train": "train_split_0.pkl", "test": "test_split_0.pkl"}
FIELDS = {"start_frame", "end_frame", "difficulty", "final_score"}
PUBLISHED = Published({"train": 1059, "test": 353}, "Parmar and Morris 2019, split 0")
NUM_MARKS = 7


def read(source_dir: Path) -> Source:
    """Reads the official layout.

    Raises:
        InputError: a file or folder is missing or malformed as a whole. What is wrong with a clip is in its `Sample`.
    """
    frame_dir = find_dir(source_dir, FRAME_DIRS, "the broadcasts' frames, NN/%06d.jpg,")
    files = [folder + name for name in ANNOTATION_FILES for folder in LABEL_DIRS]
    path = find_file_by_content(source_dir, files, LABEL_DIRS, ".pkl", _holds_annotations)
    annotations = read_annotations(path)
    names = {split: [folder + name for folder in LABEL_DIRS] for split, name in SPLIT_FILES.items()}
    splits = read_splits(source_dir, names)
    sport = get_sport("diving")
    samples = tuple(
        _sample(sport, frame_dir, path, key, annotations.get(key), split)
        for split, keys in splits.items()
        for key in keys
    )
    notes = [
        "There are no stage labels.",
        *_files_note(source_dir, path, files),
        *_marks_note([annotations.get(key, {}) for keys in splits.values() for key in keys]),
        *unused_note(annotations, splits),
        *odd_executions(sport, samples),
    ]
    return Source("diving", samples, {"annotations": path.name}, tuple(notes), published=PUBLISHED)


def _files_note(source_dir, path, files):
    """A note on annotations that are not read, for others are: they may differ."""
    others = [name for name in files if (source_dir / name).is_file() and source_dir / name != path]
    return [f"Annotations are read from {path.relative_to(source_dir)}, not from {shown(others)}."] if others else []


def _marks_note(entries):
    """A note where scores cannot be held against the marks of the judges."""
    without = sum(entry.get("judge_scores") is None for entry in entries)
    total = counted(len(entries), "clip", ",")
    return [f"Of {total} {without:,} have no judge_scores to hold the score against."] if without else []


def _holds_annotations(path):
    """Whether a pickle is one of annotations; captions and splits lie beside them."""
    annotations = read_annotations(path)
    return any(entry.keys() >= FIELDS for entry in annotations.values())


def _sample(sport, frame_dir, annotation_path, key, entry, split):
    video, clip = key
    folder = f"{video:02d}" if isinstance(video, int) else video
    fields = Fields(f"{annotation_path.name}, ({video}, {clip})", entry or {})
    if entry is None:
        fields.expect(f"expected an annotation of this clip of the {split} split. Received: none")
        return Sample(f"{folder}_{clip:03d}", frame_dir / folder, split, fields.where, problems=tuple(fields.problems))
    scores = complete_scores(sport, fields.number("difficulty"), final=fields.number("final_score"))
    _check_marks(sport, fields, entry.get("judge_scores"), scores)
    return Sample(
        f"{folder}_{clip:03d}",
        frame_dir / folder,
        split,
        fields.where,
        frames=_frames(fields),
        group=folder,
        problems=tuple(fields.problems),
        **scores,
    )


def _frames(fields):
    """Frames count from 0 in the broadcast, so that frame f is image f + 1 of FFmpeg's; the last one belongs to it."""
    start, end = fields.integer("start_frame"), fields.integer("end_frame")
    if start is None or end is None:
        return None
    if not 0 <= start <= end:
        fields.expect(f"expected 0 ≤ start_frame ≤ end_frame. Received: {start}, {end}")
        return None
    return start, end + 1


def _check_marks(sport, fields, marks, scores):
    """Where a copy has the seven marks: final = difficulty × the sum of the middle three.

    The published annotations break this in some 30 rows, 19 of them with sums that are legal: which of the marks, the
    difficulty and the score is wrong, nobody knows.
    """
    if marks is None or None in (scores["difficulty"], scores["final"]):
        return
    expected = marks_final(sport, scores["difficulty"], marks)
    if expected is None or len(marks) != NUM_MARKS:
        fields.expect(f"expected {NUM_MARKS} judge_scores. Received: {reprlib.repr(marks)}", INCONSISTENT)
    elif not agree(scores["final"], expected):
        what = f"expected final_score {expected:.2f} of judge_scores. Received: {scores['final']:.2f}"
        fields.expect(what, INCONSISTENT)
