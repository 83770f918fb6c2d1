"""Your own videos: a folder with videos in any format, or with image folders, and a table that labels them.

`manifest.csv` (docs/data.md has all columns): video (path in the folder), split, and any of difficulty, execution,
final, penalty, and judges' marks. Stages are labelled in one of these ways, or not at all: in columns with the first
frame of each stage and `end`, or beside the table or the videos in `stage_labels.csv`, or in corrections that people
saved from a page of a report (see `table_stages`).

Several performances in one file have start_frame and end_frame, or start_time and end_time (see `performances`); all
frames count from the file's start. Their ids are those of the column id, else video#1, video#2, …

With a column `features` (path of a file, or `path#name` for one of several arrays, see `data.features`) the table is
one with features and no videos. Stages and num_frames still count the video's frames.
"""

import dataclasses
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from data_prep.datasets.own_table import GIVES_A_SCORE, OwnTable, meaningful, read_own_table
from data_prep.datasets.performances import number_performances, read_stretch
from data_prep.datasets.readers.layout import unlisted_note
from data_prep.datasets.readers.text import Row
from data_prep.datasets.sample import Fields, Sample, Source
from data_prep.datasets.scores import complete_scores, judged_scores, odd_executions, odd_scales, read_marks
from data_prep.datasets.stage_labels import odd_segments
from data_prep.datasets.table_stages import STAGE_CSV, boundary_columns, label_samples, read_boundaries, stage_files
from data_prep.support.options import OptionError, sport_option
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.sports import SCORES, Sport, SportForm, kept_form
from scoringnet_tf.support.messages import InputError, Remark, shown

TABLE = "manifest.csv"


def read(
    source_dir: Path,
    sport: SportForm | None = None,
    manifest_csv: str | Path | None = None,
    feature_stride: int | None = None,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    decimal_comma: bool | None = None,
    encoding: str | None = None,
) -> Source:
    """Reads a table with videos, or their features; None is found by itself.

    `columns` are `meaning=column`, `feature_stride` is frames from one step of features to the next; for the last three
    see `readers.text`.

    Raises:
        OptionError: `sport`, `columns`, `delimiter` or `encoding` is unknown, or `feature_stride` comes with videos.
        InputError: the table is missing, malformed or ambiguous as a whole, or holds no score.
    """
    rules = sport_option(sport)
    table = read_own_table(Path(manifest_csv or source_dir / TABLE), rules, columns, delimiter, decimal_comma, encoding)
    if feature_stride is not None and not table.has_features:
        raise OptionError("flag_unused", f"--feature_stride: {table.path} has no column features.")
    # 1. The rows, each by itself
    samples, spellings = _one_spelling([_sample(source_dir, table, row, rules) for row in table.rows])
    are_named = [bool(row.get("id")) for row in table.rows]
    samples = number_performances(samples, are_named)
    # 2. Their stages
    stages, label_paths = "none", _stages_beside(table, source_dir, samples)
    label_notes: list[Remark] = []
    if table.has_boundaries:
        stages = f"columns of {table.path.name}"
        names = ", ".join(table.columns[name] for name in boundary_columns(rules))
    elif label_paths:
        stages = "corrections" if label_paths[0].is_dir() else STAGE_CSV
        files = [
            row.get("video", sample.video_id) if table.has_features else _plain_path(row["video"])
            for sample, row in zip(samples, table.rows, strict=True)
        ]
        samples, label_notes = label_samples(samples, files, are_named, label_paths, rules, _plain_path)
    _expect_scores(table, samples, meaningful(GIVES_A_SCORE, rules), is_labelled=stages != "none")
    # 3. What a user should know
    stage_note = f"Stage labels: {stages} ({names})." if table.has_boundaries else f"Stage labels: {stages}."
    notes = (
        Remark("stage_labels", stage_note),
        *table.notes,
        *spellings,
        *label_notes,
        *odd_executions(rules, samples),
        *odd_scales(rules, samples),
        *odd_segments({sample.video_id: sample.segments for sample in samples}),
        *unlisted_note(source_dir, [sample.path for sample in samples], table.has_features),
    )
    settings = {"manifest": table.path.name, "stage_labels": stages}
    return Source(
        kept_form(rules),
        tuple(samples),
        settings,
        notes,
        has_features=table.has_features,
        feature_stride=feature_stride,
    )


