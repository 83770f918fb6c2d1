"""MTL-AQA: 1,412 dives from 3 m and 10 m, cut from 16 broadcasts (Parmar and Morris, CVPR 2019).

`final_annotations_dict.pkl` {(video, clip): {start_frame, end_frame, difficulty, final_score, …}}, some copies with
`judge_scores`; splits as lists of keys; `whole_videos_frames/NN/%06d.jpg`. There are no stage labels.
"""

import math
import reprlib
from pathlib import Path
from typing import Any

from data_prep.datasets.readers.layout import find_dir, find_file
from data_prep.datasets.readers.pickles import Key, read_annotations, read_splits, unused_note
from data_prep.datasets.sample import INCONSISTENT, Fields, Published, Sample, Source
from data_prep.datasets.scores import agree, complete_scores
from scoringnet_tf.sports import Sport, get_sport
from scoringnet_tf.support.messages import Remark

FRAME_DIRS = ("whole_videos_frames", "new/new_total_frames")
LABEL_DIRS = ("", "info/", "MTL-AQA_split_0_data/", "Ready_2_Use/MTL-AQA_split_0_data/")
# The first holds the judges' marks, which reveal errors.
ANNOTATION_FILES = ("final_annotations_dict_with_dive_number.pkl", "final_annotations_dict.pkl")
SPLIT_FILES = {"train": "train_split_0.pkl", "test": "test_split_0.pkl"}
PUBLISHED = Published({"train": 1059, "test": 353}, "Parmar and Morris 2019, split 0")
NUM_MARKS = 7


def read(source_dir: Path) -> Source:
    """Reads the official layout; InputError if a file or folder is missing or malformed as a whole."""
    frame_dir = find_dir(source_dir, FRAME_DIRS, "the broadcasts' frames NN/%06d.jpg")
    path = find_file(source_dir, [folder + name for name in ANNOTATION_FILES for folder in LABEL_DIRS])
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
        Remark("no_stage_labels", "The dataset has no stage labels."),
        *unused_note(annotations, splits),
    ]
    return Source("diving", samples, {"annotations": path.name}, tuple(notes), published=PUBLISHED)


def _sample(
    sport: Sport, frame_dir: Path, annotation_path: Path, key: Key, entry: dict[str, Any] | None, split: str
) -> Sample:
    video, clip = key
    folder = f"{video:02d}" if isinstance(video, int) else video
    video_id, fields = f"{folder}_{clip:03d}", Fields(f"{annotation_path.name}, ({video}, {clip})", entry or {})
    if entry is None:
        fields.report("missing_key", f"this clip of the {split} split has no annotation.")
        return Sample(video_id, frame_dir / folder, split, fields.where, problems=tuple(fields.problems))
    scores = complete_scores(sport, fields.number("difficulty"), final=fields.number("final_score"))
    _check_marks(fields, entry.get("judge_scores"), scores)
    return Sample(
        video_id,
        frame_dir / folder,
        split,
        fields.where,
        frames=_frames(fields),
        group=folder,
        problems=tuple(fields.problems),
        **scores,
    )


def _frames(fields: Fields) -> tuple[int, int] | None:
    """Frame f, from 0 in the broadcast, is image f + 1 of FFmpeg's; the end frame belongs to the clip."""
    start, end = fields.integer("start_frame"), fields.integer("end_frame")
    if start is None or end is None:
        return None
    if not 0 <= start <= end:
        fields.report("out_of_range", f"start_frame {start} and end_frame {end} are not frames in order.")
        return None
    return start, end + 1


def _check_marks(fields: Fields, marks: Any, scores: dict[str, Any]) -> None:
    """Some 30 published rows contradict their seven marks, of which three count: nobody knows which number is wrong."""
    if marks is None or None in (scores["difficulty"], scores["final"]):
        return
    try:
        judges, expected = len(marks), scores["difficulty"] * sum(sorted(map(float, marks))[2:5])
    except (TypeError, ValueError, OverflowError):
        judges, expected = 0, math.nan
    if judges != NUM_MARKS or not agree(scores["final"], expected):
        what = f"final_score is {scores['final']:.2f}, but judge_scores {reprlib.repr(marks)} give {expected:.2f}."
        fields.report("inconsistent_scores", what, INCONSISTENT)
