"""AQA-7: six actions of 103 frames each with a final score, and nothing else (Parmar and Morris, WACV 2019).

`Split_4/split_4_{train,test}_list.mat` hold rows [action, sample, score]; some copies hold the score ×100. Frames are
`ACTION-out/NNN/img_%05d.jpg`, videos `ACTION/NNN.avi`.
"""

from pathlib import Path

import numpy as np

from data_prep.datasets.errors import OptionError
from data_prep.datasets.readers.layout import find_dir, find_file, find_video
from data_prep.datasets.readers.matlab import read_table, whole_numbers
from data_prep.datasets.sample import Sample, Source
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError

ACTIONS = {  # name of the folders: (number in the lists, sport)
    "diving": (1, "diving"),
    "gym_vault": (2, "vault"),
    "ski_big_air": (3, "ski_big_air"),
    "snowboard_big_air": (4, "snowboard_big_air"),
    "sync_diving_3m": (5, "sync_diving"),
    "sync_diving_10m": (6, "sync_diving"),
}
NUM_FRAMES = 103
SPLITS = ("train", "test")


def read(source_dir: Path, action: str | None = None) -> Source:
    """Reads the official layout for one action: a folder of records is of one sport.

    Raises:
        OptionError: no or an unknown action.
        InputError: a file or folder is missing or malformed as a whole.
    """
    if action not in ACTIONS:
        raise OptionError(f"--action: expected an action of AQA-7, one of {', '.join(ACTIONS)}. Received: {action}")
    number, sport = ACTIONS[action]
    video_dir = find_dir(source_dir, (f"{action}-out", action), "the frames NNN/img_%05d.jpg or videos NNN.avi,")
    rows = [(split, *row) for split in SPLITS for row in _read_list(source_dir, split) if row[1] == number]
    if not rows:
        raise InputError(f"{source_dir}: expected rows of action {number} ({action}) in the lists. Received: none.")
    scale = _scale(get_sport(sport), action, np.array([row[-1] for row in rows]))
    samples = tuple(
        Sample(
            f"{sample:03d}",
            find_video(video_dir, f"{sample:03d}"),
            split,
            f"split_4_{split}_list.mat, row {row}",
            final=float(score / scale),
            num_frames=NUM_FRAMES,
        )
        for split, row, _, sample, score in rows
    )
    notes = ["There are no stage labels, and of the scores only the final one."]
    notes += [f"The scores are stored ×{scale}."] if scale != 1 else []
    settings = {"action": action, "video_dir": video_dir.name, "score_scale": str(scale)}
    return Source(sport, samples, settings, tuple(notes))


def _read_list(source_dir, split):
    """Rows (row from 1, action, sample, score) of a list."""
    path = find_file(source_dir, (f"Split_4/split_4_{split}_list.mat", f"split_4_{split}_list.mat"))
    table = read_table(path, f"consolidated_{split}_list", num_columns=3)
    actions, samples = (whole_numbers(path, table[:, column]).tolist() for column in (0, 1))
    return list(zip(range(1, len(table) + 1), actions, samples, table[:, 2], strict=True))


def _scale(sport, action, scores):
    """1, or 100 where all of the scores fit the sport only after division by 100."""
    low, high = sport.final_range
    if np.all(scores <= high) or not np.all((scores / 100 >= low) & (scores / 100 <= high)):
        return 1
    return 100
