"""Checks of samples that hold for every dataset: scores, stages and videos, and ids and videos against each other."""

import collections
import itertools
import os
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.performances import overlap_problems
from data_prep.datasets.sample import (
    ERROR,
    INCONSISTENT,
    LOOKALIKE,
    NONMONOTONE,
    Problem,
    Sample,
    Source,
    kinds_of_row,
)
from data_prep.datasets.stage_labels import StageError, frame_stages, segment_errors
from data_prep.records.encoding import EncodedVideo
from data_prep.records.joints import source_joints
from data_prep.records.same_performance import BLOCK, SeenPerformances
from scoringnet_tf.data.features import feature_shape, middle_frames, origin_kind, turned
from scoringnet_tf.data.video import VideoError
from scoringnet_tf.sports import SCORES, Sport, get_sport
from scoringnet_tf.sports.true_scores import contradiction, out_of_range
from scoringnet_tf.support.messages import MAX_NAMES, counted, shown

LOST = frozenset({ERROR, NONMONOTONE})  # rows with problems of these kinds are never kept
SECONDS_TOLERANCE = 2.0  # lengths are published in whole seconds, and some containers round up


def known_problems(source: Source, source_dir: Path, lost: frozenset[str] = LOST) -> list[tuple[Sample, list[Problem]]]:
    """What is wrong that can be known before anything is decoded.

    Args:
        source: `datasets.sample.Source`.
        source_dir: folder that it was read from.
        lost: kinds of problems whose rows are left out and take nothing from others, which may be their corrected
            seconds.

    Returns:
        Each sample with problems, and those: of its row, of its stages where the labels say how long the video is, and
        of files, joints among them, that are not there.

    Raises:
        InputError: the index of the joints is not right.
    """
    sport = get_sport(source.sport) if source.sport else None
    joints = source_joints(source_dir, source)
    found = []
    for sample, problems in zip(source.samples, _problems_of_rows(source, source_dir, sport, lost), strict=True):
        if not problems and sample.segments and sport and sample.num_frames is not None:
            errors = segment_errors(sample.segments, sport, sample.num_frames)
            problems += [Problem(sample.where, str(error)) for error in errors]
        problems += _file_problems(sample, source.has_features)
        if joints:
            problems += joints.problems(sample, None)
        if problems:
            found.append((sample, problems))
    return found


def _problems_of_rows(source, source_dir, sport, lost):
    """The problems of each row, those among them that lie in other rows: ids and frames that they have, too.

    A row that is left out anyway has none of the latter, and is none of those others.
    """
    rows = [
        [*sample.problems, *path_problems(sample, source_dir), *(score_problems(sample, sport) if sport else [])]
        for sample in source.samples
    ]
    left = [(sample, row) for sample, row in zip(source.samples, rows, strict=True) if not kinds_of_row(row) & lost]
    samples = [sample for sample, _ in left]
    repeated_ids, overlaps = id_problems(samples), overlap_problems(samples)
    shapes = shape_problems(samples) if source.has_features else {}
    for index, (sample, row) in enumerate(left):
        beside_others = (repeated_ids.get(index), overlaps.get(sample.where), shapes.get(index))
        row += [problem for problem in beside_others if problem is not None]
    return rows


def _file_problems(sample, has_features):
    """A problem if there is nothing to read, or another number of images than there are labels."""
    try:
        if not has_features:
            files = sample.clip.files()
            if sample.path.is_dir() and sample.num_frames not in (None, len(files)):
                return [Problem(sample.where, _other_number(sample, sample.num_frames, len(files)))]
        elif not sample.path.is_file():
            return [
                Problem(
                    sample.where, "expected a file of features. Received: no such file.", file=str(sample.feature_file)
                )
            ]
    except (VideoError, OSError) as error:
        return [_of_file(sample, str(error))]
    return []


def _of_file(sample, message):
    """What is wrong with the video or features of a sample; a message that begins with the file's name."""
    names = map(str, (sample.clip, sample.feature_file))
    file = next((name for name in names if message.startswith(f"{name}: ")), "")
    return Problem(sample.where, message.removeprefix(f"{file}: "), file=file)


def listed(problems: Sequence[Problem], source_dir: Path) -> list[str]:
    """A line for each problem; what more than `MAX_NAMES` rows have alike is one line, with names of the first.

    Args:
        problems: of a dataset's rows.
        source_dir: folder of the dataset, to which the names of files are relative.
    """
    alike = collections.defaultdict(list)
    for problem in problems:
        alike[problem.what].append(problem)
    lines = []
    for problem in problems:
        rows = alike[problem.what]
        if len(rows) <= MAX_NAMES:
            lines.append(str(problem))
        elif problem is rows[0]:
            names = {os.path.relpath(row.file, source_dir) if row.file else row.where for row in rows}
            lines.append(f"{counted(len(rows), 'row', ',')}, {shown(names)}: {problem.what}")
    return lines


