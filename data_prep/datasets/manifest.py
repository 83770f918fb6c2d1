"""Your own videos: a folder with videos in any format, or with image folders, and a table that labels them.

`manifest.csv` (docs/data.md has all columns): video (path in the folder), split, and any of difficulty, execution,
final. Stages are labelled in one of these ways, or not at all: in columns with the first
frame of each stage and `end`, or beside the table or the videos in `stage_labels.csv`, or in corrections that people
saved from a page of a report (see `table_stages`).

Several performances in one file have start_frame and end_frame, or start_time and end_time (see `performances`); all
frames count from the file's start. Their ids are those of the column id, else video#1, video#2, …

With a column `features` (path of a file, or `path#name` for one of several arrays, see `data.features`) the table is
one with features and no videos. Stages and num_frames still count the video's frames.
"""

import dataclasses
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from data_prep.datasets.performances import FRAMES, TIMES, number_performances, read_stretch, stretch_columns
from data_prep.datasets.readers.layout import unlisted_note
from data_prep.datasets.readers.text import Row, Table, has_decimal_comma, read_table
from data_prep.datasets.sample import Fields, Sample, Source, sport_option
from data_prep.datasets.scores import complete_scores
from data_prep.datasets.stage_labels import STAGE_CSV, odd_segments, unlabelled_note
from data_prep.datasets.table_stages import (
    boundary_columns,
    read_boundaries,
    stage_files,
    with_corrections,
    with_stage_table,
)
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.sports import SCORES, Sport, SportForm, kept_form
from scoringnet_tf.support.messages import InputError, Remark

TABLE = "manifest.csv"
COLUMNS = ("video", "split", "id", "group", "num_frames", *FRAMES, *TIMES)  # in any sport, beside its scores and stages
OF_FEATURES = ("features", "fps")
WITH_DECIMALS = (*SCORES, *TIMES, "fps")


@dataclasses.dataclass(frozen=True)
class OwnTable:
    """A table, and what its columns tell."""

    path: Path  # of the file
    rows: list[Row]
    columns: frozenset[str]  # those that mean something
    unused: tuple[str, ...]  # the others
    decimal_comma: bool  # numbers are written 3,2
    stretch: tuple[str, str] | None  # the columns that say where performances lie in their files
    has_boundaries: bool  # columns hold the stages
    has_groups: bool  # a row names a group
    notes: tuple[Remark, ...]  # what was taken from the content

    @property
    def has_features(self) -> bool:
        """Whether the table has features and no videos."""
        return "features" in self.columns

    def is_stretch(self, row: Row) -> bool:
        """Whether a row names a part of its file."""
        return any(row[name] for name in self.stretch or ())

    def fields(self, row: Row) -> Fields:
        """Returns a row's values, to check one by one."""
        return Fields(f"{self.path.name}, row {row.number}", row, self.decimal_comma)


def read(
    source_dir: Path,
    sport: SportForm | None = None,
    manifest_csv: str | Path | None = None,
    feature_stride: int | None = None,
    delimiter: str | None = None,
    decimal_comma: bool | None = None,
    encoding: str | None = None,
) -> Source:
    """Reads a table with videos, or their features; None is found by itself.

    `feature_stride` is frames from one step of features to the next; for the last three see `readers.text`.

    Raises:
        InputError: `sport` or `encoding` is unknown, or `feature_stride` comes with videos; the table is missing,
            malformed or ambiguous as a whole, or holds neither a score nor a stage.
    """
    rules = sport_option(sport)
    table = _read_table(Path(manifest_csv or source_dir / TABLE), rules, delimiter, decimal_comma, encoding)
    if feature_stride is not None and not table.has_features:
        raise InputError("flag_unused", f"--feature_stride: {table.path} has no column features.")
    samples = [_sample(source_dir, table, row, rules) for row in table.rows]
    samples = number_performances(samples, [table.is_stretch(row) and not row.get("id") for row in table.rows])
    samples, stages, notes = _with_stages(table, source_dir, samples, rules)
    _check_groups(table.path, samples)
    _expect_labels(table, samples, rules, is_labelled=stages != "none")
    notes = [
        Remark("stage_labels", f"Stage labels: {stages}."),
        *table.notes,
        *notes,
        *odd_segments({sample.video_id: sample.segments for sample in samples}),
        *unlisted_note(source_dir, [sample.path for sample in samples], table.has_features),
    ]
    return Source(
        kept_form(rules),
        tuple(samples),
        {"manifest": table.path.name, "stage_labels": stages},
        tuple(notes),
        has_features=table.has_features,
        feature_stride=feature_stride,
    )


# === The table ===


def _read_table(
    path: Path, sport: Sport, delimiter: str | None, decimal_comma: bool | None, encoding: str | None
) -> OwnTable:
    table = read_table(path, delimiter, encoding)
    columns = _columns(path, table, sport)
    unused = tuple(name for name in table.header if name not in columns)
    cells = (row[name] for row in table.rows for name in columns & {*WITH_DECIMALS} if ":" not in row[name])
    has_commas = has_decimal_comma(path, cells) if decimal_comma is None else decimal_comma
    notes = [*table.notes]
    if has_commas and decimal_comma is None:
        notes.append(Remark("decimal_comma", "Numbers are taken to have a decimal comma (--decimal_comma)."))
    if unused:
        notes.append(Remark("unused_columns", f"Unused columns: {', '.join(unused)}."))
    has_boundaries = bool(columns & {*boundary_columns(sport)})
    has_groups = any(row.get("group") for row in table.rows)
    stretch = stretch_columns(path, columns)
    return OwnTable(path, table.rows, columns, unused, has_commas, stretch, has_boundaries, has_groups, tuple(notes))


