"""A user's own table, by the meaning of its columns: what `manifest` reads."""

import dataclasses
import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from data_prep.datasets.performances import EITHER, FRAMES, TIMES, stretch_columns
from data_prep.datasets.readers.text import Row, Table, has_decimal_comma, read_table
from data_prep.datasets.sample import Fields
from data_prep.datasets.scores import MARKS
from data_prep.datasets.table_stages import boundary_columns
from data_prep.support.options import OptionError
from scoringnet_tf.data.corrections import END
from scoringnet_tf.sports import PREDICTED_SCORES, SCORES, Sport
from scoringnet_tf.support.messages import InputError, Remark

UNUSED = "unused"  # meaning of a column that has another's name by chance
MARK = re.compile(r"(?:marks?|judge|j)_?([1-9]\d?)")  # mark_1, Judge 1, J1
OF_EVERY_ROW = (
    *("video", "split", "id", "group", "num_frames", *SCORES, "penalty", MARKS),
    *(*FRAMES, *TIMES, *EITHER, UNUSED),
)
OF_FEATURES = ("features", "fps")
WITH_DECIMALS = (*SCORES, "penalty", MARKS, *TIMES, *EITHER, "fps")
GIVES_A_SCORE = (*SCORES, MARKS, "mark_1")
OF_PARTS = (*PREDICTED_SCORES, "penalty", MARKS, "mark_1")  # no meaning in a sport with a final score alone


@dataclasses.dataclass(frozen=True)
class OwnTable:
    """A table by the meaning of its columns."""

    path: Path  # of the file
    columns: dict[str, str]  # {meaning: name of the column}
    unused: tuple[str, ...]  # names of columns without a meaning
    rows: list[Row]  # {meaning: text}
    decimal_comma: bool  # numbers are written 3,2
    stretch: tuple[str, str] | None  # the columns that say where performances lie in their files
    notes: tuple[Remark, ...]  # what was taken from the content
    numeric_unused: tuple[str, ...]  # the unused columns that hold numbers

    @property
    def has_features(self) -> bool:
        """Whether the table has features and no videos."""
        return "features" in self.columns

    @property
    def has_boundaries(self) -> bool:
        """Whether columns hold the stages."""
        return END in self.columns and self.stretch != EITHER

    @functools.cached_property  # every row asks
    def has_groups(self) -> bool:
        """Whether any row names a group."""
        return any(row.get("group") for row in self.rows)

    def fields(self, row: Row) -> Fields:
        """Returns a row's values, to check one by one."""
        return Fields(f"{self.path.name}, row {row.number}", row, self.decimal_comma)


def meaningful(columns: Sequence[str], sport: Sport) -> tuple[str, ...]:
    """Returns the columns with a meaning in the sport."""
    return tuple(name for name in columns if sport.fusion or name not in OF_PARTS)


def read_own_table(
    path: Path,
    sport: Sport,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    decimal_comma: bool | None = None,
    encoding: str | None = None,
) -> OwnTable:
    """Reads a table for `sport`; arguments and errors are as in `manifest.read`."""
    table = read_table(path, delimiter, encoding)
    stages = boundary_columns(sport)
    meanings = {_plain(name): name for name in (*meaningful(OF_EVERY_ROW, sport), *OF_FEATURES)}
    if taken := [stage for stage in sport.stages[1:] if _meaning(stage, {**meanings, END: END})]:
        raise OptionError("name_taken", f"--sport: {', '.join(taken)} of {sport.name} has the name of a column.")
    names = _column_names(path, table.header, meanings | {_plain(name): name for name in stages}, columns or ())
    if "features" not in names:
        names.pop("fps", None)  # a video states its own
    if sport.marks is None:
        names = {meaning: name for meaning, name in names.items() if meaning != MARKS and not MARK.fullmatch(meaning)}
    _check_columns(path, table, names)
    _check_boundaries(path, names, stages)
    rows = [Row(row.number, {meaning: row[name] for meaning, name in names.items()}) for row in table.rows]
    unused = tuple(name for name in table.header if name not in names.values())
    has_commas = has_decimal_comma(path, _numbers(rows)) if decimal_comma is None else decimal_comma
    notes = [*table.notes]
    if has_commas and decimal_comma is None:
        notes.append(Remark("decimal_comma", "Numbers are taken to have a decimal comma (--decimal_comma)."))
    if unused:
        notes.append(Remark("unused_columns", f"Unused columns: {', '.join(unused)}."))
    stretch = stretch_columns(path, rows, bool(set(stages[:-1]) & names.keys()))
    numeric = tuple(name for name in unused if any(re.search(r"\d", row[name]) for row in table.rows))
    return OwnTable(path, names, unused, rows, has_commas, stretch, tuple(notes), numeric)


