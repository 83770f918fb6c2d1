"""UNLV-Vault: 176 vaults. No difficulty per video is published, so that it must be supplied."""

import re
from pathlib import Path

from data_prep.datasets import unlv
from data_prep.datasets.published import Published
from data_prep.datasets.readers.matlab import read_vector
from data_prep.datasets.readers.text import read_csv
from data_prep.datasets.sample import Source
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.reading import real_number

VIDEO_DIRS = ("gym_vault_samples_len_ori", "gym_vault_samples_len_100_lstm")  # the first that is there
PUBLISHED = Published({"train": 120, "test": 56}, "Parmar and Morris 2017, §4.1")
DIFFICULTY_FILE = "gym_vault_difficulty_level.mat"


def read(source_dir: Path, split_dir: str | None = None, difficulty_csv: str | None = None) -> Source:
    """Reads the official layout; `difficulty_csv` (video,difficulty) where there is no difficulty file.

    Raises:
        InputError: a file or folder is missing or malformed as a whole. What is wrong with a row is in its `Sample`.
    """
    video_dirs = [source_dir / name for name in VIDEO_DIRS if (source_dir / name).is_dir()]
    if not video_dirs:
        raise InputError(
            "todo", f"{source_dir}: expected the folder of the videos, {' or '.join(VIDEO_DIRS)}. Received: neither."
        )
    overall = read_vector(source_dir / "gym_vault_overall_scores.mat", "overall_scores")
    difficulty_file, difficulty = _difficulty(source_dir, difficulty_csv, len(overall))
    split = unlv.find_split_dir(source_dir, split_dir)
    stages = unlv.read_numbered_stages(source_dir)
    if stages is not None:
        unlv.check_numbers(source_dir / unlv.STAGE_CSV, stages, len(overall))
    segments_of = (lambda number: None) if stages is None else stages.__getitem__
    samples, notes = unlv.make_samples(get_sport("vault"), video_dirs[0], split, overall, difficulty, segments_of)
    stage_note = (
        "No stage_labels.csv: all frames are unlabelled." if stages is None else "Stage labels from stage_labels.csv."
    )
    settings = {
        "video_dir": video_dirs[0].name,
        "split_dir": split.name,
        "difficulty": difficulty_file,
        "stage_labels": "none" if stages is None else unlv.STAGE_CSV,
    }
    notes = [f"Videos from {video_dirs[0].name}, difficulty from {difficulty_file}.", stage_note, *notes]
    return Source("vault", samples, settings, tuple(notes), published=PUBLISHED)


def _difficulty(source_dir, difficulty_csv, count):
    """Name of the file that gives the difficulties of `count` videos, and {number: difficulty}."""
    if difficulty_csv is not None:
        found = _read_difficulty_csv(Path(difficulty_csv))
        unlv.check_numbers(Path(difficulty_csv), found, count)
        return Path(difficulty_csv).name, found
    path = source_dir / DIFFICULTY_FILE
    if not path.is_file():
        raise InputError(
            "todo",
            f"{source_dir}: expected the difficulty of each vault, which the official release does not have: either "
            f"{DIFFICULTY_FILE} (variable 'difficulty_level', one entry per video) or --difficulty_csv naming a CSV "
            "file with the columns video,difficulty. Received: neither.",
        )
    values = read_vector(path, "difficulty_level")
    if len(values) != count:
        raise InputError(
            "todo", f"{path}: expected the difficulty of {counted(count, 'video')}. Received: {len(values)}."
        )
    return path.name, dict(enumerate(values, start=1))


def _video_number(name):
    """The number of a video, `7`, `007.avi` or a spreadsheet's `7.0`; ValueError for others, such as `1.5`."""
    named = re.fullmatch(r"(\d+)(\.0+|\.[A-Za-z]\w*)?", Path(name).name)
    if named is None:
        raise ValueError(f"expected the number of a video, received {name!r}")
    return int(named[1])


def _read_difficulty_csv(path):
    difficulty, malformed = {}, []
    for row in read_csv(path, ("video", "difficulty")):
        try:
            number, value = _video_number(row["video"]), real_number(row["difficulty"])
        except ValueError:
            received = f"{row['video']},{row['difficulty']}"
            malformed.append(
                f"{path}, row {row.number}: expected a video number and a difficulty. Received: {received}"
            )
            continue
        if number in difficulty:
            malformed.append(f"{path}, row {row.number}: expected each video once. Received: video {number} again")
        difficulty[number] = value
    if malformed:
        raise InputError("todo", "\n".join(malformed))
    return difficulty
