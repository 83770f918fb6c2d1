"""Checks the samples of any dataset: scores, stages, videos and features, and ids and videos against each other."""

import collections
import dataclasses
import itertools
import os
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from data_prep.datasets import read_source
from data_prep.datasets.performances import overlap_problems
from data_prep.datasets.sample import ERROR, INCONSISTENT, LOOKALIKE, NONMONOTONE, Problem, Sample, Source, kinds_of_row
from data_prep.datasets.stage_labels import StageError, frame_stages, segment_errors
from data_prep.records.beside import SourceJoints, read_simulation
from data_prep.records.encoding import EncodedVideo, encode_samples, encode_video
from data_prep.records.same_performance import BLOCK, SeenPerformances
from data_prep.records.warnings import Warnings
from data_prep.support.processes import in_processes
from scoringnet_tf.data.features import feature_shape, middle_frames, origin_kind
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip, VideoError
from scoringnet_tf.sports import SCORES, Sport, get_sport
from scoringnet_tf.sports.sport import contradiction, out_of_range
from scoringnet_tf.support.messages import MAX_NAMES, Remark, counted, error_remark, shown

LOST = frozenset({ERROR, NONMONOTONE})  # rows with problems of these kinds are never kept
STORED = StoredForm((24, 32), jpeg_quality=75)  # of --dry_run: only the thumbnails of the pixels are kept
MAX_LINES = 100  # of one code; beyond them the first few and a count say as much


Checked = tuple[Sample, EncodedVideo, Any, list[Problem]]  # stages int (L,), None if there is a problem


class SampleChecks:
    """All checks for a dataset: first on its rows, then on each video as it is encoded.

    Rows with problems of the kinds `lost` are left out, and not held against others: one may be their correction.
    """

    def __init__(self, source: Source, source_dir: Path, lost: frozenset[str] = LOST) -> None:
        # Arrays of features may lie in any folder.
        self.joints = None if source.has_features else SourceJoints(source_dir, source.samples)
        self._source, self._lost = source, lost
        self._sport = get_sport(source.sport) if source.sport else None
        self._rows = _row_problems(source, source_dir, self._sport, lost)

    def known(self) -> list[tuple[Sample, list[Problem]]]:
        """The samples with problems that need no decoding: of rows, stages, and missing files and joints."""
        bad = []
        for sample, row in zip(self._source.samples, self._rows, strict=True):
            problems = [*row]
            if not problems and sample.segments and self._sport and sample.num_frames is not None:
                errors = segment_errors(sample.segments, self._sport, sample.num_frames)
                problems += [Problem(sample.where, str(error), code=error.code) for error in errors]
            problems += _file_problems(sample, self._source.has_features)
            if self.joints:
                problems += self.joints.problems(sample, None)
            if problems:
                bad.append((sample, problems))
        return bad

    def samples(self, encoded: Iterable[EncodedVideo]) -> Iterator[Checked]:
        """Yields each sample with its video, its stages and all its problems; `encoded` is in the order of samples."""
        seen = SeenPerformances(collections.Counter(sample.split for sample in self._source.samples))
        checked = self._alone(encoded)
        # Videos wait for their block, as their frames lie in files. Features would wait in memory.
        block = 1 if self._source.has_features else BLOCK
        while waiting := list(itertools.islice(checked, block)):
            compared = [(sample, pictures) for (sample, *_), pictures in waiting if pictures is not None]
            others = iter(seen.same_in_another_split(compared))
            for (sample, video, stages, problems), pictures in waiting:
                other = None if pictures is None else next(others)
                yield sample, video, stages, [*problems, *_lookalike_problems(sample, other)]

    def _alone(self, encoded: Iterable[EncodedVideo]) -> Iterator[tuple[Checked, np.ndarray | None]]:
        """Yields each sample, and its thumbnails if they can be compared with others."""
        first: tuple[str, dict] | None = None  # id and kind of the first features
        owners: dict[str, tuple[str, str]] = {}  # sha256 → (id, split) of the first video with these bytes
        for sample, problems, video in zip(self._source.samples, self._rows, encoded, strict=True):
            stages, video_problems = _video_problems(sample, video, self._sport, owners)
            if any(problem.file for problem in problems):
                stages, video_problems = None, []  # a file of a wrong shape has no length to compare
            if video.features is not None:
                first = first or (sample.video_id, _kind_of(video))
                video_problems += _kind_problems(sample, video, *first)
            if self.joints and not video_problems:
                video_problems += self.joints.problems(sample, len(video), video.aspect)
            is_lost = bool(kinds_of_row([*problems, *video_problems]) & self._lost)
            if not is_lost:
                owners.setdefault(video.sha256, (sample.video_id, sample.split))
            pictures = None if video_problems or is_lost else video.thumbnails
            yield (sample, video, stages, [*problems, *video_problems]), pictures