def _column_names(path: Path, header: Sequence[str], meanings: dict[str, str], pairs: Sequence[str]) -> dict[str, str]:
    """Returns {meaning: column}. What the user says by `pairs`, meaning=column, wins over the names of columns."""
    own = _own_meanings(path, header, meanings, pairs)
    taken = {UNUSED, *(meaning for of_column in own.values() for meaning in of_column)}
    columns: dict[str, list[str]] = {}
    for column in header:
        by_name = _meaning(column, meanings)
        for meaning in own.get(column) or ([] if by_name is None or by_name in taken else [by_name]):
            if meaning != UNUSED:
                columns.setdefault(meaning, []).append(column)
    for meaning, names in columns.items():
        if len(names) > 1:
            raise InputError("duplicate", f"{path}: several columns of {meaning}: {', '.join(names)}.")
    return {meaning: names[0] for meaning, names in columns.items()}


def _own_meanings(
    path: Path, header: Sequence[str], meanings: dict[str, str], pairs: Sequence[str]
) -> dict[str, list[str]]:
    own: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, column = (part.strip() for part in pair.partition("="))
        meaning = _meaning(name, meanings)
        if not column or meaning is None:
            known = ", ".join([*sorted(meanings.values()), "mark_1, mark_2, …"])
            raise OptionError("unknown_name", f"--columns: {pair} is not MEANING=COLUMN with a meaning of {known}.")
        if column not in header:
            what = f"--columns: {path} has no column {column}, but {', '.join(header)}."
            raise OptionError("missing_column", what)
        if meaning not in own.setdefault(column, []):
            own[column].append(meaning)
    return own


def _meaning(column: str, meanings: dict[str, str]) -> str | None:
    """Returns what a name means, in any case and with spaces or underscores; None if it means nothing."""
    plain = _plain(column)
    mark = MARK.fullmatch(plain)
    return meanings.get(plain) or (f"mark_{mark[1]}" if mark else None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", "_", name.strip().casefold())


def _check_columns(path: Path, table: Table, names: dict[str, str]) -> None:
    if not table.rows:
        raise InputError("no_rows", f"{path} has no rows.")
    if not {"video", "features"} & names.keys():
        what = f"{path}: no column video in {', '.join(table.header)}. Every row needs a file, its video or features."
        hint = "Name it by --columns=video=COLUMN. If rows are numbers alone, save each in a .npy file (docs/data.md)."
        raise InputError("missing_column", what, hint)
    if timed := sorted({*FRAMES, *TIMES, "start"} & names.keys() if "features" in names else ()):
        raise InputError("wrong_columns", f"{path}: files of features are whole, without {', '.join(timed)}.")
    marks = sorted(name for name in names if MARK.fullmatch(name) and name != MARKS)
    if marks and MARKS in names:
        raise InputError("duplicate", f"{path}: marks are in one column or in several, not in {MARKS}, {marks}.")


def _check_boundaries(path: Path, names: dict[str, str], stages: tuple[str, ...]) -> None:
    """Raises an InputError if some columns have the names of stages, but not all boundaries are there."""
    columns = {stage: names[stage] for stage in stages if stage in names}
    if not columns.keys() <= {END} and len(columns) < len(stages):
        what = f"{path}: the columns {','.join(columns.values())} are some of {','.join(stages)}, but not all."
        hint = f"Say which columns these are (--columns={stages[0]}=COLUMN), or none (--columns={UNUSED}=COLUMN)."
        raise InputError("columns_of_stages", what, hint)


def _numbers(rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        for meaning, text in row.items():
            if meaning in WITH_DECIMALS or MARK.fullmatch(meaning):
                words = (word.removesuffix(",") for word in re.split(r"[\s;/|]+", text))
                yield from (word for word in words if ":" not in word)  # not timecodes
