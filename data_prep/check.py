"""Checks videos and labels without writing anything: python -m data_prep check --dataset=… --source_dir=…

Every video is decoded, and all that `build` would refuse is reported by file and row. The exit status is 0 where all is
sound, 1 where there are problems, and 2 where the command was used wrongly.
"""

import os
import sys
from pathlib import Path

from absl import flags
from tqdm import tqdm

from data_prep import dataset_flags
from data_prep.checks import checked_samples
from data_prep.datasets import DATASETS, check_use
from data_prep.datasets.errors import OptionError
from data_prep.encode import encode_videos
from scoringnet_tf.errors import InputError

FLAGS = flags.FLAGS
flags.adopt_module_key_flags(dataset_flags)
flags.DEFINE_integer("workers", None, "Processes that decode. Default: one per core.", lower_bound=1)

SOUND, PROBLEMS, WRONG_USE = 0, 1, 2
FRAME_SIZE, JPEG_QUALITY = (8, 8), 50  # nothing is kept of the pixels


def main(_):
    """Runs the command with the parsed flags; returns its exit status."""
    try:
        lines, num_problems = check(FLAGS.dataset, FLAGS.source_dir, FLAGS.workers, **dataset_flags.options())
    except OptionError as error:
        print(f"check: {error}", file=sys.stderr)
        return WRONG_USE
    print("\n".join(lines))
    return PROBLEMS if num_problems else SOUND


def check(dataset, source_dir, workers=None, **options):
    """Runs every integrity check.

    Args:
        dataset, source_dir, options: as of `builder.build_records`.
        workers: processes that decode; None for one per core.

    Returns:
        (report, number of problems): lines of text, first one for each problem, then notes and a summary.

    Raises:
        OptionError: `source_dir` is no folder, or an option is missing or not one of the dataset's.
    """
    source_dir = Path(source_dir)
    check_use(dataset, source_dir, options)
    try:
        source = DATASETS[dataset].read(source_dir, **options)
    except OptionError:
        raise
    except InputError as error:
        problems = str(error).splitlines()
        return [*problems, _summary(source_dir, dataset, "not readable", problems)], len(problems)
    clips = [sample.clip for sample in source.samples]
    encoded = encode_videos(clips, FRAME_SIZE, JPEG_QUALITY, workers or os.cpu_count())
    progress = tqdm(encoded, "Checking", total=len(clips), unit="video")
    problems, num_frames = [], 0
    for _, video, _, found in checked_samples(source, source_dir, progress):
        problems += map(str, found)
        num_frames += len(video.jpegs)
    done = f"{len(clips)} samples, {num_frames:,} frames decoded"
    return [*problems, *source.notes, _summary(source_dir, dataset, done, problems)], len(problems)


def _summary(source_dir, dataset, done, problems):
    return f"{source_dir} ({dataset}): {done}, problems: {len(problems)}."