def checked_samples(
    source: Source, source_dir: Path, encoded: Iterable[EncodedVideo], lost: frozenset[str] = LOST
) -> Iterator[tuple[Sample, EncodedVideo, np.ndarray | None, list[Problem]]]:
    """Runs every check.

    Args:
        source: `datasets.sample.Source`.
        source_dir: folder that it was read from.
        encoded: `EncodedVideo` of each of its samples, in order.
        lost: as of `known_problems`.

    Yields:
        (sample, video, stages, problems) of each sample: its `EncodedVideo`, the stage of every frame int (L,) or None
        where it has a problem, and the problems. Videos come once a block of them has been compared.

    Raises:
        InputError: the index of the joints is not right.
    """
    shown = SeenPerformances(collections.Counter(sample.split for sample in source.samples))
    checked = _checked_alone(source, source_dir, encoded, lost)
    # Videos wait for the others of a block: their frames lie in files. Features would wait in memory, for nothing.
    block = 1 if source.has_features else BLOCK
    while waiting := list(itertools.islice(checked, block)):
        compared = [(sample, video.thumbnails) for sample, video, *_, is_compared in waiting if is_compared]
        others = iter(shown.same_in_another_split(compared))
        for sample, video, stages, problems, is_compared in waiting:
            other = next(others) if is_compared else None
            yield sample, video, stages, [*problems, *_same_performance_problems(sample, other)]


def _checked_alone(source, source_dir, encoded, lost):
    """Each sample as of `checked_samples`, but for what it shows; and whether that is to be compared with others."""
    sport = get_sport(source.sport) if source.sport else None
    rows = _problems_of_rows(source, source_dir, sport, lost)
    first: tuple[str, dict] | None = None  # id of the first features, and what they are
    owners: dict[str, tuple[str, str]] = {}  # sha256 → (id, split) of the first video with these bytes
    joints = source_joints(source_dir, source)
    for sample, problems, video in zip(source.samples, rows, encoded, strict=True):
        stages, video_problems = _video_problems(sample, video, sport, owners)
        if any(problem.file for problem in problems):
            stages, video_problems = None, []  # of a file of another shape, or turned, lengths say nothing
        if video.features is not None:
            first = first or (sample.video_id, kind_of(video))
            video_problems += kind_problems(sample, video, *first)
        if joints and not video_problems:
            video_problems += joints.problems(sample, len(video))
        # A row that is left out takes nothing from another, which may be its corrected second.
        is_lost = bool(kinds_of_row([*problems, *video_problems]) & lost)
        if not is_lost:
            owners.setdefault(video.sha256, (sample.video_id, sample.split))
        is_compared = video.thumbnails is not None and not video_problems and not is_lost
        yield sample, video, stages, [*problems, *video_problems], is_compared


def _same_performance_problems(sample, other):
    if other is None:
        return []
    what = f"expected a performance that no other split has. Received: what {other.where} shows, {other.video_id}"
    return [Problem(sample.where, f"{what} ({other.split}), in other bytes", LOOKALIKE)]


