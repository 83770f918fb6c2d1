"""Videos of one's own: a folder of videos in any format, or of folders of images, and a table that says what they are.

`manifest.csv`: video (path in the folder), split (train, validation or test; or a file of splits, see `split_file`),
and what is known of difficulty, execution, final, penalty (an empty cell is unknown). The marks of judges are in one
cell, marks, or in columns mark_1, mark_2, …; they give the execution by the rule of the sport. Stages are labelled in
one of two ways, or not at all:

- boundaries: a column for every stage of the sport in order, with its first frame, counted from 0, and a column `end`
  with the first frame after the last stage; a stage ends where the next begins, and all else is noise; where a boundary
  is unknown, the frames between those beside it are unlabelled;
- `stage_labels.csv` beside the table or the videos: video_id (the record's id, or as in the column video), stage,
  start_frame, end_frame (exclusive; empty: to the end of the video); a video that it leaves out is unlabelled.

Several performances in one file have start_frame and end_frame, or start_time and end_time (see `performances`); all
frames are those of the file. They are called as the column id says, else video#1, video#2, …

A column num_frames says how many frames a video or performance has, which is then checked. A column group names what
several share, e.g. an athlete. The names of columns are taken in any case, and `columns` says what others mean.

A column `features` (path of a file in the folder, `path#name` for an array of several, see `data.features`) makes it a
table of features in place of videos: the column video, which may be left out, then is no path but their name, and fps
is the frame rate of the video. Stages and num_frames count frames of the video all the same.
"""

import collections
import dataclasses
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from data_prep.datasets.boundaries import boundary_columns, read_boundaries
from data_prep.datasets.judges_marks import judged_scores, panels_note, read_marks
from data_prep.datasets.options import sport_option
from data_prep.datasets.own_table import GIVES_A_SCORE, meaningful, read_own_table
from data_prep.datasets.performances import number_performances, read_stretch
from data_prep.datasets.readers.layout import unlisted_features_note, unlisted_note
from data_prep.datasets.sample import NONMONOTONE, Problem, Sample, Source
from data_prep.datasets.scores import complete_scores, exchanged_scores, odd_executions, odd_scales
from data_prep.datasets.stage_labels import (
    Segment,
    StageError,
    StageOrderError,
    read_stage_csv,
    segment_errors,
    short_performances,
    touches,
    unlabelled_note,
    within,
)
from data_prep.support.errors import OptionError
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.sports import NOISE, SCORES, SportForm, kept_form
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import shown

TABLE, STAGE_CSV = "manifest.csv", "stage_labels.csv"


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
    """Reads the table `manifest_csv` (default: the one in `source_dir`) of videos of `sport`, or of their features.

    Args:
        source_dir: folder of the videos.
        sport: as of `options.sport_option`.
        manifest_csv: the table.
        feature_stride: frames from one step of features to the next; None for what lies beside them.
        columns: `meaning=column`, for columns of other names.
        delimiter: between cells; None for the one that the header has most of.
        decimal_comma: numbers are written 3,2; None for what is found.
        encoding: of the table; None for UTF-8.

    Raises:
        OptionError: no or an unknown sport, a `feature_stride` for a table of videos, `columns` that are not there.
        InputError: no table, a column that is missing or there twice, a row of another length, both ways of labelling
            stages, or no score in any row. What is wrong with a row is in its `Sample`.
    """
    rules = sport_option(sport)
    table = read_own_table(Path(manifest_csv or source_dir / TABLE), rules, columns, delimiter, decimal_comma, encoding)
    if feature_stride is not None and not table.has_features:
        raise OptionError(
            "todo", f"Expected no --feature_stride: {table.path} has no column features. Received: {feature_stride}."
        )
    samples = [_sample(source_dir, table, number, row, rules) for number, row in table.rows]
    rows = [row for _, row in table.rows]
    samples, respelt = _one_spelling(samples)
    samples = number_performances(samples, [bool(row.get("id")) for row in rows])
    label_path = _stage_csv(table, source_dir)
    cut: list[str] = []
    if label_path:
        samples, cut = _labelled(samples, table, label_path, rules)
    stage_source = f"columns of {table.path.name}" if table.has_boundaries else STAGE_CSV if label_path else "none"
    of_stages = [table.columns[name] for name in boundary_columns(rules) if table.has_boundaries]
    named = f" ({', '.join(of_stages)})" if of_stages else ""
    _expect_scores(
        table, samples, meaningful(GIVES_A_SCORE, rules), is_labelled=table.has_boundaries or label_path is not None
    )
    marks = {f"row {number}": len(read_marks(table.fields(number, row), row)) for number, row in table.rows}
    oddities = [
        *panels_note(marks),
        *odd_executions(rules, samples),
        *odd_scales(rules, samples),
        *exchanged_scores(rules, samples),
        *short_performances({sample.video_id: sample.segments for sample in samples}),
        *(unlisted_features_note if table.has_features else unlisted_note)(source_dir, [s.path for s in samples]),
    ]
    return Source(
        kept_form(rules),
        tuple(samples),
        {"manifest": table.path.name, "stage_labels": stage_source},
        (f"Stage labels: {stage_source}{named}.", *table.notes, *_ungrouped_note(table), *respelt, *cut, *oddities),
        has_features=table.has_features,
        feature_stride=feature_stride,
    )