def _sample(source_dir: Path, table: OwnTable, row: Row, sport: Sport) -> Sample:
    fields = table.fields(row)
    if table.has_features:
        files = _features(source_dir, fields, row)
    else:
        video = _plain_path(row["video"])
        files = {"video_id": row.get("id") or video, "path": source_dir / video}
    is_stretch = any(row[name] for name in table.stretch or ())
    stretch = read_stretch(fields, row, table.stretch, files["path"]) if table.stretch and is_stretch else None
    segments = read_boundaries(fields, sport, stretch) if table.has_boundaries else None
    scores = {name: fields.number(name, required=False) for name in (*SCORES, "penalty")}
    scores = judged_scores(fields, sport, read_marks(fields, row), scores)
    num_frames = fields.integer("num_frames", required=False)
    if num_frames is not None and num_frames < 1:
        fields.report("out_of_range", f"num_frames {num_frames} is not above 0.")
    return Sample(
        **files,
        split=row.get("split", ""),
        where=fields.where,
        segments=segments,
        group=row["group"] or None if table.has_groups else _plain_path(row["video"]) if is_stretch else None,
        frames=stretch,
        is_stretch=is_stretch,
        num_frames=num_frames,
        problems=tuple(fields.problems),
        **complete_scores(sport, **scores),
    )


def _plain_path(path: str) -> str:
    r"""Returns a file's name in the folder, the same for day1\a.mp4 and ./day1/a.mp4."""
    return str(PurePosixPath(path.replace("\\", "/")))


def _features(source_dir: Path, fields: Fields, row: Row) -> dict[str, Any]:
    name = row.get("id") or row.get("video", row["features"])
    if not (row["features"] and name):
        fields.report("missing_value", "the file of features, or its name in the column video, is missing.")
    file = FeatureFile.parse(row["features"].replace("\\", "/"))
    fps = fields.number("fps", required=False)
    if fps is not None and not 0 < fps < math.inf:
        fields.report("out_of_range", f"fps {fps:g} is not above 0.")
    return {"video_id": name, "path": source_dir / file.path, "array": file.array, "fps": fps}


def _one_spelling(samples: list[Sample]) -> tuple[list[Sample], list[Remark]]:
    """Gives groups that differ in case, spaces or Unicode form alone one name, and notes them."""
    spellings: dict[str, list[str]] = {}
    for group in (sample.group for sample in samples if sample.group):
        known = spellings.setdefault(_folded(group), [])
        known += [] if group in known else [group]
    several = [" = ".join(known) for known in spellings.values() if len(known) > 1]
    note = [Remark("group_spellings", f"Groups taken for one: {shown(several)}.")] if several else []
    return [
        dataclasses.replace(sample, group=spellings[_folded(sample.group)][0]) if sample.group else sample
        for sample in samples
    ], note


def _folded(group: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", group).casefold().split())


def _stages_beside(table: OwnTable, source_dir: Path, samples: list[Sample]) -> list[Path]:
    """The `stage_files` beside the table, else beside the videos."""
    paths = stage_files(list(dict.fromkeys((table.path.parent, source_dir))), (each.path.parent for each in samples))
    if paths and table.has_boundaries:
        raise InputError("labelled_twice", f"{table.path}: stages are in its columns and in {paths[0]}.")
    return paths


def _expect_scores(table: OwnTable, samples: list[Sample], columns: tuple[str, ...], is_labelled: bool) -> None:
    if any((sample.difficulty, sample.execution, sample.final) != (None, None, None) for sample in samples):
        return
    may_be_known = is_labelled or any(name in table.columns for name in columns)
    if may_be_known and any(sample.problems for sample in samples):
        return  # those say more
    if table.numeric_unused or all(sample.segments is None for sample in samples):
        unused = f" Unused columns: {', '.join(table.unused)}." if table.unused else ""
        what = f"{table.path}: no row has a score, {', '.join(columns)}.{unused}"
        raise InputError("no_scores", what, "Name its column by --columns=final=COLUMN.")