def listed(problems: Sequence[Problem], source_dir: Path) -> list[Remark]:
    """A line for each problem, files relative to `source_dir`; one line if more than `MAX_NAMES` rows have the same.

    Of a code with more than `MAX_LINES` lines there are the first few, and how many more.
    """
    alike = collections.defaultdict(list)
    for problem in problems:
        alike[problem.what].append(problem)
    lines: list[Remark] = []
    for problem in problems:
        rows = alike[problem.what]
        if len(rows) <= MAX_NAMES:
            lines.append(Remark(problem.code, str(problem)))
        elif problem is rows[0]:
            names = {os.path.relpath(row.file, source_dir) if row.file else row.where for row in rows}
            lines.append(Remark(problem.code, f"{len(rows):,} rows, {shown(names)}: {problem.what}"))
    return _shortened(lines)


def _shortened(lines: list[Remark]) -> list[Remark]:
    totals, seen = collections.Counter(line.code for line in lines), collections.Counter[str]()
    kept = []
    for line in lines:
        seen[line.code] += 1
        if totals[line.code] <= MAX_LINES or seen[line.code] <= MAX_NAMES:
            kept.append(line)
        elif seen[line.code] == totals[line.code]:
            kept.append(Remark(line.code, f"… and {totals[line.code] - MAX_NAMES:,} more such lines [{line.code}]."))
    return kept


# === One row ===


def check(dataset: str, source_dir: str | Path, workers: int | None = None, **options: Any) -> tuple[list[str], int]:
    """Runs every check without writing anything; arguments and errors are those of `building.build_records`.

    Returns:
        (report, number of problems): first the problems, then warnings, a `Remark` each, and a summary.
    """
    source_dir = Path(source_dir)
    source = read_source(dataset, source_dir, **options)
    _, simulation_notes = read_simulation(source_dir, source.samples)
    problems: list[Problem] = []
    checks, num_steps, warnings = SampleChecks(source, source_dir), 0, Warnings(source, STORED)
    with in_processes(workers or os.cpu_count() or 1) as map_clips:
        encoded = encode_samples(source, map_clips, _thumbnails_alone)
        progress = tqdm(encoded, "Checking", total=len(source.samples), unit="video")
        for sample, video, stages, wrong in checks.samples(progress):
            problems += wrong
            num_steps += len(video)
            if not wrong:
                warnings.add(sample, video, stages)
    beside = checks.joints.remarks() if checks.joints else []
    notes = [*source.notes, *simulation_notes, *_known_scores(source), *warnings.remarks(), *beside]
    noun, done = ("step", "of features read") if source.has_features else ("frame", "decoded")
    done = f"{counted(len(source.samples), 'sample')}, {counted(num_steps, noun, ',')} {done}"
    summary = f"{source_dir} ({dataset}): {done}, problems: {len(problems)}."
    return [*listed(problems, source_dir), *notes, summary], len(problems)