def _sample(source_dir, table, number, row, sport):
    """One row; stages of `stage_labels.csv` come later, by the ids of all."""
    fields = table.fields(number, row)
    files = _features(source_dir, fields, row) if table.has_features else _video(source_dir, row)
    is_stretch = any(row[name] for name in table.stretch or ())
    stretch = read_stretch(fields, row, table.stretch, files["path"]) if is_stretch else None
    segments = read_boundaries(fields, sport, stretch) if table.has_boundaries else None
    scores = {name: fields.number(name, required=False) for name in (*SCORES, "penalty")}
    scores = judged_scores(fields, sport, read_marks(fields, row), scores)
    num_frames = fields.integer("num_frames", required=False)
    if num_frames is not None and num_frames < 1:
        fields.expect(f"expected at least 1 as num_frames. Received: {num_frames}")
    return Sample(
        **files,
        split=row.get("split", ""),
        where=fields.where,
        segments=segments,
        group=row["group"] or None if table.has_groups else _file_name(row["video"]) if is_stretch else None,
        frames=stretch,
        is_stretch=is_stretch,
        num_frames=num_frames,
        problems=tuple(fields.problems),
        **complete_scores(sport, **scores),
    )


def _file_name(path):
    r"""The name of a file in the folder, the same however its path is written: day1\a.mp4 and ./day1/a.mp4."""
    return str(PurePosixPath(path.replace("\\", "/")))


def _ungrouped_note(table):
    """A note on rows without a group where others have one: whom they show may be in another split as well."""
    rows = [f"row {number}" for number, row in table.rows if not row["group"]] if table.has_groups else []
    return [f"No group, which others have, in {shown(rows)}."] if rows else []


def _one_spelling(samples):
    """The samples with one name for groups that differ in case, spaces or Unicode form alone, and a note on those."""
    spellings: dict[str, list[str]] = {}
    for group in (sample.group for sample in samples if sample.group):
        known = spellings.setdefault(_folded(group), [])
        known += [] if group in known else [group]
    several = [" = ".join(known) for known in spellings.values() if len(known) > 1]
    note = [f"Groups of one name but for case, spaces or accents' form are one: {shown(several)}."] if several else []
    return [
        dataclasses.replace(sample, group=spellings[_folded(sample.group)][0]) if sample.group else sample
        for sample in samples
    ], note


def _folded(group):
    return " ".join(unicodedata.normalize("NFKC", group).casefold().split())


def _video(source_dir, row):
    """The fields of a `Sample` that say which video a row is of."""
    video = _file_name(row["video"])
    return {"video_id": row.get("id") or video, "path": source_dir / video}


def _features(source_dir, fields, row):
    """The fields of a `Sample` that say which features a row is of."""
    name = row.get("id") or row.get("video", row["features"])
    if not (row["features"] and name):
        fields.expect("expected a file of features, and a name in the column video if there is one. Received: none")
    file = FeatureFile.parse(row["features"].replace("\\", "/"))
    fps = fields.number("fps", required=False)
    if fps is not None and not 0 < fps < math.inf:
        fields.expect(f"expected frames per second above 0 as fps. Received: {fps:g}")
    return {"video_id": name, "path": source_dir / file.path, "array": file.array, "fps": fps}


# === Stages beside the table ===


def _stage_csv(table, source_dir):
    """`stage_labels.csv` beside the table, else beside the videos; None where there is none."""
    folders = (table.path.parent, source_dir)
    paths = [folder / STAGE_CSV for folder in folders if (folder / STAGE_CSV).is_file()]
    if paths and table.has_boundaries:
        raise InputError("todo", f"{table.path}: expected stages in its columns or in {paths[0]}. Received: both.")
    if len({path.read_bytes() for path in paths}) > 1:
        raise InputError(
            "todo", f"{paths[0]}: expected it beside the table or beside the videos. Received: another {paths[1]}."
        )
    return paths[0] if paths else None


