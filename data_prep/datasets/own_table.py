"""A user's own table with its columns understood: what `manifest` reads."""

import dataclasses
import functools
import re
from collections.abc import Sequence
from pathlib import Path

from data_prep.datasets.boundaries import END, boundary_columns
from data_prep.datasets.columns import UNUSED, column_meanings, column_names, meaning_of
from data_prep.datasets.fields import Fields
from data_prep.datasets.judges_marks import MARKS
from data_prep.datasets.performances import EITHER, FRAMES, TIMES, stretch_columns
from data_prep.datasets.readers.table import has_decimal_comma, read_table
from data_prep.support.errors import OptionError
from scoringnet_tf.sports import PREDICTED_SCORES, SCORES, Sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.reading import real_number

OF_EVERY_ROW = (
    *("video", "split", "id", "group", "num_frames", *SCORES, "penalty", MARKS),
    *(*FRAMES, *TIMES, *EITHER, UNUSED),
)
OF_FEATURES = ("features", "fps")
WITH_DECIMALS = (*SCORES, "penalty", MARKS, *TIMES, *EITHER, "fps")
GIVES_A_SCORE = (*SCORES, MARKS, "mark_1")
OF_PARTS = (*PREDICTED_SCORES, "penalty", MARKS, "mark_1")  # have no meaning in a sport with a final score alone


@dataclasses.dataclass(frozen=True)
class OwnTable:
    """A table by the meaning of its columns.

    Attributes:
        path: of the file.
        columns: {meaning: name of the column}.
        unused: names of the columns that mean nothing here.
        rows: (number of its line, {meaning: text}) of every row.
        decimal_comma: numbers are written 3,2.
        stretch: the two columns that say where performances lie in their files; None where there are none.
        notes: what was found from the content, one sentence each.
        numeric_unused: those of the unused columns that hold numbers.
    """

    path: Path
    columns: dict[str, str]
    unused: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]
    decimal_comma: bool
    stretch: tuple[str, str] | None
    notes: tuple[str, ...]
    numeric_unused: tuple[str, ...]

    @property
    def has_features(self) -> bool:
        """Whether the table is one of features in place of videos."""
        return "features" in self.columns

    @property
    def has_boundaries(self) -> bool:
        """Whether stages are in its columns."""
        return END in self.columns and self.stretch != EITHER

    @functools.cached_property  # asked for every row
    def has_groups(self) -> bool:
        """Whether a group is named in any row."""
        return any(row.get("group") for _, row in self.rows)

    def fields(self, number: int, row: dict[str, str]) -> Fields:
        """The values of a row, to be checked one by one."""
        return Fields(f"{self.path.name}, row {number}", row, self.decimal_comma)


def meaningful(columns: Sequence[str], sport: Sport) -> tuple[str, ...]:
    """Those of the columns that have a meaning in the sport."""
    return tuple(name for name in columns if sport.fusion or name not in OF_PARTS)


def read_own_table(
    path: Path,
    sport: Sport,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    decimal_comma: bool | None = None,
    encoding: str | None = None,
) -> OwnTable:
    """Reads a table of `sport`; the other arguments are those of `manifest.read`.

    Raises:
        OptionError, InputError: as `manifest.read`.
    """
    table = read_table(path, delimiter, encoding)
    stages = boundary_columns(sport)
    _check_stages(sport)
    of_every_row = meaningful(OF_EVERY_ROW, sport)
    names = column_names(path, table.header, (*of_every_row, *OF_FEATURES, *stages), columns)
    if "features" not in names:
        names.pop("fps", None)  # a video states its own
    if sport.marks is None:
        names = {
            meaning: name for meaning, name in names.items() if meaning != MARKS and not meaning.startswith("mark_")
        }
    _check_columns(path, table, names, stages)
    _check_boundaries(path, table, names, stages)
    rows = [(number, {meaning: row[name] for meaning, name in names.items()}) for number, row in table.rows]
    unused = tuple(name for name in table.header if name not in names.values())
    found = has_decimal_comma(path, _numbers(rows)) if decimal_comma is None else decimal_comma
    notes = [*table.notes]
    if found and decimal_comma is None:
        notes.append("Numbers are taken to have a decimal comma (--decimal_comma).")
    if unused:
        notes.append(f"Columns that are not used: {', '.join(unused)}.")
    stretch = stretch_columns(path, [row for _, row in rows], bool(set(stages[:-1]) & names.keys()))
    numeric = tuple(name for name in unused if any(re.search(r"\d", row[name]) for _, row in table.rows))
    return OwnTable(path, names, unused, rows, found, stretch, tuple(notes), numeric)


def _check_stages(sport):
    """OptionError where a sport of one's own calls a stage as the table calls something else."""
    meanings = column_meanings((*meaningful(OF_EVERY_ROW, sport), *OF_FEATURES, END))
    taken = [stage for stage in sport.stages[1:] if meaning_of(stage, meanings)]
    if taken:
        raise OptionError(
            "todo",
            f"--sport: expected no stages of {sport.name} with the name of a column. Received: {', '.join(taken)}",
        )


def _check_columns(path, table, names, stages):
    """InputError where the table has no rows or no videos, or columns that do not go together."""
    if not table.rows:
        raise InputError("todo", f"{path}: expected a row for every video. Received: none.")
    if not {"video", "features"} & names.keys():
        raise InputError(
            "todo", f"{path}: expected a column video (--columns=video=COLUMN). Received: {', '.join(table.header)}"
        )
    timed = sorted({*FRAMES, *TIMES, "start"} & names.keys()) if "features" in names else []
    if timed:
        raise InputError("todo", f"{path}: expected whole files of features. Received: {', '.join(timed)}")
    marks = sorted(name for name in names if name.startswith("mark_"))
    if marks and MARKS in names:
        raise InputError(
            "todo", f"{path}: expected marks in one column or in several. Received: {MARKS}, {', '.join(marks)}"
        )


def _check_boundaries(path, table, names, stages):
    """InputError where a column is called as a stage, and others of the stages lack or it holds no numbers."""
    found = {stage: names[stage] for stage in stages if stage in names}
    texts = [column for column in found.values() if _is_text([row[column] for _, row in table.rows if row[column]])]
    if found.keys() <= {END} or (len(found) == len(stages) and not texts):
        return
    columns = texts or list(found.values())
    raise InputError(
        "columns_of_stages",
        f"{path}: expected a column for every boundary, {','.join(stages)}, with numbers of frames. Received: "
        f"{','.join(columns)}{' without numbers' if texts else ''}. Say which columns the boundaries are "
        f"(--columns={stages[0]}=COLUMN), or that a column is none (--columns={UNUSED}={columns[0]}).",
    )


def _is_text(cells):
    """Whether a column has content, and no number."""
    return bool(cells) and not any(map(_is_number, cells))


def _is_number(text):
    try:
        real_number(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _numbers(rows):
    """The texts that are numbers, as far as they may have decimals."""
    for _, row in rows:
        for meaning, text in row.items():
            if meaning in WITH_DECIMALS or meaning.startswith("mark_"):
                words = (word.removesuffix(",") for word in re.split(r"[\s;/|]+", text))
                yield from (word for word in words if ":" not in word)  # timecodes say nothing of numbers
