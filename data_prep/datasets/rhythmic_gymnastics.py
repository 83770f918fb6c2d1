"""Rhythmic Gymnastics, in the copy of ACTION-NET (Zeng et al., ACM MM 2020): routines with ball, clubs, hoop, ribbon.

`train.txt` and `test.txt` have a header and rows `Ball_001 10.50 8.30 18.80 0.00 92`: name, difficulty, execution,
total, penalty, length in seconds; total = difficulty + execution − penalty. The header mixes tabs and blanks.
"""

import math
import re
from pathlib import Path

from data_prep.datasets.readers.layout import find_file, find_video, unlisted_note
from data_prep.datasets.readers.text import read_text
from data_prep.datasets.sample import Fields, Published, Sample, Source
from data_prep.support.options import OptionError
from scoringnet_tf.support.messages import InputError, Remark

COLUMNS = ("name", "difficulty", "execution", "total", "penalty", "length")
LABEL_DIRS = ("", "data/", "annotations/")
VIDEO_DIRS = ("videos", "frames")  # else beside the lists
SPLITS = ("train", "test")
APPARATUS = ("Ball", "Clubs", "Hoop", "Ribbon")
PUBLISHED = {"train": 200, "test": 50}  # for each apparatus
NUMBER = re.compile(r"[+-]?\d[\d.,]*")


def read(source_dir: Path, action: str | None = None) -> Source:
    """Reads the lists; `action` (`Ball`, `Clubs`, `Hoop` or `Ribbon`) selects one apparatus."""
    video_dir = next((source_dir / name for name in VIDEO_DIRS if (source_dir / name).is_dir()), source_dir)
    samples = [
        _sample(video_dir, f"{split}.txt, row {row}", values, split)
        for split in SPLITS
        for row, values in _read_list(find_file(source_dir, [f"{folder}{split}.txt" for folder in LABEL_DIRS]))
    ]
    apparatus = sorted({_apparatus(sample.video_id) for sample in samples})
    if action is not None and action not in apparatus:
        raise OptionError("unknown_name", f"--action={action} is not an apparatus, {', '.join(apparatus)}.")
    chosen = tuple(sample for sample in samples if action in (None, _apparatus(sample.video_id)))
    videos = {split: number * (len(APPARATUS) if action is None else 1) for split, number in PUBLISHED.items()}
    notes = (
        Remark("no_stage_labels", "The dataset has no stage labels."),
        *unlisted_note(video_dir, [sample.path for sample in samples]),
    )
    published = Published(videos, "Zeng et al. 2020")
    return Source("rhythmic_gymnastics", chosen, {"action": action or "all"}, notes, published=published)


def _apparatus(name: str) -> str:
    return name.split("_")[0]


def _read_list(path: Path) -> list[tuple[int, dict[str, str]]]:
    lines = [(number, line) for number, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()]
    if lines and not any(NUMBER.fullmatch(value) for value in lines[0][1].split()):
        number, line = lines[0]
        header = line.lower().replace("final", "total")
        if (places := [header.find(column) for column in COLUMNS if column in header]) != sorted(places):
            raise InputError("wrong_columns", f"{path}, row {number}: {line!r} is not {' '.join(COLUMNS)}.")
        lines = lines[1:]
    rows, malformed = [], []
    for number, line in lines:
        values = line.split()
        if len(values) != len(COLUMNS):
            malformed.append(f"{path}, row {number}: {line!r} is not {' '.join(COLUMNS)}.")
        elif _apparatus(values[0]) not in APPARATUS:
            malformed.append(f"{path}, row {number}: {values[0]} has no apparatus, {', '.join(APPARATUS)}.")
        rows.append((number, dict(zip(COLUMNS, values, strict=False))))
    if malformed:
        raise InputError("malformed_rows", "\n".join(malformed))
    return rows


def _sample(video_dir: Path, where: str, values: dict[str, str], split: str) -> Sample:
    fields = Fields(where, values)
    length = fields.number("length")
    if length is not None and not 0 < length < math.inf:
        fields.report("out_of_range", f"length {length:g} is not above 0 seconds.")
        length = None
    return Sample(
        values["name"],
        find_video(video_dir, values["name"]),
        split,
        where,
        difficulty=fields.number("difficulty"),
        execution=fields.number("execution"),
        final=fields.number("total"),
        seconds=length,
        problems=tuple(fields.problems),
    )
