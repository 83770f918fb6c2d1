"""SampleChecks a dataset without writing anything: `python -m data_prep check`."""

import dataclasses
import os
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep.datasets import read_source
from data_prep.datasets.sample import Problem, Source
from data_prep.records.checks import SampleChecks, listed
from data_prep.records.encoding import EncodedVideo, encode_samples, encode_video
from data_prep.records.simulation import read_simulation
from data_prep.records.warnings import Warnings
from data_prep.support.options import OptionError
from data_prep.support.processes import in_processes
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import InputError, Remark, counted

STORED = StoredForm((24, 32), jpeg_quality=75)  # only the thumbnails of the pixels are kept


def check(dataset: str, source_dir: str | Path, workers: int | None = None, **options: Any) -> tuple[list[str], int]:
    """Runs every integrity check.

    Args:
        dataset, source_dir, workers, **options: as of `building.build_records`.

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
        return [*lines, f"{source_dir} ({dataset}): not readable, problems: {len(lines)}."], len(lines)
    if source.has_features and (workers or 1) > 1:
        raise OptionError("flag_unused", f"--workers={workers} has no effect: features need no decoding.")
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
    notes = [*source.notes, *simulation_notes, *_known_scores(source), *warnings.remarks()]
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