def _thumbnails_alone(clip: Clip) -> EncodedVideo:
    return dataclasses.replace(encode_video(clip, STORED), jpegs=[])


def _known_scores(source: Source) -> list[Remark]:
    if not source.sport or source.classes:
        return []
    scores = get_sport(source.sport).scores
    known = (f"{name} {sum(getattr(sample, name) is not None for sample in source.samples)}" for name in scores)
    return [Remark("known_scores", f"Scores known of {counted(len(source.samples), 'video')}: {', '.join(known)}.")]


def _row_problems(source: Source, source_dir: Path, sport: Sport | None, lost: frozenset[str]) -> list[list[Problem]]:
    """Each row's problems, by itself and beside those rows that are not left out."""
    rows = [
        [*sample.problems, *_path_problems(sample, source_dir), *(score_problems(sample, sport) if sport else [])]
        for sample in source.samples
    ]
    left = [(sample, row) for sample, row in zip(source.samples, rows, strict=True) if not kinds_of_row(row) & lost]
    samples = [sample for sample, _ in left]
    repeated_ids, overlaps = id_problems(samples), overlap_problems(samples)
    shapes = _shape_problems(samples) if source.has_features else {}
    for index, (sample, row) in enumerate(left):
        beside_others = (repeated_ids.get(index), overlaps.get(sample.where), shapes.get(index))
        row += [problem for problem in beside_others if problem is not None]
    return rows


def _path_problems(sample: Sample, source_dir: Path) -> list[Problem]:
    inside = sample.path.relative_to(source_dir).parts if sample.path.is_relative_to(source_dir) else ()
    if inside and ".." not in inside:
        return []
    return [Problem(sample.where, f"{sample.path} does not lie in {source_dir}.", code="outside_folder")]


def score_problems(sample: Sample, sport: Sport) -> list[Problem]:
    """Problems with scores: no number, outside the sport's range, or a final score that breaks the rule."""
    scores = {name: getattr(sample, name) for name in SCORES}
    if wrong := out_of_range(sport, scores):
        return [Problem(sample.where, message, code="out_of_range") for message in wrong]
    contradicted = contradiction(sport, scores)
    return [Problem(sample.where, contradicted, INCONSISTENT, code="inconsistent_scores")] if contradicted else []


def _file_problems(sample: Sample, has_features: bool) -> list[Problem]:
    try:
        if not has_features:
            files = sample.clip.files()
            if sample.path.is_dir() and sample.num_frames not in (None, len(files)):
                return [_count_mismatch(sample, sample.num_frames, len(files))]
        elif not sample.path.is_file():
            return [Problem(sample.where, "there is no such file.", file=str(sample.feature_file), code="not_found")]
    except (VideoError, OSError) as error:
        return [_file_problem(sample, error_remark(error))]
    return []


def _file_problem(sample: Sample, remark: Remark) -> Problem:
    names = map(str, (sample.clip, sample.feature_file))
    file = next((name for name in names if remark.startswith((f"{name}: ", f"{name} "))), "")
    return Problem(sample.where, remark.removeprefix(file).lstrip(": "), file=file, code=remark.code)


def _count_mismatch(sample: Sample, labelled: int | None, number: int) -> Problem:
    message = f"{sample.path} has {counted(number, 'frame')}, the labels say {labelled}."
    return Problem(sample.where, message, code="count_mismatch")


# === A video ===


def _video_problems(
    sample: Sample, video: EncodedVideo, sport: Any, owners: dict[str, tuple[str, str]]
) -> tuple[np.ndarray | None, list[Problem]]:
    """(stage of every frame, None if there is a problem; problems that only decoding shows)."""
    problem = _content_problem(sample, video, owners)
    if problem is not None:
        return None, [problem]
    try:
        num_frames = sample.num_frames or len(video) * video.stride
        labelled = middle_frames(len(video), num_frames, video.stride, video.origin)
        return frame_stages(sample.segments, num_frames, sport)[labelled], []
    except StageError as error:
        # Labels in a file of their own name their row; those in the row of the sample would name it twice.
        return None, [Problem(sample.where, str(error).removeprefix(f"{sample.where}: "), code=error.code)]


