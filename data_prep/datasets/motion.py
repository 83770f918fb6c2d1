"""Clips with classes, for pretraining: which motion a flight shows.

`videos/NNNNN.avi` and `motion_classes.csv`: video, sport, a column for every head, split. The simulator writes this
layout; your own clips are read alike.
"""

import unicodedata
from pathlib import Path

from data_prep.datasets.readers.layout import unlisted_note
from data_prep.datasets.readers.text import Row, read_csv
from data_prep.datasets.sample import Fields, Sample, Source, sport_option
from scoringnet_tf.sports import SPORTS, Sport, SportForm, kept_form
from scoringnet_tf.support.messages import InputError, Remark

NO_HEADS = ("video", "sport", "split")


def read(source_dir: Path, sport: SportForm | None = None) -> Source:
    """Reads the layout; `sport` is that of the column, if it is not shipped; or InputError.

    The classes of a head are its distinct values, in numeric or alphabetic order.
    """
    path = source_dir / "motion_classes.csv"
    rows = read_csv(path, ("video", "sport"))
    rules = _sport(path, rows, None if sport is None else sport_option(sport))
    heads = [column for column in rows[0] if column not in NO_HEADS]
    if not heads:
        raise InputError("missing_column", f"{path}: no column of classes beside {', '.join(NO_HEADS)}.")
    classes = {head: sorted({row[head] for row in rows} - {""}, key=_natural) for head in heads}
    for head, names in classes.items():
        last = {_folded(name): name for name in names}
        if different := [name for name in names if last[_folded(name)] != name]:
            one, other = different[0], last[_folded(different[0])]
            raise InputError("two_spellings", f"{path}: {one} and {other} are one class of {head}.")
    samples = [_sample(source_dir, f"{path.name}, row {row.number}", row, classes) for row in rows]
    notes = [Remark("classes", f"Classes of {head}: {', '.join(names)}.") for head, names in classes.items()]
    notes += unlisted_note(source_dir / "videos", [sample.path for sample in samples])
    return Source(kept_form(rules), tuple(samples), notes=tuple(notes), classes=classes)


def _sport(path: Path, rows: list[Row], own: Sport | None) -> Sport:
    sports = SPORTS if own is None else {own.name: own}
    if not rows:
        raise InputError("no_rows", f"{path} has no rows.")
    names = sorted({row["sport"] for row in rows})
    if len(names) > 1 or names[0] not in sports:
        raise InputError("unknown_name", f"{path}: {', '.join(names)} is not one sport of {', '.join(sorted(sports))}.")
    return sports[names[0]]


def _sample(source_dir: Path, where: str, row: Row, classes: dict[str, list[str]]) -> Sample:
    fields = Fields(where, row)
    if unknown := [head for head in classes if not row[head]]:
        fields.report("missing_value", f"the class of {', '.join(unknown)} is missing.")
    labels = {head: names.index(row[head]) for head, names in classes.items() if row[head]}
    video_id = row["video"].removesuffix(".avi")
    path = source_dir / "videos" / f"{video_id}.avi"
    return Sample(video_id, path, row.get("split", ""), where, classes=labels, problems=tuple(fields.problems))


def _folded(value: str) -> float | str:
    """Returns what spellings of one class share: a number's value; a word in any case and Unicode form."""
    try:
        return float(value)
    except ValueError:
        return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _natural(value: str) -> tuple[int, int, str]:
    return (0, int(value), "") if value.isdecimal() else (1, 0, value)
