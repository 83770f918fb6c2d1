"""Videos of one's own: a folder of videos in any format, or of folders of images, and a table that says what they are.

`manifest.csv`: video (path in the folder), split (train, validation or test), and what is known of difficulty,
execution, final, penalty (an empty cell is unknown). Stages are labelled in one of two ways, or not at all:

- boundaries: a column for every stage of the sport in order, with its first frame, counted from 0, and a column `end`
  with the first frame after the last stage; a stage ends where the next begins, and all else is noise;
- `stage_labels.csv` beside the table: video_id (as in the column video), stage, start_frame, end_frame (exclusive;
  empty: to the end of the video).

A column num_frames says how many frames a video has, which is then checked.

A column `features` (path of a file in the folder, `path#name` for an array of several, see `data.features`) makes it a
table of features in place of videos: the column video, which may be left out, then is no path but their name, and fps
is the frame rate of the video. Stages and num_frames count frames of the video all the same.
"""

import math
from pathlib import Path, PurePosixPath

from data_prep.datasets.errors import OptionError
from data_prep.datasets.fields import Fields
from data_prep.datasets.readers.text import read_csv
from data_prep.datasets.sample import NONMONOTONE, Problem, Sample, Source
from data_prep.datasets.scores import complete_scores, odd_executions
from data_prep.datasets.stage_labels import Segment, StageError, StageOrderError, check_segments, read_stage_csv
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.sports import NOISE, SCORES, SPORTS, get_sport
from scoringnet_tf.support.errors import InputError

TABLE, STAGE_CSV = "manifest.csv", "stage_labels.csv"
SPLITS = ("train", "validation", "test")
END = "end"


def read(
    source_dir: Path,
    sport: str | None = None,
    manifest_csv: str | Path | None = None,
    feature_stride: int | None = None,
) -> Source:
    """Reads the table `manifest_csv` (default: the one in `source_dir`) of videos of `sport`, or of their features.

    Raises:
        OptionError: no or an unknown sport, or a `feature_stride` for a table of videos.
        InputError: no table, a column that is missing, a row of another length, or both ways of labelling stages. What
            is wrong with a row is in its `Sample`.
    """
    if sport is None or sport not in SPORTS:
        raise OptionError(f"--sport: expected a sport, one of {', '.join(sorted(SPORTS))}. Received: {sport}")
    rules = get_sport(sport)
    path = Path(manifest_csv) if manifest_csv else source_dir / TABLE
    has_features = _has_features(path)
    rows = read_csv(path, ("features" if has_features else "video", "split"))
    has_boundaries = _has_boundaries(path, rows, rules)
    if feature_stride is not None and not has_features:
        raise OptionError(f"Expected no --feature_stride: {path} has no column features. Received: {feature_stride}.")
    for row in rows:
        row.setdefault("video", row.get("features", ""))
    labels = _read_labels(path, rows, has_boundaries)
    samples = []
    for row in rows:
        fields = Fields(f"{path.name}, row {row.number}", row)
        segments = _boundaries(fields, row, rules) if has_boundaries else _labelled(fields, row, labels, rules)
        files = _features(source_dir, fields, row) if has_features else _video(source_dir, row)
        samples.append(_sample(files, fields, row, segments, rules))
    stage_source = f"columns of {path.name}" if has_boundaries else "none" if labels is None else STAGE_CSV
    notes = (f"Stage labels: {stage_source}.", *_unused_columns(rows[0], rules), *odd_executions(rules, samples))
    return Source(
        sport,
        tuple(samples),
        {"manifest": path.name, "stage_labels": stage_source},
        notes,
        has_features=has_features,
        feature_stride=feature_stride,
    )


def _has_features(path):
    """Whether the table is one of features in place of videos."""
    return path.is_file() and any("features" in row for row in read_csv(path, ())[:1])


def _has_boundaries(path, rows, sport):
    """Whether the table has a column for every stage; InputError where it has some of them only, or no rows."""
    if not rows:
        raise InputError(f"{path}: expected a row for every video. Received: none.")
    boundaries = (*sport.stages[1:], END)
    found = [column for column in boundaries if column in rows[0]]
    if found and len(found) < len(boundaries):
        raise InputError(
            f"{path}: expected a column for every boundary, {','.join(boundaries)}. Received: {','.join(found)}"
        )
    return bool(found)


