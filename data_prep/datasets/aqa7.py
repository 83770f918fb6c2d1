"""AQA-7: six actions of 103 frames each with a final score, and nothing else (Parmar and Morris, WACV 2019).

`Split_4/split_4_{train,test}_list.mat` (in some copies called `consolidated_{train,test}_list.mat`, as their variables)
hold rows [action, sample, score]; some copies hold the score ×100. Frames are `ACTION-out/NNN/img_%05d.jpg`, videos
`ACTION/NNN.avi`.
"""

import collections
import dataclasses
import math
from pathlib import Path

from data_prep.datasets.fields import Fields
from data_prep.datasets.published import ALL, Published, count_note
from data_prep.datasets.readers.layout import find_dir, find_file_by_content, index_videos
from data_prep.datasets.readers.matlab import read_table, whole_numbers
from data_prep.datasets.sample import Sample, Source
from data_prep.support.errors import OptionError
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import shown


@dataclasses.dataclass(frozen=True)
class Action:
    """One of the actions, as published (Table 1).

    Attributes:
        number: in the lists.
        sport: key in `sports.SPORTS`.
        num_samples: of both splits; they are numbered from 1.
        scores: the lowest and the highest, points.
    """

    number: int
    sport: str
    num_samples: int
    scores: tuple[float, float]


ACTIONS = {  # by name of the folders
    "diving": Action(1, "diving", 370, (21.6, 102.6)),
    "gym_vault": Action(2, "vault", 176, (12.3, 16.87)),
    "ski_big_air": Action(3, "ski_big_air", 175, (8.0, 50.0)),
    "snowboard_big_air": Action(4, "snowboard_big_air", 206, (8.0, 50.0)),
    "sync_diving_3m": Action(5, "sync_diving", 88, (46.2, 104.88)),
    "sync_diving_10m": Action(6, "sync_diving", 91, (49.8, 99.36)),
}
NUM_FRAMES = 103
SPLITS = ("train", "test")
LISTS = ("Split_4/split_4_{}_list.mat", "split_4_{}_list.mat")
LABEL_DIRS = ("Split_4", "")
SOURCE = "Parmar and Morris 2019"
ALL_ACTIONS = Published({"train": 803, "test": 303}, f"{SOURCE}, all six actions")
SCALES = (1, 100)
TOLERANCE = 0.005  # points: scores have two decimals


def read(source_dir: Path, action: str | None = None) -> Source:
    """Reads the official layout for one action: a folder of records is of one sport.

    Each list says by itself how it stores scores, the one of `SCALES` by which most of its scores of the action are of
    the published range; no score is of it by both.

    Raises:
        OptionError: no or an unknown action.
        InputError: a file or folder is missing or malformed as a whole, a list has rows of no action, or none of this,
            or the videos count from 0.
    """
    if action not in ACTIONS:
        raise OptionError(
            "todo", f"--action: expected an action of AQA-7, one of {', '.join(ACTIONS)}. Received: {action}"
        )
    places = (f"{action}-out", f"{action}/frames", action)
    video_dir = find_dir(source_dir, places, "the frames NNN/img_%05d.jpg or videos NNN.avi,")
    lists = [_read_list(source_dir, split, action) for split in SPLITS]
    videos = index_videos(video_dir)
    samples = tuple(_sample(video_dir, videos, action, scores, row) for scores in lists for row in scores.rows)
    notes = [
        "There are no stage labels, and of the scores only the final one.",
        count_note((scores.split for scores in lists for _ in range(scores.num_rows)), ALL_ACTIONS),
        *(f"{scores.file} stores the scores ×{scores.scale}." for scores in lists if scores.scale != 1),
        *_odd_scores(action, samples),
    ]
    settings = {"action": action, "video_dir": video_dir.name}
    settings |= {f"score_scale_{scores.split}": str(scores.scale) for scores in lists}
    published = Published({ALL: ACTIONS[action].num_samples}, SOURCE)
    return Source(ACTIONS[action].sport, samples, settings, tuple(notes), published=published)


@dataclasses.dataclass(frozen=True)
class _List:
    """The list of a split: `rows` (row from 1, sample, score as stored) of one action, `num_rows` of all of them."""

    file: str
    split: str
    rows: list[tuple[int, int, float]]
    num_rows: int
    scale: int


def _read_list(source_dir, split, action):
    variable = f"consolidated_{split}_list"
    names = [name.format(split) for name in LISTS]
    path = find_file_by_content(source_dir, names, LABEL_DIRS, ".mat", lambda path: len(_table(path, variable)) > 0)
    table = _table(path, variable)
    actions, samples = (whole_numbers(path, table[:, column]).tolist() for column in (0, 1))
    known = [entry.number for entry in ACTIONS.values()]
    odd = [f"{number} in row {row}" for row, number in enumerate(actions, start=1) if number not in known]
    if odd:
        what = "expected the number of an action, 1 to 6, in the first column (action, sample, score)"
        raise InputError("todo", f"{path}: {what}. Received: {shown(odd)}")
    number = ACTIONS[action].number
    triples = zip(range(1, len(table) + 1), samples, table[:, 2].tolist(), strict=True)
    rows = [row for row, of_action in zip(triples, actions, strict=True) if of_action == number]
    if not rows:
        raise InputError("todo", f"{path}: expected rows of action {number} ({action}). Received: none.")
    scores = [score for *_, score in rows]
    counted = [score for score in scores if math.isfinite(score) and score != 0]  # a failed one is 0 by any scale
    if counted and not any(_fits(ACTIONS[action], score / scale) for score in counted for scale in SCALES):
        low, high = ACTIONS[action].scores
        what = f"expected scores of {action}, {low:g} to {high:g} points, or a hundred times that"
        raise InputError("todo", f"{path}: {what}. Received: {min(counted):g} to {max(counted):g}.")
    return _List(path.name, split, rows, len(table), _scale(ACTIONS[action], scores))


def _table(path, variable):
    return read_table(path, variable, num_columns=3)


def _scale(action, scores):
    """By which of `SCALES` most of the scores are stored."""
    stored = collections.Counter(scale for score in scores for scale in SCALES if _fits(action, score / scale))
    return max(SCALES, key=lambda scale: (stored[scale], -scale))


def _fits(action, score):
    low, high = action.scores
    return low - TOLERANCE <= score <= high + TOLERANCE


def _sample(video_dir, videos, action, scores, row):
    number, sample, score = row
    entry, video_id = ACTIONS[action], f"{sample:03d}"
    fields = Fields(f"{scores.file}, row {number}", {})
    other = next((scale for scale in SCALES if scale != scores.scale and _fits(entry, score / scale)), None)
    if other is not None:
        fields.expect(f"expected a score ×{scores.scale}, like most of the list. Received: {score:g}, one ×{other}")
    if not 1 <= sample <= entry.num_samples:
        fields.expect(f"expected a sample of {action}, 1 to {entry.num_samples}. Received: {sample}")
    return Sample(
        video_id,
        videos.get(sample, video_dir / video_id),
        scores.split,
        fields.where,
        final=score / scores.scale if other is None else None,
        num_frames=NUM_FRAMES,
        problems=tuple(fields.problems),
    )


def _odd_scores(action, samples):
    """A note on scores that the sport allows, but no sample of the published dataset has."""
    low, high = ACTIONS[action].scores
    odd = [
        f"{sample.video_id} ({sample.final:g})"
        for sample in samples
        if sample.final is not None and not math.isnan(sample.final) and not _fits(ACTIONS[action], sample.final)
    ]
    return [f"The published scores of {action} are {low:g} to {high:g}; others: {shown(odd)}."] if odd else []
