"""Checks a dataset without writing anything: `python -m data_prep check`."""

import collections
import dataclasses
import os
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep.datasets import read_source
from data_prep.datasets.sample import INCONSISTENT, LOOKALIKE, Problem, kinds_of_row
from data_prep.records.checks import checked_samples, listed
from data_prep.records.encoding import EncodedVideo, encode_samples, encode_video
from data_prep.records.joints import source_joints
from data_prep.records.simulation import read_simulation
from data_prep.records.warnings import Warnings
from data_prep.support.options import OptionError
from data_prep.support.processes import in_processes
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted, shown

STORED = StoredForm((24, 32), jpeg_quality=75)  # only the thumbnails of the pixels are kept
DECIDED_BY_BUILD = {
    INCONSISTENT: "{} with scores that contradict each other: see build --on_inconsistent.",
    LOOKALIKE: "{} looking like one of another split: see build --on_lookalike.",
}


def check(dataset: str, source_dir: str | Path, workers: int | None = None, **options: Any) -> tuple[list[str], int]:
    """Runs every integrity check.

    Args:
        dataset: see `building.build_records`.
        source_dir: likewise.
        workers: processes that decode; None for one per core.
        **options: see `building.build_records`.

    Returns:
        (report, number of problems): first the problems, then warnings, a `Remark` each, and a summary.

    Raises:
        OptionError: `source_dir` is no folder, or an option is missing or not one of the dataset's.
    """
    source_dir = Path(source_dir)
    try:
        source = read_source(dataset, source_dir, **options)
        _, simulation_notes = read_simulation(source_dir, source.samples)
    except OptionError:
        raise
    except InputError as error:
        lines = [Remark(error.code, line) for line in str(error).splitlines()]
        return [*lines, _summary(source_dir, dataset, "not readable", lines)], len(lines)
    if source.has_features and (workers or 1) > 1:
        raise OptionError("flag_unused", f"--workers={workers} has no effect: features need no decoding.")
    problems: list[Problem] = []
    num_steps, unlabelled = 0, {}
    warnings = Warnings(source, STORED, source_joints(source_dir, source))
    kinds: collections.Counter[str] = collections.Counter()
    with in_processes(workers or os.cpu_count() or 1) as map_clips:
        encoded = encode_samples(source, map_clips, _thumbnails_alone)
        progress = tqdm(encoded, "Checking", total=len(source.samples), unit="video")
        for sample, video, stages, wrong in checked_samples(source, source_dir, progress):
            problems += wrong
            kinds.update(kinds_of_row(wrong))
            num_steps += len(video)
            if not wrong:
                warnings.add(sample, video, stages)
            if sample.segments and stages is not None and UNLABELLED in stages:
                unlabelled[sample.video_id] = int((stages == UNLABELLED).sum())
    notes = [*source.notes, *simulation_notes, *_known_scores(source), *_unlabelled(unlabelled), *warnings.remarks()]
    notes += [
        Remark(kind, message.format(counted(kinds[kind], "video")))
        for kind, message in DECIDED_BY_BUILD.items()
        if kinds[kind]
    ]
    noun, done = ("step", "of features read") if source.has_features else ("frame", "decoded")
    done = f"{counted(len(source.samples), 'sample')}, {counted(num_steps, noun, ',')} {done}"
    return [*listed(problems, source_dir), *notes, _summary(source_dir, dataset, done, problems)], len(problems)


def _thumbnails_alone(clip: Clip) -> EncodedVideo:
    return dataclasses.replace(encode_video(clip, STORED), jpegs=[])


def _known_scores(source):
    if not source.sport or source.classes:
        return []
    scores = get_sport(source.sport).scores
    known = (f"{name} {sum(getattr(sample, name) is not None for sample in source.samples)}" for name in scores)
    return [Remark("known_scores", f"Scores known of {counted(len(source.samples), 'video')}: {', '.join(known)}.")]


def _unlabelled(num_steps):
    """A warning of videos with labelled and unlabelled frames, {id: number of unlabelled ones}."""
    names = [f"{video_id} ({number})" for video_id, number in num_steps.items()]
    message = f"Some frames of videos with stage labels have none: {shown(names)}."
    return [Remark("unlabelled_frames", message)] if names else []


def _summary(source_dir, dataset, done, problems):
    return f"{source_dir} ({dataset}): {done}, problems: {len(problems)}."