def _unused_columns(row, sport):
    """A note on columns that mean nothing here, such as the athlete's name or a misspelt score."""
    used = ["video", "split", "num_frames", "penalty", *SCORES, *sport.stages[1:], END]
    used += ["features", "fps"] if "features" in row else []
    unused = [column for column in row if column not in used]
    return [f"Columns that are not used: {', '.join(unused)}."] if unused else []


def _read_labels(path, rows, has_boundaries):
    """`stage_labels.csv` by video, None where there is none."""
    stage_path = path.parent / STAGE_CSV
    if not stage_path.is_file():
        return None
    if has_boundaries:
        raise InputError(f"{path}: expected stages in its columns or in {stage_path}. Received: both.")
    labels = read_stage_csv(stage_path)
    unknown = sorted(labels.keys() - {row["video"] for row in rows})
    if unknown:
        raise InputError(f"{stage_path}: expected video_id as in the column video of {path}. Received: {unknown}")
    return labels


def _boundaries(fields, row, sport):
    """Segments of the columns of a row; None where all are empty."""
    names = (*sport.stages[1:], END)
    if not any(row[name] for name in names):
        return None
    starts = [fields.integer(name) for name in names]
    if None in starts:
        return None
    if starts != sorted(starts) or starts[0] < 0:
        what = f"expected 0 ≤ {' ≤ '.join(names)}. Received: {','.join(map(str, starts))}"
        fields.problems.append(Problem(fields.where, what, NONMONOTONE))
        return None
    spans = zip(names, starts, starts[1:], strict=False)
    stages = [Segment(stage, start, end, fields.where) for stage, start, end in spans]
    return (
        Segment(NOISE, 0, starts[0], fields.where),
        *stages,
        Segment(NOISE, starts[-1], None, fields.where),
    )


def _labelled(fields, row, labels, sport):
    """Checked segments of `stage_labels.csv`; None where there is no such file."""
    if labels is None:
        return None
    if row["video"] not in labels:
        fields.expect(f"expected stages in {STAGE_CSV}. Received: none for this video")
        return None
    segments = tuple(labels[row["video"]])
    try:
        check_segments(segments, sport)
    except StageError as error:
        kind = {"kind": NONMONOTONE} if isinstance(error, StageOrderError) else {}
        fields.problems.append(Problem(fields.where, str(error), **kind))
        return None
    return segments


def _video(source_dir, row):
    """The fields of a `Sample` that say which video a row is of."""
    video = PurePosixPath(row["video"].replace("\\", "/"))
    return {"video_id": str(video), "path": source_dir / video}


def _features(source_dir, fields, row):
    """The fields of a `Sample` that say which features a row is of."""
    if not (row["features"] and row["video"]):
        fields.expect("expected a file of features, and a name in the column video if there is one. Received: none")
    file = FeatureFile.parse(row["features"].replace("\\", "/"))
    fps = fields.number("fps", required=False)
    if fps is not None and not 0 < fps < math.inf:
        fields.expect(f"expected frames per second above 0 as fps. Received: {fps:g}")
    return {"video_id": row["video"], "path": source_dir / file.path, "array": file.array, "fps": fps}


def _sample(files, fields, row, segments, sport):
    scores = {name: fields.number(name, required=False) for name in (*SCORES, "penalty")}
    num_frames = fields.integer("num_frames", required=False)
    if num_frames is not None and num_frames < 1:
        fields.expect(f"expected at least 1 as num_frames. Received: {num_frames}")
    if row["split"] not in SPLITS:
        fields.expect(f"expected a split, one of {', '.join(SPLITS)}. Received: {row['split']!r}")
    return Sample(
        **files,
        split=row["split"],
        where=fields.where,
        segments=segments,
        num_frames=num_frames,
        problems=tuple(fields.problems),
        **complete_scores(sport, **scores),
    )