def _video_problems(sample, video, sport, owners):
    """The stage of every frame (None where there is a problem), and the problems that only decoding shows."""
    if video.error is not None:
        return None, [_of_file(sample, video.error)]
    owner_id, owner_split = owners.get(video.sha256, (sample.video_id, sample.split))
    if owner_id != sample.video_id:
        what = f"expected a video of its own. Received: the same bytes as {owner_id} ({owner_split})"
        return None, [Problem(sample.where, what)]
    expected = None if sample.num_frames is None else -(-sample.num_frames // video.stride)
    if expected not in (None, len(video)):
        return None, [_other_length(sample, video, expected)]
    if sample.seconds is not None and abs(len(video) / video.fps - sample.seconds) > SECONDS_TOLERANCE:
        what = f"expected {sample.seconds:g} s in {sample.path}, as labelled. Received: {_duration(video)}"
        return None, [Problem(sample.where, what)]
    if sample.segments and len(video) == 1 and expected is None and video.features is not None:
        what = f"expected no stage labels: {sample.feature_file} holds one vector of the whole video. Received: some"
        return None, [Problem(sample.where, what)]
    try:
        num_frames = sample.num_frames or len(video) * video.stride
        labelled = middle_frames(len(video), num_frames, video.stride, video.origin)
        return frame_stages(sample.segments, num_frames, sport)[labelled], []
    except StageError as error:
        # Of labels in a file of their own it names their row, of those in the sample's own row that once more.
        return None, [Problem(sample.where, str(error).removeprefix(f"{sample.where}: "))]


def _duration(video):
    return f"{len(video) / video.fps:.1f} s ({counted(len(video), 'frame')} at {video.fps:g} frames/s)"


def _other_length(sample, video, expected):
    if video.features is None:
        return Problem(sample.where, _other_number(sample, expected, len(video)))
    every = "each" if video.stride == 1 else f"every {video.stride}"
    what = (
        f"expected features of {counted(expected, 'step')}, one for {every} of {counted(sample.num_frames, 'frame')}. "
        f"Received: {counted(len(video), 'step')} of {video.features.shape[1]}"
    )
    return Problem(sample.where, what, file=str(sample.feature_file))


def _other_number(sample, expected, found):
    return f"expected {counted(expected, 'frame')} in {sample.path}, as labelled. Received: {found}"


def kind_of(video: EncodedVideo) -> dict[str, Any]:
    """What features are: stride, and all that `features.json` says but where their videos came from."""
    kind = origin_kind(video.origin) if video.origin else {"made with": None}
    return {**kind, "stride": video.stride}


def kind_problems(sample: Sample, video: EncodedVideo, first_id: str, first: dict[str, Any]) -> list[Problem]:
    """A problem if features are of another origin than the first ones, which a model would take for theirs.

    Args:
        sample: whose features.
        video: those.
        first_id: of the first sample.
        first: `kind_of` its features.
    """
    kind = kind_of(video)
    different = [
        f"{key} {reprlib.repr(kind.get(key))} instead of {reprlib.repr(first.get(key))}"
        for key in sorted(kind.keys() | first.keys())
        if kind.get(key) != first.get(key)
    ]
    if not different:
        return []
    what = f"expected features like those of {first_id} in {sample.feature_file}. Received: {'; '.join(different)}"
    return [Problem(sample.where, what)]


def shape_problems(samples: Sequence[Sample]) -> dict[int, Problem]:
    """A problem for each file of features that are of another size than most, or turned, (D, T): {index: problem}."""
    found = {index: feature_shape(sample.feature_file) for index, sample in enumerate(samples)}
    shapes = {index: shape for index, shape in found.items() if shape}
    # The size that explains most of the files, though it be by turning them, which counts half.
    weights: collections.Counter[int] = collections.Counter()
    files: collections.Counter[int] = collections.Counter()
    for steps, size in shapes.values():
        weights[size] += 2
        weights[steps] += 1
        files.update({steps, size})
    expected = max(weights, key=lambda size: (weights[size], files[size]), default=0)
    return {
        index: Problem(samples[index].where, _other_size(shape, expected), file=str(samples[index].feature_file))
        for index, shape in shapes.items()
        if shape[1] != expected
    }


def _other_size(shape, expected):
    hint = turned(shape, expected)
    received = f"({expected}, steps){hint}" if hint else str(shape)
    return f"expected features (steps, {expected}), of one size in all files. Received: {received}"


def path_problems(sample: Sample, source_dir: Path) -> list[Problem]:
    """A problem if a label file names a video outside the folder, or the folder itself."""
    inside = sample.path.relative_to(source_dir).parts if sample.path.is_relative_to(source_dir) else ()
    if inside and ".." not in inside:
        return []
    return [Problem(sample.where, f"expected a video inside {source_dir}. Received: {sample.path}")]


def score_problems(sample: Sample, sport: Sport) -> list[Problem]:
    """Problems of a sample's scores: not a number, out of the sport's range, or final ≠ the rule's."""
    scores = {name: getattr(sample, name) for name in ("penalty", *SCORES)}
    problems = out_of_range(sport, scores)
    if problems:
        return [Problem(sample.where, problem) for problem in problems]
    penalty = sample.penalty or 0.0
    contradicted = contradiction(sport, scores, (penalty, penalty))
    return [Problem(sample.where, contradicted, INCONSISTENT)] if contradicted else []


def id_problems(samples: Sequence[Sample]) -> dict[int, Problem]:
    """A problem for each sample whose id occurs more than once, in one split or across splits: {index: problem}."""
    entries = collections.defaultdict(list)
    for index, sample in enumerate(samples):
        entries[sample.video_id].append(index)
    problems = {}
    for indices in entries.values():
        splits = [samples[index].split for index in indices]
        if len(indices) == 1:
            continue
        received = f"{len(splits)} times in {splits[0]}" if len(set(splits)) == 1 else f"in {' and '.join(splits)}"
        for index in indices:
            sample = samples[index]
            problems[index] = Problem(
                sample.where, f"expected id {sample.video_id} once, in one split. Received: {received}"
            )
    return problems