def _columns(path: Path, table: Table, sport: Sport) -> frozenset[str]:
    """Returns the columns that mean something; InputError if they cannot be, or others are called nearly alike."""
    stages, scores = boundary_columns(sport), sport.scores
    if taken := {*sport.stages[1:]} & {*COLUMNS, *OF_FEATURES, *SCORES, *stages[-1:]}:
        raise InputError("name_taken", f"--sport: {', '.join(taken)} of {sport.name} has the name of a column.")
    known = {*COLUMNS, *scores, *stages, *(OF_FEATURES if "features" in table.header else ())}
    columns = frozenset(known & {*table.header})
    plain = {_plain(name): name for name in known}
    if odd := [name for name in table.header if name not in columns and _plain(name) in plain]:
        raise InputError("unknown_name", f"{path}: the column {odd[0]} is not called {plain[_plain(odd[0])]}.")
    if not {"video", "features"} & columns:
        what = f"{path}: no column video in {', '.join(table.header)}. Every row needs a file, its video or features."
        raise InputError("missing_column", what, "If rows are numbers alone, save each in a .npy file (docs/data.md).")
    if timed := sorted({*FRAMES, *TIMES} & columns if "features" in columns else ()):
        raise InputError("wrong_columns", f"{path}: files of features are whole, without {', '.join(timed)}.")
    if 0 < len(columns & {*stages}) < len(stages):
        named = ", ".join(sorted(columns & {*stages}))
        raise InputError("columns_of_stages", f"{path}: of the columns {', '.join(stages)} there is {named} alone.")
    if not table.rows:
        raise InputError("no_rows", f"{path} has no rows.")
    return columns


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.casefold())


# === Its rows ===


def _sample(source_dir: Path, table: OwnTable, row: Row, sport: Sport) -> Sample:
    fields = table.fields(row)
    if table.has_features:
        files = _features(source_dir, fields, row)
    else:
        files = {"video_id": row.get("id") or row["video"], "path": source_dir / row["video"]}
    is_stretch = table.is_stretch(row)
    stretch = read_stretch(fields, row, table.stretch, files["path"]) if table.stretch and is_stretch else None
    segments = read_boundaries(fields, sport, stretch) if table.has_boundaries else None
    scores = {name: fields.number(name, required=False) for name in SCORES if name in table.columns}
    num_frames = fields.integer("num_frames", required=False)
    if num_frames is not None and num_frames < 1:
        fields.report("out_of_range", f"num_frames {num_frames} is not above 0.")
    return Sample(
        **files,
        split=row.get("split", ""),
        where=fields.where,
        segments=segments,
        group=row["group"] or None if table.has_groups else row["video"] if is_stretch else None,
        frames=stretch,
        num_frames=num_frames,
        problems=tuple(fields.problems),
        **complete_scores(sport, **scores),
    )


def _features(source_dir: Path, fields: Fields, row: Row) -> dict[str, Any]:
    name = row.get("id") or row.get("video", row["features"])
    if not (row["features"] and name):
        fields.report("missing_value", "the file of features, or its name in the column video, is missing.")
    file = FeatureFile.parse(row["features"])
    fps = fields.number("fps", required=False)
    if fps is not None and not 0 < fps < math.inf:
        fields.report("out_of_range", f"fps {fps:g} is not above 0.")
    return {"video_id": name, "path": source_dir / file.path, "array": file.array, "fps": fps}


def _with_stages(
    table: OwnTable, source_dir: Path, samples: list[Sample], sport: Sport
) -> tuple[list[Sample], str, list[Remark]]:
    """Returns the samples with their stages, where these are from, and notes."""
    paths = stage_files(list(dict.fromkeys((table.path.parent, source_dir))), (each.path.parent for each in samples))
    if table.has_boundaries:
        if paths:
            raise InputError("labelled_twice", f"{table.path}: stages are in its columns and in {paths[0]}.")
        return samples, f"columns of {table.path.name}", []
    if not paths:
        return samples, "none", []
    notes: list[Remark] = []
    if paths[0].is_file():
        samples = with_stage_table(samples, paths[0], sport)
    else:
        samples, notes = with_corrections(samples, paths, sport)
    labelled = {sample.video_id: sample.segments for sample in samples if not sample.problems}
    return samples, STAGE_CSV if paths[0].is_file() else "corrections", [*notes, *unlabelled_note(labelled)]


def _check_groups(path: Path, samples: Iterable[Sample]) -> None:
    """InputError if groups differ in case, spaces or Unicode form alone: one athlete would be trained and tested on."""
    spellings: dict[str, str] = {}
    for group in (sample.group for sample in samples if sample.group):
        folded = " ".join(unicodedata.normalize("NFKC", group).casefold().split())
        if spellings.setdefault(folded, group) != group:
            raise InputError("two_spellings", f"{path}: {spellings[folded]!r} and {group!r} are one group.")


def _expect_labels(table: OwnTable, samples: Sequence[Sample], sport: Sport, is_labelled: bool) -> None:
    if any(getattr(sample, name) is not None for sample in samples for name in ("segments", *SCORES)):
        return
    if (is_labelled or table.columns & {*sport.scores}) and any(sample.problems for sample in samples):
        return  # those say more
    unused = f" Unused columns: {', '.join(table.unused)}." if table.unused else ""
    what = f"{table.path}: no row has a score, {', '.join(sport.scores)}, nor a stage.{unused}"
    raise InputError("no_scores", what, "Give the columns these names (docs/data.md).")
