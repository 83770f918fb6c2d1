"""Clips with classes, for pretraining: which motion a flight shows.

`videos/NNNNN.avi` and `motion_classes.csv`: video, sport, a column for every head, split. The simulator writes it;
clips of one's own in the same layout are read alike.
"""

import unicodedata
from pathlib import Path
from typing import Any

from data_prep.datasets.fields import Fields
from data_prep.datasets.options import sport_option
from data_prep.datasets.readers.layout import find_video, unlisted_note
from data_prep.datasets.readers.text import read_csv
from data_prep.datasets.sample import Sample, Source
from scoringnet_tf.sports import SPORTS, SportForm, kept_form
from scoringnet_tf.support.errors import InputError

NO_HEADS = ("video", "sport", "split")


def read(source_dir: Path, sport: SportForm | None = None) -> Source:
    """Reads the layout; the classes of a head are its distinct values, in numeric or alphabetic order.

    Args:
        source_dir: folder of the table.
        sport: that of the column, which needs it where it does not ship; as of `options.sport_option`.

    Raises:
        InputError: no table, no rows, no column of classes, two spellings of one, or an unknown sport. What is wrong
            with a row is in its `Sample`.
    """
    path = source_dir / "motion_classes.csv"
    rows = read_csv(path, ("video", "sport"))
    rules = _sport(path, rows, None if sport is None else sport_option(sport))
    heads = [column for column in rows[0] if column not in NO_HEADS]
    if not heads:
        raise InputError("todo", f"{path}: expected a column of classes beside {', '.join(NO_HEADS)}. Received: none.")
    classes = {head: sorted({row[head] for row in rows} - {""}, key=_natural) for head in heads}
    for head, names in classes.items():
        spellings: dict[Any, str] = {}
        for name in names:
            first = spellings.setdefault(_meaning(name), name)
            if first != name:
                what = f"expected one spelling of a class of {head}. Received: {first} and {name}"
                raise InputError("todo", f"{path}: {what}.")
    samples = [_sample(source_dir, f"{path.name}, row {row.number}", row, classes) for row in rows]
    notes = [f"Classes of {head}: {', '.join(names)}." for head, names in classes.items()]
    notes += unlisted_note(source_dir / "videos", (sample.path for sample in samples))
    return Source(kept_form(rules), tuple(samples), notes=tuple(notes), classes=classes)


def _sport(path, rows, given):
    """The sport of all rows, one that ships or the one that was given."""
    known = SPORTS if given is None else {given.name: given}
    found = sorted({row["sport"] for row in rows})
    if len(found) != 1 or found[0] not in known:
        raise InputError(
            "todo",
            f"{path}: expected one sport of {', '.join(sorted(known))}. Received: {', '.join(found) or 'no rows'}.",
        )
    return known[found[0]]


def _sample(source_dir, where, row, classes):
    fields = Fields(where, row)
    unknown = [head for head in classes if not row[head]]
    if unknown:
        fields.expect(f"expected a class of {', '.join(unknown)}. Received: none")
    labels = {head: names.index(row[head]) for head, names in classes.items() if row[head]}
    video_id = row["video"].removesuffix(".avi")
    path = find_video(source_dir / "videos", video_id)
    return Sample(video_id, path, row.get("split", ""), where, classes=labels, problems=tuple(fields.problems))


def _meaning(value):
    """What spellings of one class share: a number is one however it is written, a word in any case and form."""
    try:
        return float(value)
    except ValueError:
        return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _natural(value):
    """Numbers before words, each in its own order."""
    return (0, int(value), "") if value.isdecimal() else (1, 0, value)
