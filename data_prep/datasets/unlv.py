"""UNLV-Diving (370 dives), MIT-Diving (159 of them, with its own splits) and UNLV-Vault (176 vaults), §4.1.

Videos are `NNN.avi`, or folders `NNN/` of images, from 1; row i of every label vector is video i. A split is a folder
with `training_idx.mat` and `testing_idx.mat`. `stage_labels.csv` is ours. No difficulties of vaults are published.
"""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.readers.layout import find_dir, index_videos
from data_prep.datasets.readers.matlab import read_vector, whole_numbers
from data_prep.datasets.readers.text import read_csv, read_diving_times
from data_prep.datasets.sample import Fields, Published, Sample, Source, stage_problem
from data_prep.datasets.scores import complete_scores
from data_prep.datasets.stage_labels import (
    DIVING,
    DIVING_PHASES,
    STAGE_CSV,
    Segment,
    StageError,
    diving_segments,
    odd_segments,
    read_stage_csv,
    segment_errors,
    unlabelled_note,
)
from scoringnet_tf.sports import Sport, get_sport
from scoringnet_tf.support.messages import InputError, Remark, counted, shown

SPLIT_FILES = {"train": "training_idx", "test": "testing_idx"}  # name of the file and of its variable
DIVING_TIMES = "jump_drop_water_label.txt"
DIVING_SPORTS = (DIVING, DIVING_PHASES)
FRAME_RATE = 25.0  # frames/s of the official dives, whose frames the times count
VAULT_DIRS = ("gym_vault_samples_len_ori", "gym_vault_samples_len_100_lstm")
VAULT_DIFFICULTY = "gym_vault_difficulty_level.mat"
SegmentsOf = Callable[[int], tuple[Segment, ...] | None]  # of the number of a video
MIT_SPLITS = ("split_100_59*", "random_splits_100_59/split_*")


def read_diving(source_dir: Path, split_dir: str | None = None, sport: str = DIVING) -> Source:
    """Reads UNLV-Diving, with the stages of `diving` or `diving_phases`.

    `stage_labels.csv` comes before `jump_drop_water_label.txt`: it can label noise before the start.
    """
    published = Published({"train": 300, "test": 70}, "Parmar and Morris 2017, §4.1")
    return _read_diving(source_dir, split_dir, ("split_*",), published, sport)


def read_mit_diving(source_dir: Path, split_dir: str | None = None, sport: str = DIVING) -> Source:
    """Reads UNLV-Diving's layout with a split of MIT-Diving; raises like `read_diving`."""
    published = Published({"train": 100, "test": 59}, "Pirsiavash et al. 2014, §4.1")
    return _read_diving(source_dir, split_dir, MIT_SPLITS, published, sport)


def _read_diving(
    source_dir: Path, split_dir: str | None, split_patterns: tuple[str, ...], published: Published, sport: str
) -> Source:
    if sport not in DIVING_SPORTS:
        raise InputError("unknown_name", f"--sport={sport} is not {' or '.join(DIVING_SPORTS)}.")
    video_dir = find_dir(source_dir, ("diving_samples_len_ori",), "the videos NNN.avi")
    overall = read_vector(source_dir / "diving_overall_scores.mat", "overall_scores")
    difficulty_path = source_dir / "diving_difficulty_level.mat"
    difficulty = _numbered(difficulty_path, read_vector(difficulty_path, "difficulty_level"), len(overall))
    split = _find_split_dir(source_dir, split_dir, split_patterns)
    stage_file, segments_of = _diving_stages(source_dir, len(overall), sport)
    samples, notes = _make_samples(sport, video_dir, split, overall, difficulty, segments_of)
    settings = {"split_dir": split.name, "stage_labels": stage_file}
    rate = FRAME_RATE if stage_file == DIVING_TIMES else None
    notes = [Remark("stage_labels", f"Stage labels from {stage_file}."), *notes]
    return Source(sport, samples, settings, tuple(notes), published=published, label_rate=rate)


