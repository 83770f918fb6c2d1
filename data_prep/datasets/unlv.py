"""The official layout that UNLV-Diving, UNLV-Vault and MIT-Diving share.

Videos are `NNN.avi`, or folders `NNN/` of images, numbered from 1; row i of every label vector is video i. A split is a
folder with `training_idx.mat` and `testing_idx.mat`. `stage_labels.csv` is ours.
"""

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from data_prep.datasets.readers.layout import index_videos
from data_prep.datasets.readers.matlab import read_vector, whole_numbers
from data_prep.datasets.sample import NONMONOTONE, Problem, Sample
from data_prep.datasets.scores import complete_scores, odd_executions
from data_prep.datasets.stage_labels import (
    Segment,
    StageError,
    StageOrderError,
    check_segments,
    read_stage_csv,
    short_performances,
    unlabelled_note,
)
from data_prep.support.errors import OptionError
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted, shown

SPLIT_FILES = {"train": "training_idx", "test": "testing_idx"}  # file name and variable name are the same
STAGE_CSV = "stage_labels.csv"


def find_split_dir(source_dir: Path, split_dir: str | None = None, patterns: Sequence[str] = ("split_*",)) -> Path:
    """The folder of the split.

    Args:
        source_dir: folder of the dataset.
        split_dir: the folder, inside `source_dir` or anywhere; None takes the only one of the patterns.
        patterns: globs in `source_dir`.

    Raises:
        OptionError: there is no folder `split_dir`.
        InputError: none or several folders fit the patterns.
    """
    if split_dir is not None:
        candidates = [source_dir / split_dir, Path(split_dir)]
        found = [folder for folder in candidates if folder.is_dir()]
        if not found:
            raise OptionError(
                "todo", f"--split_dir: expected a folder, {candidates[0]} or {candidates[1]}. Received: neither."
            )
        return found[0]
    found = sorted(folder for pattern in patterns for folder in source_dir.glob(pattern) if folder.is_dir())
    if len(found) != 1:
        expected = " or ".join(patterns)
        received = ", ".join(str(folder.relative_to(source_dir)) for folder in found) or "none"
        raise InputError(
            "todo", f"{source_dir}: expected one folder {expected}, or --split_dir to name it. Received: {received}"
        )
    return found[0]


def read_split(split_dir: Path) -> dict[str, list[int]]:
    """The numbers of the videos of each split, {"train": numbers, "test": numbers}, as listed; they count from 1.

    Raises:
        InputError: a file is missing or malformed.
    """
    splits = {}
    for split, name in SPLIT_FILES.items():
        path = split_dir / f"{name}.mat"
        splits[split] = whole_numbers(path, read_vector(path, name)).tolist()
    return splits


def read_numbered_stages(source_dir: Path) -> dict[int, tuple[Segment, ...]] | None:
    """`stage_labels.csv` by video number; None where there is no such file.

    Raises:
        InputError: it is malformed, or names a video by no number, or by two forms of one.
    """
    path = source_dir / STAGE_CSV
    if not path.is_file():
        return None
    segments = read_stage_csv(path)
    unknown = [video_id for video_id in segments if not video_id.isdecimal()]
    if unknown:
        raise InputError("todo", f"{path}: expected video numbers as video_id. Received: {', '.join(unknown)}")
    numbered = {int(video_id): tuple(rows) for video_id, rows in segments.items()}
    if len(numbered) != len(segments):
        forms = collections.defaultdict(list)
        for video_id in segments:
            forms[int(video_id)].append(video_id)
        received = "; ".join(" and ".join(names) for names in forms.values() if len(names) > 1)
        raise InputError("todo", f"{path}: expected one way to write the number of a video. Received: {received}")
    return numbered


def check_numbers(path: Path, numbers: Iterable[int], count: int) -> None:
    """InputError where the rows of a table are not of the videos 1 to `count`: it may count from 0."""
    outside = sorted(number for number in numbers if not 1 <= number <= count)
    if outside:
        raise InputError(
            "todo", f"{path}: expected numbers of videos, 1 to {count}. Received: {shown(map(str, outside))}."
        )


def make_samples(
    sport: Sport,
    video_dir: Path,
    split_dir: Path,
    overall: np.ndarray,
    difficulty: Mapping[int, float],
    segments_of: Callable[[int], tuple[Segment, ...] | None],
) -> tuple[tuple[Sample, ...], list[str]]:
    """One `Sample` per entry of the split.

    Args:
        sport: of the videos.
        video_dir: folder of the videos.
        split_dir: folder of the split.
        overall: final scores, float (N,).
        difficulty: {number: difficulty}.
        segments_of: function of a number that returns its segments or None; KeyError where they are missing,
            StageError where it is inconsistent.

    Returns:
        (samples, notes).
    """
    videos = index_videos(video_dir)
    samples = []
    splits = read_split(split_dir)
    for split, numbers in splits.items():
        for number in numbers:
            path = videos.get(number, video_dir / f"{number:03d}.avi")
            listed = f"{split_dir.name}/{SPLIT_FILES[split]}.mat"
            samples.append(_sample(sport, path, split, listed, number, overall, difficulty, segments_of))
    unused = sorted(set(videos).difference(*splits.values()))
    notes = [f"Not built, as in neither split: {counted(len(unused), 'video')}."] if unused else []
    notes += odd_executions(sport, samples)
    notes += short_performances({sample.video_id: sample.segments for sample in samples})
    notes += unlabelled_note({sample.video_id: sample.segments for sample in samples if not sample.problems})
    return tuple(sorted(samples, key=lambda sample: sample.video_id)), notes


def _sample(sport, path, split, listed, number, overall, difficulty, segments_of):
    where = f"{path.name} (row {number})"
    problems, scores = [], {}
    if not 1 <= number <= len(overall):
        what = f"expected a row of the score vector, 1 to {len(overall)}. Received: {number} in {listed}"
        problems.append(Problem(where, what))
    elif number not in difficulty:
        problems.append(Problem(where, "expected a difficulty. Received: none for this video"))
    else:
        scores = complete_scores(sport, float(difficulty[number]), final=float(overall[number - 1]))
    segments, stage_problems = _segments(sport, where, number, segments_of)
    problems += stage_problems
    return Sample(path.stem, path, split, where, segments=segments, problems=tuple(problems), **scores)


def _segments(sport, where, number, segments_of):
    """Checked segments of a video, None where they are missing or wrong; and what is wrong."""
    try:
        segments = segments_of(number)
        check_segments(segments or (), sport)
    except KeyError:
        return None, []
    except StageOrderError as error:
        return None, [Problem(where, str(error), NONMONOTONE, code=error.code)]
    except StageError as error:
        return None, [Problem(where, str(error), code=error.code)]
    return segments, []
