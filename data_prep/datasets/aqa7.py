"""AQA-7: six actions, 103 frames a sample, a final score each (Parmar and Morris, WACV 2019).

`Split_4/split_4_{train,test}_list.mat` hold rows [action, sample, score]; some copies hold the score ×100. Frames are
`ACTION-out/NNN/img_%05d.jpg`, videos `ACTION/NNN.avi`.
"""

import collections
import dataclasses
import math
from pathlib import Path

from data_prep.datasets.readers.layout import find_dir, find_file, index_videos
from data_prep.datasets.readers.matlab import read_table, whole_numbers
from data_prep.datasets.sample import ALL, Fields, Published, Sample, Source
from scoringnet_tf.support.messages import InputError, Remark, shown


@dataclasses.dataclass(frozen=True)
class Action:
    """One of the actions, as published (Table 1)."""

    number: int  # in the lists
    sport: str
    num_samples: int  # in both splits, numbered from 1
    scores: tuple[float, float]  # lowest and highest, points

    def has_score(self, score: float) -> bool:
        """Whether a score lies in the published range."""
        low, high = self.scores
        return low - TOLERANCE <= score <= high + TOLERANCE


ACTIONS = {  # name of the folders: action
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
SOURCE = "Parmar and Morris 2019"
SCALES = (1, 100)  # no score of an action lies in its range by both
ListRow = tuple[int, int, float]  # row of the list from 1, sample, score
TOLERANCE = 0.005  # points: scores have two decimals


def read(source_dir: Path, action: str | None = None) -> Source:
    """Reads the official layout for one action, for a folder holds records for one sport.

    Each list has its own scale: the one by which most scores lie in the published range.
    """
    if action not in ACTIONS:
        code = "unknown_name" if action else "missing_flag"
        raise InputError(code, f"--action={action or ''} is not an action of AQA-7: {', '.join(ACTIONS)}.")
    video_dir = find_dir(source_dir, (f"{action}-out", action), "frames NNN/img_%05d.jpg or videos NNN.avi")
    videos = index_videos(video_dir)
    settings, samples, notes = {"action": action, "video_dir": video_dir.name}, [], []
    for split in SPLITS:
        file, scale, rows = _read_list(source_dir, split, action)
        samples += [_sample(video_dir, videos, action, split, file, scale, row) for row in rows]
        settings[f"score_scale_{split}"] = str(scale)
        if scale != 1:
            notes.append(Remark("score_scale", f"{file} stores the scores ×{scale}."))
    notes = [
        Remark("no_stage_labels", "The dataset has no stage labels, and only final scores."),
        *notes,
        *_odd_scores(action, samples),
    ]
    published = Published({ALL: ACTIONS[action].num_samples}, SOURCE)
    return Source(ACTIONS[action].sport, tuple(samples), settings, tuple(notes), published=published)


def _read_list(source_dir: Path, split: str, action: str) -> tuple[str, int, list[ListRow]]:
    """Returns the file, its scale, and its rows (row from 1, sample, score) of the action."""
    variable, entry = f"consolidated_{split}_list", ACTIONS[action]
    path = find_file(source_dir, [name.format(split) for name in LISTS])
    table = read_table(path, variable, num_columns=3)
    actions, samples = (whole_numbers(path, table[:, column]).tolist() for column in (0, 1))
    odd = [f"{number} in row {row}" for row, number in enumerate(actions, start=1) if number not in range(1, 7)]
    if odd:
        message = f"{path}: the first of the columns (action, sample, score) is not an action, 1 to 6: {shown(odd)}."
        raise InputError("out_of_range", message)
    triples = zip(range(1, len(table) + 1), samples, table[:, 2].tolist(), strict=True)
    rows = [row for row, number in zip(triples, actions, strict=True) if number == entry.number]
    if not rows:
        raise InputError("no_rows", f"{path}: no row has the action {entry.number} ({action}).")
    return path.name, _scale(path, action, [score for *_, score in rows]), rows


def _scale(path: Path, action: str, scores: list[float]) -> int:
    scales = [scale for score in scores for scale in SCALES if ACTIONS[action].has_score(score / scale)]
    known = [score for score in scores if math.isfinite(score) and score != 0]  # a failed one is 0 by any scale
    if known and not scales:
        low, high = ACTIONS[action].scores
        what = f"{path}: scores from {min(known):g} to {max(known):g} are not those of {action}"
        raise InputError("wrong_scale", f"{what}, {low:g} to {high:g} points, nor a hundred times that.")
    numbers = collections.Counter(scales)
    return max(SCALES, key=lambda scale: (numbers[scale], -scale))


def _sample(
    video_dir: Path, videos: dict[int, Path], action: str, split: str, file: str, scale: int, row: ListRow
) -> Sample:
    number, sample, score = row
    entry, video_id = ACTIONS[action], f"{sample:03d}"
    fields = Fields(f"{file}, row {number}", {})
    other = next((each for each in SCALES if each != scale and entry.has_score(score / each)), None)
    if other is not None:
        fields.report("wrong_scale", f"the score {score:g} is stored ×{other}, but most of the list ×{scale}.")
    if not 1 <= sample <= entry.num_samples:
        fields.report("out_of_range", f"{sample} is not a sample of {action}, 1 to {entry.num_samples}.")
    return Sample(
        video_id,
        videos.get(sample, video_dir / video_id),
        split,
        fields.where,
        final=score / scale if other is None else None,
        num_frames=NUM_FRAMES,
        problems=tuple(fields.problems),
    )


def _odd_scores(action: str, samples: list[Sample]) -> list[Remark]:
    entry = ACTIONS[action]
    scores = {sample.video_id: sample.final for sample in samples if sample.final is not None}
    odd = [f"{name} ({x:g})" for name, x in scores.items() if not (math.isnan(x) or entry.has_score(x))]
    what = f"The published scores of {action} are {entry.scores[0]:g} to {entry.scores[1]:g}; others: {shown(odd)}."
    return [Remark("unpublished_scores", what)] if odd else []
