"""Builds a folder of records from a dataset: reads, checks, decodes, writes."""

import collections
import dataclasses
import functools
import os
import statistics
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from tqdm import tqdm

from data_prep.datasets import read_source
from data_prep.datasets.sample import ERROR, INCONSISTENT, LOOKALIKE, NONMONOTONE, Problem, Sample, Source, kinds_of_row
from data_prep.records.beside import check_replaced, read_simulation
from data_prep.records.checks import LOST, Checked, SampleChecks, listed
from data_prep.records.encoding import EncodedVideo, aspect_of, encode_samples, keep_video, kept_videos, read_frames
from data_prep.records.warnings import Warnings
from data_prep.records.writing import RecordsWriter, check_output_dir, replacing_records, writing_to
from data_prep.support.processes import in_processes
from scoringnet_tf import __version__
from scoringnet_tf.data.dataset_info import DatasetInfo, score_statistics
from scoringnet_tf.data.factors import copy_factors
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.records import VideoExample
from scoringnet_tf.data.video import Clip
from scoringnet_tf.support.beam import on_runner
from scoringnet_tf.support.files import tidy_up_beside
from scoringnet_tf.support.messages import InputError, Remark, counted, shown
from scoringnet_tf.support.paths import RecordsPath, RemotePath, records_path

WAITING = 4096  # videos per process that may wait for a slow one; 9 KB each without their frames
Rejected = list[tuple[Sample, list[Problem]]]  # rows that are not written
FRAME_SETTINGS = ("frame_size", "jpeg_quality", "aspect", "fit")


@dataclasses.dataclass(frozen=True)
class BuildSettings:
    """How records are built; each field is the flag of `python -m data_prep build`."""

    frame_size: tuple[int, int] = (73, 98)
    jpeg_quality: int = 92
    aspect: float | None = None
    fit: str = "crop"
    num_shards: int | None = None
    nonmonotone: str = "refuse"
    on_inconsistent: str = "refuse"
    on_lookalike: str = "refuse"
    on_error: str = "refuse"

    def keeps(self, problems: list[Problem]) -> bool:
        """Whether a row with these problems is written all the same."""
        kept = {INCONSISTENT: self.on_inconsistent == "keep", LOOKALIKE: self.on_lookalike == "keep"}
        return all(kept.get(kind, False) for kind in kinds_of_row(problems))

    @property
    def lost(self) -> frozenset[str]:
        """The kinds of problems whose rows are left out, and are not held against others."""
        return LOST | {INCONSISTENT} if self.on_inconsistent == "drop" else LOST


