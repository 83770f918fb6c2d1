"""Builds a folder of records from a dataset's videos and labels: read, check, decode, write, publish."""

import collections
import dataclasses
import functools
import os
import statistics
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from data_prep.datasets import read_source
from data_prep.datasets.sample import ERROR, INCONSISTENT, LOOKALIKE, NONMONOTONE, Problem, Sample, kinds_of_row
from data_prep.records.checks import LOST, checked_samples, known_problems, listed
from data_prep.records.encoding import aspect_of, encode_samples
from data_prep.records.joints import check_replaced_joints, source_joints
from data_prep.records.kept_videos import keep_video, kept_videos, read_frames
from data_prep.records.oddities import Oddities
from data_prep.records.simulation import read_simulation
from data_prep.records.writing import RecordsWriter, check_output_dir, writing_to
from data_prep.support.processes import in_processes
from scoringnet_tf import __version__
from scoringnet_tf.data.features import FeatureFile
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.records import INDEX_NAME, DatasetInfo, VideoExample, score_statistics
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.beam import on_runner
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_folder, tidy_up_beside
from scoringnet_tf.support.messages import counted, shown
from scoringnet_tf.support.paths import RemotePath, as_path

WAITING = 4096  # videos of each process that may be encoded before a slow one is: without frames, 9 KB each
OF_FRAMES = ("frame_size", "jpeg_quality", "aspect", "fit")  # the settings that say how frames are stored


@dataclasses.dataclass(frozen=True)
class BuildSettings:
    """How records are built; the meaning of each is that of the flag of `python -m data_prep build`."""

    frame_size: tuple[int, int] = (73, 98)
    jpeg_quality: int = 92
    aspect: float | None = None
    fit: str = "crop"
    num_shards: int | None = None
    nonmonotone: str = "refuse"
    on_inconsistent: str = "refuse"
    on_lookalike: str = "refuse"
    on_error: str = "refuse"


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
    """Builds `output_dir`, whole or not at all; one that was interrupted goes on with the videos that it had encoded.

    Args:
        dataset: key in `datasets.DATASETS`.
        source_dir: folder in that dataset's official layout.
        output_dir: folder to create.
        settings: `BuildSettings`; None for the defaults.
        overwrite: replace an existing `output_dir`.
        workers: processes that decode; None for one per core. Features need none.
        runner: of Apache Beam, to decode on in place of processes, see `beam.on_runner`; its workers must see the
            source, and the folder of `output_dir`.
        **options: what only some datasets take (`split_dir`, `sport`, …): the arguments of the dataset's `read`.

    Returns:
        (`DatasetInfo`, notes): what was written, and what a user should know of how the source was read.

    Raises:
        InputError: the source is incomplete or inconsistent (every row is listed; what can be known before decoding is
            refused before), `output_dir` is taken, being built, or cannot be written, or has joints that are not those
            of the source, or a worker was killed; `output_dir` of a runner is in an object store, or there are features
            and nothing for it to decode.
    """
    target = as_path(output_dir)
    if isinstance(target, Path) and (runner or target.name in ("", "..") or target.is_symlink()):
        # Workers of a runner may be in another folder, "." has no name to write beside, and a link lies elsewhere.
        target = target.resolve()
    with kept_videos(target) as kept:
        with writing_to(target):
            tidy_up_beside(target)
            check_output_dir(target, overwrite)
        computing = _computing(target, kept, workers, runner)
        given = f"--runner={runner}" if runner else f"--workers={workers}" if workers not in (None, 1) else ""
        source_dir = Path(source_dir).absolute() if runner else Path(source_dir)
        return _build(dataset, source_dir, target, settings or BuildSettings(), kept, (computing, given), options)


def _computing(target, kept, workers, runner):
    """What gives a `map` that decodes: here in processes, or on a runner of Beam."""
    if runner is None:
        return in_processes(workers or os.cpu_count() or 1, WAITING)
    if isinstance(target, RemotePath):
        raise InputError("todo", f"--runner={runner}: expected --output_dir in a file system. Received: {target}.")
    if workers is not None:
        raise InputError("todo", f"--workers={workers}: expected it without --runner. Received: --runner={runner}.")
    return on_runner(runner, kept)