def _diving_stages(source_dir: Path, num_videos: int, sport: str) -> tuple[str, SegmentsOf]:
    stages = _numbered_stages(source_dir, num_videos)
    if stages is not None:
        _check_sport(source_dir / STAGE_CSV, stages, sport)
        return STAGE_CSV, stages.__getitem__
    path = source_dir / DIVING_TIMES
    if not path.is_file():
        raise InputError("not_found", f"{source_dir}: there are no stage labels, {STAGE_CSV} or {DIVING_TIMES}.")
    times = _numbered(path, read_diving_times(path), num_videos)
    return DIVING_TIMES, lambda number: diving_segments(times[number], f"{DIVING_TIMES}, row {number}", sport)


def _check_sport(path: Path, stages: dict[int, tuple[Segment, ...]], sport: str) -> None:
    """InputError if a table's stages are those of the other sport that dives may be read as."""
    used = {segment.stage for segments in stages.values() for segment in segments}
    if used <= set(get_sport(sport).stages):
        return
    for other in DIVING_SPORTS:
        if used <= set(get_sport(other).stages):
            message = f"{path} has the stages of {other}, not of {sport}."
            raise InputError("other_sport", message, f"Set --sport={other}.")


def read_vault(source_dir: Path, split_dir: str | None = None, difficulty_csv: str | None = None) -> Source:
    """Reads UNLV-Vault; `difficulty_csv` (video,difficulty) takes the place of a difficulty file."""
    video_dir = find_dir(source_dir, VAULT_DIRS, "the videos NNN.avi")
    overall = read_vector(source_dir / "gym_vault_overall_scores.mat", "overall_scores")
    difficulty_file, difficulty = _vault_difficulty(source_dir, difficulty_csv, len(overall))
    split = _find_split_dir(source_dir, split_dir, ("split_*",))
    stages = _numbered_stages(source_dir, len(overall))
    segments_of = (lambda number: None) if stages is None else stages.__getitem__
    samples, notes = _make_samples("vault", video_dir, split, overall, difficulty, segments_of)
    stage_file = "none" if stages is None else STAGE_CSV
    settings = {
        "video_dir": video_dir.name,
        "split_dir": split.name,
        "difficulty": difficulty_file,
        "stage_labels": stage_file,
    }
    what = f"Videos from {video_dir.name}, difficulty from {difficulty_file}. Stage labels: {stage_file}."
    published = Published({"train": 120, "test": 56}, "Parmar and Morris 2017, §4.1")
    notes = [Remark("files", what), *notes]
    return Source("vault", samples, settings, tuple(notes), published=published)


def _vault_difficulty(source_dir: Path, difficulty_csv: str | None, count: int) -> tuple[str, dict[int, Any]]:
    if difficulty_csv is not None:
        difficulty = _read_difficulty_csv(Path(difficulty_csv))
        _check_numbers(Path(difficulty_csv), difficulty, count)
        return Path(difficulty_csv).name, difficulty
    path = source_dir / VAULT_DIFFICULTY
    if not path.is_file():
        what = f"{source_dir}: there are no difficulties, which the official release does not have."
        hint = f"Add {VAULT_DIFFICULTY} ('difficulty_level'), or a CSV file (video,difficulty) by --difficulty_csv."
        raise InputError("not_found", what, hint)
    return path.name, _numbered(path, read_vector(path, "difficulty_level"), count)


def _read_difficulty_csv(path: Path) -> dict[int, float]:
    difficulty, malformed = {}, []
    for row in read_csv(path, ("video", "difficulty")):
        fields = Fields(f"{path}, row {row.number}", row)
        video, value = fields.integer("video"), fields.number("difficulty")
        if video is None or value is None:
            text = f"{row['video']},{row['difficulty']}"
            malformed.append(f"{fields.where}: {text} is not the number of a video and a difficulty.")
        elif video in difficulty:
            malformed.append(f"{fields.where}: video {video} is there twice.")
        else:
            difficulty[video] = value
    if malformed:
        raise InputError("malformed_rows", "\n".join(malformed))
    return difficulty


def _numbered(path: Path, values: Collection, count: int) -> dict[int, Any]:
    if len(values) != count:
        raise InputError("count_mismatch", f"{path}: {counted(len(values), 'row')}, but {counted(count, 'video')}.")
    return dict(enumerate(values, start=1))