def _content_problem(sample: Sample, video: EncodedVideo, owners: dict[str, tuple[str, str]]) -> Problem | None:
    if video.error is not None:
        return _file_problem(sample, video.error)
    owner_id, owner_split = owners.get(video.sha256, (sample.video_id, sample.split))
    if owner_id != sample.video_id:
        same = "has the same bytes as" if video.features is None else "has the same features, in float32, as"
        return Problem(sample.where, f"{same} {owner_id} ({owner_split}).", code="duplicate")
    expected = None if sample.num_frames is None else -(-sample.num_frames // video.stride)
    if expected not in (None, len(video)) and video.features is None:
        return _count_mismatch(sample, expected, len(video))
    if expected not in (None, len(video)):
        message = f"has {counted(len(video), 'step')} instead of {expected}, one every {video.stride} frames."
        return Problem(sample.where, message, file=str(sample.feature_file), code="count_mismatch")
    if sample.segments and len(video) == 1 and expected is None and video.features is not None:
        message = f"has stage labels, but {sample.feature_file} holds one vector of the whole video."
        return Problem(sample.where, message, code="stages_of_vector")
    return None


def _lookalike_problems(sample: Sample, other: Sample | None) -> list[Problem]:
    if other is None:
        return []
    message = f"shows the same performance as {other.where}, {other.video_id} ({other.split}), in other bytes."
    return [Problem(sample.where, message, LOOKALIKE, code="lookalike")]


def _kind_of(video: EncodedVideo) -> dict[str, Any]:
    """What made features: their stride, and what `features.json` says except the source of the videos."""
    kind = origin_kind(video.origin) if video.origin else {"made with": None}
    return {**kind, "stride": video.stride}


def _kind_problems(sample: Sample, video: EncodedVideo, first_id: str, first: dict[str, Any]) -> list[Problem]:
    kind = _kind_of(video)
    different = [
        f"{key} {reprlib.repr(kind.get(key))} instead of {reprlib.repr(first.get(key))}"
        for key in sorted(kind.keys() | first.keys())
        if kind.get(key) != first.get(key)
    ]
    message = f"{sample.feature_file} was made in another way than {first_id}: {'; '.join(different)}."
    return [Problem(sample.where, message, code="other_features")] if different else []


# === Rows beside each other ===


def _shape_problems(samples: Sequence[Sample]) -> dict[int, Problem]:
    """{index: problem} for feature files with another size than most."""
    shapes = {index: feature_shape(sample.feature_file) for index, sample in enumerate(samples)}
    sizes = collections.Counter(shape[1] for shape in shapes.values() if shape)
    expected = max(sizes, key=lambda size: sizes[size], default=0)
    problems = {}
    for index, shape in shapes.items():
        if shape and shape[1] != expected:
            message = f"features of shape {shape}, where most files have (steps, {expected})."
            file = str(samples[index].feature_file)
            problems[index] = Problem(samples[index].where, message, file=file, code="wrong_shape")
    return problems


def id_problems(samples: Sequence[Sample]) -> dict[int, Problem]:
    """{index: problem} of the samples whose id occurs more than once, in one split or several."""
    entries = collections.defaultdict(list)
    for index, sample in enumerate(samples):
        entries[sample.video_id].append(index)
    problems = {}
    for video_id, indices in entries.items():
        splits = [samples[index].split for index in indices]
        if len(indices) > 1:
            places = f"{len(splits)} times in {' and '.join(dict.fromkeys(splits))}"
            for index in indices:
                problems[index] = Problem(samples[index].where, f"the id {video_id} is {places}.", code="duplicate")
    return problems