def _build(dataset, source_dir, target, settings, kept, decoding, options):
    computing, given = decoding  # on what, and the flag that says so
    source = read_source(dataset, source_dir, **options)
    simulation, simulated = read_simulation(source_dir, source.samples)
    if source.has_features:
        settings = _without_frames(settings)
        if given:
            raise InputError(
                "todo", f"{given}: expected videos to decode. Received: features, which this process reads."
            )
    check_replaced_joints(target, source_dir, source)
    known = known_problems(source, source_dir, _lost(settings))
    _refuse(known, settings, source_dir)
    if sum(not _is_kept(problems, settings) for _, problems in known) == len(source.samples):
        raise _nothing_left(source_dir, known)
    stored = StoredForm(settings.frame_size, settings.jpeg_quality, settings.aspect, settings.fit)
    with (
        writing_to(target),
        replacing_folder(target, last=INDEX_NAME) as folder,
        computing as map_clips,
    ):
        if stored.aspect is None and not source.has_features:
            stored = dataclasses.replace(stored, aspect=_common_aspect(map_clips, source.samples))
        encoded = encode_samples(source, map_clips, functools.partial(keep_video, stored=stored, folder=kept))
        split_sizes = collections.Counter(sample.split for sample in source.samples)
        writer = RecordsWriter(folder, split_sizes, _stages(source), settings.num_shards)
        progress = tqdm(encoded, "Building records", total=len(source.samples), unit="video")
        rejected, notes = _write_samples(writer, dataset, source, source_dir, stored, progress, settings)
        _refuse(rejected, settings, source_dir)
        info = _dataset_info(writer, dataset, source, source_dir, settings, stored.aspect, rejected, simulation)
        if joints := source_joints(source_dir, source):
            joints.copy(folder, writer.videos)
        info.save(folder)
    return dataclasses.replace(info, records_dir=target), [*source.notes, *simulated, *notes]


def _without_frames(settings):
    """The settings of records of features; InputError where they say how frames are stored."""
    default = BuildSettings()
    given = [name for name in OF_FRAMES if getattr(settings, name) != getattr(default, name)]
    if given:
        raise InputError(
            "todo", f"Expected no settings of frames for records of features. Received: {', '.join(given)}."
        )
    return dataclasses.replace(settings, frame_size=(0, 0))


def _common_aspect(map_clips, samples):
    """The median of the training videos' aspects (of all, if none are to train on), one that there is; None if none."""
    clips = [sample.clip for sample in samples if sample.split == "train"] or [sample.clip for sample in samples]
    progress = tqdm(map_clips(aspect_of, clips), "Looking at the aspects", total=len(clips), unit="video", leave=False)
    aspects = [aspect for aspect in progress if aspect is not None]
    return statistics.median_low(aspects) if aspects else None


def _stages(source):
    return list(get_sport(source.sport).stages) if source.sport else []


def _is_kept(problems, settings):
    """Whether a row with these problems is written all the same."""
    kept = {INCONSISTENT: settings.on_inconsistent == "keep", LOOKALIKE: settings.on_lookalike == "keep"}
    return all(kept.get(kind, False) for kind in kinds_of_row(problems))


def _lost(settings):
    """The kinds of problems whose rows are left out and take nothing from others."""
    return LOST | {INCONSISTENT} if settings.on_inconsistent == "drop" else LOST


