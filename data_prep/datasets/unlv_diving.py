"""UNLV-Diving: 370 dives from the 10 m platform."""

from collections.abc import Sequence
from pathlib import Path

from data_prep.datasets import unlv
from data_prep.datasets.published import Published
from data_prep.datasets.readers.matlab import read_vector
from data_prep.datasets.readers.text import read_diving_times
from data_prep.datasets.sample import Source
from data_prep.datasets.stage_labels import diving_segments
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

VIDEO_DIR = "diving_samples_len_ori"
TIMES_FILE = "jump_drop_water_label.txt"
FRAME_RATE = 25.0  # frames/s of the official videos, whose frames the times count
PUBLISHED = Published({"train": 300, "test": 70}, "Parmar and Morris 2017, §4.1")


def read(
    source_dir: Path,
    split_dir: str | None = None,
    split_patterns: Sequence[str] = ("split_*",),
    published: Published = PUBLISHED,
) -> Source:
    """Reads the official layout.

    Stage labels come from `stage_labels.csv` where it is there (it can name what the four times cannot, such as noise
    before the start), else from `jump_drop_water_label.txt`.

    Raises:
        InputError: a file or folder is missing or malformed as a whole. What is wrong with a row is in its `Sample`.
    """
    video_dir = source_dir / VIDEO_DIR
    if not video_dir.is_dir():
        raise InputError("todo", f"{video_dir}: expected the folder of the videos NNN.avi. Received: no such folder.")
    overall = read_vector(source_dir / "diving_overall_scores.mat", "overall_scores")
    difficulty = read_vector(source_dir / "diving_difficulty_level.mat", "difficulty_level")
    if len(overall) != len(difficulty):
        raise InputError(
            "todo",
            f"{source_dir}: expected as many difficulties as overall scores. Received: {len(difficulty)} in "
            f"diving_difficulty_level.mat, {len(overall)} in diving_overall_scores.mat",
        )
    split = unlv.find_split_dir(source_dir, split_dir, split_patterns)
    stage_file, segments_of = _stage_labels(source_dir, len(overall))
    samples, notes = unlv.make_samples(
        get_sport("diving"), video_dir, split, overall, dict(enumerate(difficulty, start=1)), segments_of
    )
    settings = {"split_dir": split.name, "stage_labels": stage_file}
    notes = [f"Stage labels from {stage_file}.", *notes]
    rate = FRAME_RATE if stage_file == TIMES_FILE else None
    return Source("diving", samples, settings, tuple(notes), published=published, label_rate=rate)


def _stage_labels(source_dir, num_videos):
    """The file with the stage labels, and a function from a video's number to its segments."""
    stages = unlv.read_numbered_stages(source_dir)
    if stages is not None:
        unlv.check_numbers(source_dir / unlv.STAGE_CSV, stages, num_videos)
        return unlv.STAGE_CSV, stages.__getitem__
    if not (source_dir / TIMES_FILE).is_file():
        raise InputError(
            "todo", f"{source_dir}: expected stage labels, {unlv.STAGE_CSV} or {TIMES_FILE}. Received: neither."
        )
    times = read_diving_times(source_dir / TIMES_FILE)
    if len(times) != num_videos:
        raise InputError(
            "todo",
            f"{source_dir / TIMES_FILE}: expected {counted(num_videos, 'row')}, one a video. Received: {len(times)}",
        )
    return TIMES_FILE, lambda number: diving_segments(times[number], f"{TIMES_FILE}, row {number}")