def _check_numbers(path: Path, numbers: Iterable[int], count: int) -> None:
    """Checks that a table's rows name the videos 1 to `count`: it may count from 0."""
    outside = sorted(number for number in numbers if not 1 <= number <= count)
    if outside:
        raise InputError("out_of_range", f"{path}: {shown(map(str, outside))} are not videos, 1 to {count}.")


def _numbered_stages(source_dir: Path, count: int) -> dict[int, tuple[Segment, ...]] | None:
    path = source_dir / STAGE_CSV
    if not path.is_file():
        return None
    numbered: dict[int, tuple[Segment, ...]] = {}
    for video_id, segments in read_stage_csv(path).items():
        if not video_id.isdecimal():
            raise InputError("not_an_integer", f"{path}: the video_id {video_id} is not the number of a video.")
        numbered[int(video_id)] = (*numbered.get(int(video_id), ()), *segments)
    _check_numbers(path, numbered, count)
    return numbered


def _find_split_dir(source_dir: Path, split_dir: str | None, patterns: tuple[str, ...]) -> Path:
    if split_dir is not None:
        candidates = [source_dir / split_dir, Path(split_dir)]
        split = next((folder for folder in candidates if folder.is_dir()), None)
        if split is None:
            raise InputError("not_found", f"--split_dir: there is no folder {candidates[0]} or {candidates[1]}.")
        return split
    folders = sorted(folder for pattern in patterns for folder in source_dir.glob(pattern) if folder.is_dir())
    if len(folders) != 1:
        names = ", ".join(str(folder.relative_to(source_dir)) for folder in folders) or "none"
        what = f"{source_dir}: not one folder {' or '.join(patterns)}, but {names}."
        raise InputError("ambiguous" if folders else "not_found", what, "Name it by --split_dir.")
    return folders[0]


def _make_samples(
    sport_name: str,
    video_dir: Path,
    split_dir: Path,
    overall: np.ndarray,
    difficulty: dict[int, Any],
    segments_of: SegmentsOf,
) -> tuple[tuple[Sample, ...], list[Remark]]:
    """Returns a `Sample` for each entry of the split, and notes; `segments_of` may raise KeyError or StageError."""
    videos, sport = index_videos(video_dir), get_sport(sport_name)
    samples, listed = [], set()
    for split, name in SPLIT_FILES.items():
        path = split_dir / f"{name}.mat"
        for number in whole_numbers(path, read_vector(path, name)).tolist():
            video = videos.get(number, video_dir / f"{number:03d}.avi")
            where = f"{video.name} (row {number})"
            fields = Fields(where, {})
            scores = _scores(sport, fields, number, f"{split_dir.name}/{path.name}", overall, difficulty)
            segments = _checked_segments(sport, fields, number, segments_of)
            problems = tuple(fields.problems)
            samples.append(Sample(video.stem, video, split, where, segments=segments, problems=problems, **scores))
            listed.add(number)
    unused = counted(len(videos.keys() - listed), "video")
    notes = [Remark("in_no_split", f"Not built, as in neither split: {unused}.")] if videos.keys() - listed else []
    notes += odd_segments({sample.video_id: sample.segments for sample in samples})
    notes += unlabelled_note({sample.video_id: sample.segments for sample in samples if not sample.problems})
    return tuple(sorted(samples, key=lambda sample: sample.video_id)), notes


def _scores(
    sport: Sport, fields: Fields, number: int, split_file: str, overall: np.ndarray, difficulty: dict[int, Any]
) -> dict[str, Any]:
    if not 1 <= number <= len(overall):
        fields.report("out_of_range", f"{number} in {split_file} is not a row of the scores, 1 to {len(overall)}.")
        return {}
    if number not in difficulty:
        fields.report("missing_value", "this video has no difficulty.")
        return {}
    return complete_scores(sport, float(difficulty[number]), final=float(overall[number - 1]))


def _checked_segments(sport: Sport, fields: Fields, number: int, segments_of: SegmentsOf) -> tuple[Segment, ...] | None:
    try:
        segments = segments_of(number)
        for error in segment_errors(segments or (), sport):
            raise error
    except KeyError:
        return None
    except StageError as error:
        fields.problems.append(stage_problem(fields.where, error))
        return None
    return segments