def _write_samples(writer, dataset, source, source_dir, stored, encoded, settings):
    """Writes every sample without a problem, or with one that is kept.

    Returns the others as (sample, problems), and notes on those written.
    """
    rejected: list[tuple[Sample, list[Problem]]] = []
    resumed: dict[bool, list[str]] = {True: [], False: []}
    oddities = Oddities(source, stored, source_joints(source_dir, source))
    for sample, video, stages, problems in checked_samples(source, source_dir, encoded, _lost(settings)):
        if problems and not _is_kept(problems, settings):
            rejected.append((sample, problems))
            continue
        oddities.see(sample, video, stages)
        if video.taken_over is not None:
            resumed[video.taken_over].append(sample.video_id)
        writer.write(sample.split, _example(dataset, source, sample, source_dir, stored.frame_size, video, stages))
        if video.features is not None and writer.features is None:
            writer.features = {"size": video.features.shape[1], "stride": video.stride, "origin": video.origin}
        writer.videos[sample.video_id] |= _kept_together(sample)
        for kind in kinds_of_row(problems):
            writer.videos[sample.video_id][kind] = [str(problem) for problem in problems if problem.kind == kind]
    return rejected, [*oddities.notes(), *_resumed(resumed)]


def _resumed(videos):
    """What was taken over from a build that was interrupted, {whether it was: names}, in words."""
    notes = []
    if videos[True]:
        notes.append(f"Taken over from an interrupted build: {counted(len(videos[True]), 'encoded video')}.")
    if videos[False]:
        notes.append(
            f"Made anew of an interrupted build: {counted(len(videos[False]), 'encoded video')}, for the video, the "
            f"settings, the package or the file has changed: {shown(videos[False])}."
        )
    return notes


def _kept_together(sample):
    """What the index says of a video so that validation is held out by group and class; nothing where it has none."""
    known = {"group": sample.group, "classes": sample.classes}
    return {key: value for key, value in known.items() if value}


def _example(dataset, source, sample, source_dir, frame_size, video, stages):
    relative_path: Any = PurePosixPath(sample.path.relative_to(source_dir).as_posix())  # to be written, not opened
    file = Clip(relative_path, sample.frames) if video.features is None else FeatureFile(relative_path, sample.array)
    return VideoExample(
        video_id=sample.video_id,
        dataset_name=dataset,
        sport=source.sport_name,
        data_path=str(file),
        sha256=video.sha256,
        jpegs=read_frames(video.file) if video.file else [],
        frame_size=frame_size,
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


def _refuse(rejected, settings, source_dir):
    """InputError listing all problems, unless the settings allow to leave every rejected video out."""
    choices = {
        NONMONOTONE: (settings.nonmonotone, "--nonmonotone=drop"),
        ERROR: (settings.on_error, "--on_error=skip"),
        INCONSISTENT: (settings.on_inconsistent, "--on_inconsistent=drop (or =keep, marked in the index)"),
        LOOKALIKE: (settings.on_lookalike, "--on_lookalike=drop (or =keep, marked in the index)"),
    }
    kinds = {kind for _, problems in rejected for kind in kinds_of_row(problems)}
    remedies = {remedy for kind, (choice, remedy) in choices.items() if kind in kinds and choice == "refuse"}
    if remedies:
        found = [problem for _, problems in rejected for problem in problems]
        lines = [f"{source_dir}: expected consistent videos and labels. Received: {counted(len(found), 'problem')}"]
        lines += [f"  {line}" for line in listed(found, source_dir)]
        raise InputError(
            "todo", "\n".join([*lines, f"Nothing was written. {' '.join(sorted(remedies))} leaves them out."])
        )


def _nothing_left(source_dir, rejected):
    return InputError("todo", f"{source_dir}: expected videos to write. Received: {len(rejected)}, all with problems.")


def _dataset_info(writer, dataset, source, source_dir, settings, aspect, rejected, simulation):
    splits, data_hash = writer.close()
    if not splits:
        raise _nothing_left(source_dir, rejected)
    return DatasetInfo(
        name=dataset,
        sport=source.sport or "",
        stages=_stages(source),
        frame_size=settings.frame_size,
        frame_rate=float(statistics.median_low(writer.frame_rates)),  # one that there is
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
        settings={**_settings(source, settings), **source.settings},
        package_version=__version__,
        data_hash=data_hash,
        aspect=aspect,
        features=writer.features,
    )


def _settings(source, settings):
    """The settings that these records depend on."""
    left_out = OF_FRAMES if source.has_features else ()
    return {key: value for key, value in dataclasses.asdict(settings).items() if key not in left_out}
