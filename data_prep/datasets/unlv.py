"""The official layout that UNLV-Diving, UNLV-Vault and MIT-Diving share.

Videos are `NNN.avi`, numbered from 1; row i of every label vector is video i. `.mat` vectors come as rows or columns,
of float or uint16. A split is a folder with `training_idx.mat` and `testing_idx.mat`. `stage_labels.csv` is ours.
"""

import math
from pathlib import Path

import numpy as np
import scipy.io

from data_prep.datasets.sample import NONMONOTONE, Problem, Sample
from data_prep.labels import StageError, StageOrderError, check_segments, read_stage_csv
from scoringnet_tf.errors import InputError

SPLIT_FILES = {"train": "training_idx", "test": "testing_idx"}  # file name and variable name are the same
STAGE_CSV = "stage_labels.csv"
MARK_TOLERANCE = 0.02  # steps: scores are rounded to hundredths


def read_vector(path, variable):
    """A vector of a `.mat` file as float64 (N,); InputError naming the file if it or the variable is not there."""
    if not path.is_file():
        raise InputError(f"{path}: expected a .mat file with the vector {variable!r}. Received: no such file.")
    try:
        contents = scipy.io.loadmat(path)
    except (ValueError, NotImplementedError, scipy.io.matlab.MatReadError) as error:
        raise InputError(f"{path}: expected a MATLAB file up to version 7.2. Received: {error}") from error
    if variable not in contents:
        found = ", ".join(repr(name) for name in contents if not name.startswith("__")) or "no variable"
        raise InputError(f"{path}: expected the variable {variable!r}. Received: {found}")
    return contents[variable].ravel().astype(np.float64)


def find_split_dir(source_dir, split_dir=None):
    """The folder of the split: `split_dir` (inside `source_dir`, or anywhere), else the only `split_*` there is."""
    if split_dir is not None:
        candidates = [source_dir / split_dir, Path(split_dir)]
        found = [folder for folder in candidates if folder.is_dir()]
        if not found:
            raise InputError(f"--split_dir: expected a folder, {candidates[0]} or {candidates[1]}. Received: neither.")
        return found[0]
    found = sorted(folder for folder in source_dir.glob("split_*") if folder.is_dir())
    if len(found) != 1:
        received = ", ".join(folder.name for folder in found) or "none"
        raise InputError(f"{source_dir}: expected one folder split_*, or --split_dir to name it. Received: {received}")
    return found[0]


def read_split(split_dir):
    """{"train": numbers, "test": numbers} of a split folder, as listed; numbers count from 1."""
    splits = {}
    for split, name in SPLIT_FILES.items():
        numbers = read_vector(split_dir / f"{name}.mat", name)
        if not np.all(numbers == np.round(numbers)):
            raise InputError(
                f"{split_dir / name}.mat: expected integers. Received: {numbers[numbers != np.round(numbers)]}"
            )
        splits[split] = numbers.astype(int).tolist()
    return splits


def index_videos(video_dir):
    """{number: path} of the files `NNN.avi` of a folder; InputError where two files have the same number."""
    videos = {}
    for path in sorted(video_dir.glob("*.avi")):
        if not path.stem.isdecimal():
            continue
        if int(path.stem) in videos:
            raise InputError(
                f"{video_dir}: expected one video of each number. Received: {videos[int(path.stem)]}, {path}"
            )
        videos[int(path.stem)] = path
    return videos


def read_numbered_stages(source_dir):
    """`stage_labels.csv` by video number, or None where there is no such file."""
    path = source_dir / STAGE_CSV
    if not path.is_file():
        return None
    segments = read_stage_csv(path)
    unknown = [video_id for video_id in segments if not video_id.isdecimal()]
    if unknown:
        raise InputError(f"{path}: expected video numbers as video_id. Received: {', '.join(unknown)}")
    numbered = {int(video_id): tuple(rows) for video_id, rows in segments.items()}
    if len(numbered) != len(segments):
        raise InputError(f"{path}: expected one way to write a number. Received: several, such as 1 and 001")
    return numbered


def make_samples(sport, video_dir, split_dir, overall, difficulty, segments_of):
    """One `Sample` per entry of the split.

    Args:
        sport: `sports.Sport`.
        video_dir: folder of `NNN.avi`.
        split_dir: folder of the split.
        overall: final scores, float (N,).
        difficulty: {number: difficulty}.
        segments_of: function of a number that returns its segments or None; KeyError where the row is missing,
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
            samples.append(_sample(sport, path, split, number, overall, difficulty, segments_of))
    unused = sorted(set(videos).difference(*splits.values()))
    notes = [f"{len(unused)} videos are in neither split and are not built."] if unused else []
    notes += _odd_executions(sport, samples)
    return tuple(sorted(samples, key=lambda sample: sample.video_id)), notes


def _odd_executions(sport, samples):
    """A note on rows whose execution is no sum of marks: execution is derived, so this is what can be checked of it."""
    if sport.mark_step is None:
        return []
    odd = []
    for sample in samples:
        steps = (sample.execution or 0.0) / sport.mark_step
        if math.isfinite(steps) and abs(steps - round(steps)) > MARK_TOLERANCE:
            odd.append(f"{sample.video_id} ({sample.execution:.2f})")
    if not odd:
        return []
    return [
        f"Execution is no multiple of {sport.mark_step:g}, as a sum of marks would be, in {', '.join(sorted(odd))}."
    ]


def _sample(sport, path, split, number, overall, difficulty, segments_of):
    where = f"{path.name} (row {number})"
    problems, scores = [], {}
    if not 1 <= number <= len(overall):
        problems.append(Problem(where, f"expected a row of the score vector, 1 to {len(overall)}. Received: {number}"))
    elif number not in difficulty:
        problems.append(Problem(where, "expected a difficulty. Received: none for this video"))
    else:
        scores = _scores(sport, float(overall[number - 1]), float(difficulty[number]))
    segments, stage_problems = _segments(sport, where, number, segments_of)
    problems += stage_problems
    return Sample(path.stem, path, split, where, segments=segments, problems=tuple(problems), **scores)


def _segments(sport, where, number, segments_of):
    """Checked segments of a video, None where they are missing or wrong; and what is wrong."""
    try:
        segments = segments_of(number)
        check_segments(segments or (), sport)
    except KeyError:
        return None, [Problem(where, "expected stage labels. Received: none for this video")]
    except StageOrderError as error:
        return None, [Problem(where, str(error), NONMONOTONE)]
    except StageError as error:
        return None, [Problem(where, str(error))]
    return segments, []


def _scores(sport, final, difficulty):
    """Execution is what the fusion rule leaves: final / difficulty (diving) or final − difficulty (vault), §4.1."""
    if sport.fusion == "product":
        execution = final / difficulty if difficulty else float("nan")
    else:
        execution = final - difficulty
    return {"difficulty": difficulty, "execution": execution, "final": final}