def build_records(
    dataset: str,
    source_dir: str | Path,
    output_dir: str | os.PathLike[str],
    settings: BuildSettings | None = None,
    *,
    overwrite: bool = False,
    workers: int | None = None,
    runner: str | None = None,
    **options: Any,
) -> tuple[DatasetInfo, list[str]]:
    """Builds `output_dir`, whole or not at all; resumes an interrupted build with the videos that it had encoded.

    Args:
        dataset: key in `datasets.DATASETS`, of which `source_dir` has the official layout.
        settings: `BuildSettings`; None for the defaults.
        overwrite: replace an existing `output_dir`.
        workers: processes that decode; None for one per core. Features need none.
        runner: of Apache Beam, to decode on instead (`beam.on_runner`); its workers must see both folders.
        **options: those of the dataset (`split_dir`, `sport`, …), see its `read`.

    Returns:
        (`DatasetInfo`, notes on the dataset, a `Remark` each).

    Raises:
        InputError: the source is incomplete or inconsistent (all rows are listed, before decoding if possible);
            `output_dir` is taken, being built, not writable, or has joints that the source lacks; a worker was killed;
            or a flag has no effect.
    """
    settings, target = settings or BuildSettings(), records_path(output_dir)
    if isinstance(target, Path) and (runner or target.name in ("", "..") or target.is_symlink()):
        # Workers of a runner may be in another folder, "." has no name to write beside, and a link lies elsewhere.
        target = target.resolve()
    source_dir = Path(source_dir).absolute() if runner else Path(source_dir)
    with kept_videos(target) as kept:
        with writing_to(target):
            if isinstance(target, Path):
                tidy_up_beside(target)
            check_output_dir(target, overwrite)
        decoding = _decoding(target, kept, workers, runner)
        # 1. Read
        source = read_source(dataset, source_dir, **options)
        simulation, notes = read_simulation(source_dir, source.samples)
        if source.has_features:
            settings = _without_frames(settings, workers, runner)
        # 2. Check what needs no decoding
        check_replaced(target, source_dir, source)
        checks = SampleChecks(source, source_dir, settings.lost)
        known = checks.known()
        _refuse(known, settings, source_dir)
        if sum(not settings.keeps(problems) for _, problems in known) == len(source.samples):
            raise _nothing_left(source_dir, known)
        # 3. Encode, check each video, and write
        with writing_to(target), replacing_records(target) as folder, decoding as map_clips:
            aspect = settings.aspect
            if aspect is None and not source.has_features:
                aspect = _common_aspect(map_clips, source.samples)
            stored = StoredForm(settings.frame_size, settings.jpeg_quality, aspect, settings.fit)
            encoded = encode_samples(source, map_clips, functools.partial(keep_video, stored=stored, folder=kept))
            split_sizes = collections.Counter(sample.split for sample in source.samples)
            writer = RecordsWriter(folder, split_sizes, source.stages, settings.num_shards)
            checked = checks.samples(tqdm(encoded, "Building records", total=len(source.samples), unit="video"))
            build = _Build(dataset, source, source_dir, settings, stored)
            rejected, remarks = _write_samples(build, writer, checked)
            _refuse(rejected, settings, source_dir)
            info = _dataset_info(build, writer, rejected, simulation)
            if checks.joints:
                remarks += checks.joints.remarks()
                checks.joints.copy(folder, writer.videos)
            copy_factors(source_dir, folder)
            info.save(folder)
    return dataclasses.replace(info, records_dir=target), [*source.notes, *notes, *remarks]


def _decoding(target: RecordsPath, kept: Path, workers: int | None, runner: str | None) -> AbstractContextManager:
    if runner is None:
        return in_processes(workers or os.cpu_count() or 1, WAITING)
    if isinstance(target, RemotePath):
        raise InputError("flags_conflict", f"--runner={runner} cannot write to an object store: {target}.")
    if workers is not None:
        raise InputError("flags_conflict", f"--workers={workers} has no effect with --runner={runner}.")
    return on_runner(runner, kept)


def _without_frames(settings: BuildSettings, workers: int | None, runner: str | None) -> BuildSettings:
    default = BuildSettings()
    unused = [name for name in FRAME_SETTINGS if getattr(settings, name) != getattr(default, name)]
    if runner:
        unused.insert(0, f"--runner={runner}")
    elif workers not in (None, 1):
        unused.insert(0, f"--workers={workers}")
    if unused:
        raise InputError("flag_unused", f"{', '.join(unused)}: no effect on features, which need no decoding.")
    return dataclasses.replace(settings, frame_size=(0, 0))


def _common_aspect(map_clips: Callable, samples: Sequence[Sample]) -> float | None:
    """The low median of the training videos' aspects, or all videos' if none can be read; None without any."""
    everything = [sample.clip for sample in samples]
    training = [sample.clip for sample in samples if sample.split == "train"]
    for clips in (training, everything):
        progress = tqdm(map_clips(aspect_of, clips), "Reading the aspects", total=len(clips), unit="video", leave=False)
        if aspects := [aspect for aspect in progress if aspect is not None]:
            return statistics.median_low(aspects)
    return None


@dataclasses.dataclass(frozen=True)
class _Build:
    """What one build makes records of, and how."""

    dataset: str
    source: Source
    source_dir: Path
    settings: BuildSettings
    stored: StoredForm


