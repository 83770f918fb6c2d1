"""Every integrity check of a dataset, without writing anything: the work of `python -m data_prep check`."""

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
from data_prep.records.oddities import Oddities
from data_prep.records.simulation import read_simulation
from data_prep.support.options import OptionError
from data_prep.support.processes import in_processes
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.records import UNLABELLED
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted, shown

STORED = StoredForm((24, 32), jpeg_quality=75)  # nothing is kept of the pixels but thumbnails


def check(dataset: str, source_dir: str | Path, workers: int | None = None, **options: Any) -> tuple[list[str], int]:
    """Runs every integrity check.

    Args:
        dataset: as of `building.build_records`.
        source_dir: likewise.
        workers: processes that decode; None for one per core.
        **options: as of `building.build_records`.

    Returns:
        (report, number of problems): lines of text, first those of `checks.listed`, then notes and a summary.

    Raises:
        OptionError: `source_dir` is no folder, or an option is missing or not one of the dataset's.
    """
    source_dir = Path(source_dir)
    try:
        source = read_source(dataset, source_dir, **options)
        _, simulated = read_simulation(source_dir, source.samples)
    except OptionError:
        raise
    except InputError as error:
        lines = str(error).splitlines()
        return [*lines, _summary(source_dir, dataset, "not readable", lines)], len(lines)
    if source.has_features and (workers or 1) > 1:
        raise OptionError(
            "todo", f"--workers={workers}: expected videos to decode. Received: features, which this process reads."
        )
    problems: list[Problem] = []
    num_steps, unlabelled = 0, {}
    oddities = Oddities(source, STORED, source_joints(source_dir, source))
    kinds: collections.Counter[str] = collections.Counter()
    with in_processes(workers or os.cpu_count() or 1) as map_clips:
        encoded = encode_samples(source, map_clips, _measured)
        progress = tqdm(encoded, "Checking", total=len(source.samples), unit="video")
        for sample, video, stages, found in checked_samples(source, source_dir, progress):
            problems += found
            kinds.update(kinds_of_row(found))
            num_steps += len(video)
            if not found:
                oddities.see(sample, video, stages)
            if sample.segments and stages is not None and UNLABELLED in stages:
                unlabelled[sample.video_id] = int((stages == UNLABELLED).sum())
    notes = [*source.notes, *simulated, *_known_scores(source), *_unlabelled(unlabelled), *oddities.notes()]
    notes += _decided_by_build(kinds)
    noun, done = ("step", "of features read") if source.has_features else ("frame", "decoded")
    done = f"{counted(len(source.samples), 'sample')}, {counted(num_steps, noun, ',')} {done}"
    return [*listed(problems, source_dir), *notes, _summary(source_dir, dataset, done, problems)], len(problems)


def _measured(clip: Clip) -> EncodedVideo:
    return dataclasses.replace(encode_video(clip, STORED), jpegs=[])


def _known_scores(source):
    if not source.sport or source.classes:
        return []
    scores = get_sport(source.sport).scores
    known = (f"{name} {sum(getattr(sample, name) is not None for sample in source.samples)}" for name in scores)
    return [f"Scores known of {counted(len(source.samples), 'video')}: {', '.join(known)}."]


def _unlabelled(num_steps):
    """A note on videos of whose stages a part is labelled, {id: steps without a stage}."""
    names = [f"{video_id} ({number})" for video_id, number in num_steps.items()]
    return [f"Some frames of videos with stage labels have none: {shown(names)}."] if names else []


def _decided_by_build(kinds):
    """Notes on rows that `build` may keep, {kind: number of rows}."""
    notes = {
        INCONSISTENT: "Of {} the scores alone contradict each other: see build --on_inconsistent.",
        LOOKALIKE: "Of {} another split has what looks the same: see build --on_lookalike.",
    }
    return [note.format(counted(kinds[kind], "video")) for kind, note in notes.items() if kinds[kind]]


def _summary(source_dir, dataset, done, problems):
    return f"{source_dir} ({dataset}): {done}, problems: {len(problems)}."