def _labelled(samples, table, path, sport):
    """The samples with their segments of `stage_labels.csv`, or what is wrong with those; and notes on all of it."""
    files = [  # the column video of features is no path
        row.get("video", sample.video_id) if table.has_features else _file_name(row["video"])
        for sample, (_, row) in zip(samples, table.rows, strict=True)
    ]
    names = {*files, *(sample.video_id for sample in samples)}
    labels: dict[str, list[Segment]] = {}
    for name, segments in read_stage_csv(path).items():
        labels.setdefault(name if name in names else _file_name(name), []).extend(segments)
    unknown = sorted(labels.keys() - names)
    if unknown:
        raise InputError(
            "todo", f"{path}: expected video_id as in the column video of {table.path}. Received: {unknown}"
        )
    named = [bool(row.get("id")) for _, row in table.rows]
    # An id that the table gives, or a number, is that of one performance; the name of a file is that of all in it.
    of_all = [
        not (sample.video_id in labels and (given or sample.video_id != file))
        for sample, file, given in zip(samples, files, named, strict=True)
    ]
    stretches: dict[str, list[tuple[int, int]]] = collections.defaultdict(list)
    for sample, file in zip(samples, files, strict=True):
        stretches[file] += [sample.frames] if sample.frames else []
    cut = [
        f"{sample.video_id} ({segment.stage}, {segment.where})"
        for sample, file, shared in zip(samples, files, of_all, strict=True)
        for segment in labels.get(file, ())
        if shared and sample.frames and segment.stage != NOISE and _is_cut(segment, sample.frames)
    ]
    whole = {file for sample, file in zip(samples, files, strict=True) if not sample.frames}
    outside = [
        f"{file} ({segment.stage}, {segment.where})"
        for file, of_file in stretches.items()
        for segment in labels.get(file, ())
        if file not in whole and segment.stage != NOISE and not any(touches(segment, each) for each in of_file)
    ]
    notes = [f"Stages that reach beyond the frames of their performance are cut there: {shown(cut)}."] if cut else []
    notes += [f"Stages that are in the frames of no performance of the table: {shown(outside)}."] if outside else []
    labelled = [
        _with_labels(sample, labels.get(sample.video_id, labels.get(file)), stretches[file] if shared else None, sport)
        for sample, file, shared in zip(samples, files, of_all, strict=True)
    ]
    notes += unlabelled_note({sample.video_id: sample.segments for sample in labelled if not sample.problems})
    return [
        _with_problem(sample, _said_twice(sample, file, labels)) for sample, file in zip(labelled, files, strict=True)
    ], notes


def _said_twice(sample, file, labels):
    """A problem where a performance has stages by its id, and others by its file, of which one would be ignored."""
    name = sample.video_id if sample.video_id != file else None  # called as its file, it has no others
    own = [segment for segment in labels.get(name, ()) if segment.stage != NOISE]
    of_file = [
        segment
        for segment in (labels.get(file, ()) if own else ())  # those of a broadcast are many
        if segment.stage != NOISE and (sample.frames is None or touches(segment, sample.frames))
    ]
    if not of_file or [segment[:3] for segment in own] == [segment[:3] for segment in of_file]:
        return None
    received = f"those of {sample.video_id} ({own[0].where}) and others of {file} ({of_file[0].where})"
    return Problem(sample.where, f"expected its stages in {STAGE_CSV} once. Received: {received}")


def _is_cut(segment, stretch):
    end = math.inf if segment.end is None else segment.end
    return any(segment.start < edge < end for edge in stretch)


def _with_labels(sample, segments, stretches, sport):
    """A sample with its segments, or with its own part of those of its file, which has performances at `stretches`."""
    try:
        for error in segment_errors(segments or (), sport):
            if not stretches or _concerns(error.segment, sample.frames, stretches):
                raise error
        own = within(segments or (), sample.frames, cut=stretches is not None)
        return dataclasses.replace(sample, segments=own or None)
    except StageOrderError as error:
        return _with_problem(sample, Problem(sample.where, str(error), NONMONOTONE, code=error.code))
    except StageError as error:
        return _with_problem(sample, Problem(sample.where, str(error), code=error.code))


def _concerns(segment, stretch, stretches):
    """Whether a wrong segment of a file touches a performance; what touches none of all is the first one's to name."""
    if stretch and touches(segment, stretch):
        return True
    return not any(touches(segment, each) for each in stretches) and stretch in (None, min(stretches))


def _with_problem(sample, problem):
    return dataclasses.replace(sample, problems=(*sample.problems, problem)) if problem else sample


def _expect_scores(table, samples, columns, is_labelled):
    """InputError where no score is known, and there are no stages or a column that may be a score is not used."""
    if any((sample.difficulty, sample.execution, sample.final) != (None, None, None) for sample in samples):
        return
    may_be_known = is_labelled or any(name in table.columns for name in columns)
    if may_be_known and any(sample.problems for sample in samples):
        return  # those say more
    if table.numeric_unused or all(sample.segments is None for sample in samples):
        unused = f", and the columns {', '.join(table.unused)} are not used" if table.unused else ""
        raise InputError(
            "todo",
            f"{table.path}: expected a score in one row at least: {', '.join(columns)} (--columns=final=COLUMN "
            f"says which column it is). Received: none{unused}",
        )