def _write_samples(build: _Build, writer: RecordsWriter, checked: Iterable[Checked]) -> tuple[Rejected, list[Remark]]:
    rejected: Rejected = []
    taken_over: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    warnings = Warnings(build.source, build.stored)
    for sample, video, stages, problems in checked:
        if problems and not build.settings.keeps(problems):
            rejected.append((sample, problems))
            continue
        warnings.add(sample, video, stages)
        taken_over[video.taken_over].append(sample.video_id)
        writer.write(sample.split, _example(build, sample, video, stages))
        if video.features is not None and writer.features is None:
            writer.features = {"size": video.features.shape[1], "stride": video.stride, "origin": video.origin}
        entry = writer.videos[sample.video_id]
        entry |= {key: value for key, value in (("group", sample.group), ("classes", sample.classes)) if value}
        for kind in kinds_of_row(problems):
            entry[kind] = [str(problem) for problem in problems if problem.kind == kind]
    notes = warnings.remarks()
    if number := len(taken_over[True]):
        message = f"Resumed an interrupted build: {counted(number, 'encoded video')} taken over."
        notes.append(Remark("resumed", message))
    if changed := taken_over[False]:
        notes.append(Remark("encoded_again", f"Encoded again, as the video has changed: {shown(changed)}."))
    return rejected, notes


def _example(build: _Build, sample: Sample, video: EncodedVideo, stages: np.ndarray) -> VideoExample:
    relative_path: Any = PurePosixPath(
        sample.path.relative_to(build.source_dir).as_posix()
    )  # to be written, not opened
    file = Clip(relative_path, sample.frames) if video.features is None else FeatureFile(relative_path, sample.array)
    return VideoExample(
        video_id=sample.video_id,
        dataset_name=build.dataset,
        sport=build.source.sport_name,
        data_path=str(file),
        sha256=video.sha256,
        jpegs=read_frames(video.file) if video.file else [],
        frame_size=build.stored.frame_size,
        source_size=video.source_size,
        frame_rate=video.fps,
        timestamps=video.timestamps,
        stages=stages,
        difficulty=sample.difficulty,
        execution=sample.execution,
        final=sample.final,
        classes=sample.classes,
        features=video.features,
    )


def _refuse(rejected: Rejected, settings: BuildSettings, source_dir: Path) -> None:
    choices = {
        NONMONOTONE: (settings.nonmonotone, "--nonmonotone=drop"),
        ERROR: (settings.on_error, "--on_error=skip"),
        INCONSISTENT: (settings.on_inconsistent, "--on_inconsistent=drop (or =keep, marked in the index)"),
        LOOKALIKE: (settings.on_lookalike, "--on_lookalike=drop (or =keep, marked in the index)"),
    }
    kinds = {kind for _, problems in rejected for kind in kinds_of_row(problems)}
    remedies = {remedy for kind, (choice, remedy) in choices.items() if kind in kinds and choice == "refuse"}
    if remedies:
        problems = [problem for _, wrong in rejected for problem in wrong]
        lines = [f"{source_dir}: {counted(len(problems), 'problem')}. Nothing was written."]
        lines += [f"  {line}" for line in listed(problems, source_dir)]
        raise InputError("bad_rows", "\n".join(lines), f"\nTo leave these rows out: {' '.join(sorted(remedies))}.")


def _nothing_left(source_dir: Path, rejected: Rejected) -> InputError:
    return InputError("no_videos", f"{source_dir}: all {counted(len(rejected), 'video')} have problems.")


def _dataset_info(
    build: _Build, writer: RecordsWriter, rejected: Rejected, simulation: dict[str, Any] | None
) -> DatasetInfo:
    source, settings = build.source, build.settings
    splits, data_hash = writer.close()
    if not splits:
        raise _nothing_left(build.source_dir, rejected)
    unused = FRAME_SETTINGS if source.has_features else ()
    used = {key: value for key, value in dataclasses.asdict(settings).items() if key not in unused}
    return DatasetInfo(
        name=build.dataset,
        sport=source.sport or "",
        stages=source.stages,
        frame_size=settings.frame_size,
        frame_rate=float(statistics.median_low(writer.frame_rates)),  # a rate that some video has
        splits=splits,
        videos=writer.videos,
        score_statistics=score_statistics(writer.videos),
        stage_frames={split: writer.stage_frames[split] for split in splits},
        classes=source.classes,
        skipped=[
            {"id": sample.video_id, "split": sample.split, "problems": [str(problem) for problem in problems]}
            for sample, problems in rejected
        ],
        simulation=simulation,
        settings={**used, **source.settings},
        package_version=__version__,
        data_hash=data_hash,
        aspect=build.stored.aspect,
        features=writer.features,
    )
