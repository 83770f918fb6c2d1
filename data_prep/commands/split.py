r"""Splits a dataset into training, validation and test records, or into k folds, as files that build reads.

    python -m data_prep split --dataset=manifest --sport=diving --source_dir=VIDEOS --output=split.csv
    python -m data_prep split --dataset=unlv_diving --source_dir=VIDEOS --by=score --folds=5 --output=fold.csv
    python -m data_prep build --dataset=unlv_diving --source_dir=VIDEOS --split_csv=fold_1.csv --output_dir=RECORDS \
        --nonmonotone=drop

A file holds every record's split (id,split), with the frames of performances without an id. Folds are fold_1.csv,
fold_2.csv, …; each record is tested in one. A seed gives the same files. A table may be split without its videos.
"""

import collections
import sys
from pathlib import Path

from absl import flags

from data_prep.commands import dataset_flags
from data_prep.datasets import DATASETS, check_use, splits
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, shown
from scoringnet_tf.support.paths import local_path

FLAGS = flags.FLAGS
flags.adopt_module_key_flags(dataset_flags)
flags.DEFINE_string("output", None, "CSV file; with --folds one for each, numbered.", required=True)
flags.DEFINE_enum("by", "random", splits.WAYS, "Way to split: random, alike in score, by group, or the dataset's own.")
flags.DEFINE_float("test_fraction", 0.2, "Test share, without --folds.", 0.0, 1.0)
flags.DEFINE_float("validation_fraction", 0.0, "Validation share, among all records.", 0.0, 1.0)
flags.DEFINE_integer("folds", None, "Number of folds. Default: one split.", lower_bound=2)
flags.DEFINE_integer("seed", 0, "Random seed.", lower_bound=0)
flags.DEFINE_boolean("overwrite", False, "Permission to replace existing split files.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    output = local_path(FLAGS.output, "output")
    _check_flags(output)
    paths = [output.with_stem(f"{output.stem}_{fold + 1}") for fold in range(FLAGS.folds or 0)] or [output]
    left = splits.further_folds(output, FLAGS.folds) if FLAGS.folds else []
    splits.check_new([path for path in (*paths, *left) if path.exists()], FLAGS.overwrite)
    source_dir, options = Path(FLAGS.source_dir), dataset_flags.options()
    check_use(FLAGS.dataset, source_dir, options)
    source = DATASETS[FLAGS.dataset](source_dir, **options)
    settings = splits.SplitSettings(FLAGS.by, FLAGS.test_fraction, FLAGS.validation_fraction, FLAGS.folds, FLAGS.seed)
    for path, split in zip(paths, splits.make_splits(source.samples, settings), strict=True):
        splits.write_split_csv(path, split, source.samples)
        counts = collections.Counter(split.values())
        print(f"{path}: {', '.join(f'{name} {counts[name]}' for name in splits.SPLITS if counts[name])}")
    for path in left:
        path.unlink()
        print(f"{path}: removed, a fold of the split before")
    for note in source.notes:
        print(note, file=sys.stderr)
    if wrong := [sample.video_id for sample in source.samples if sample.problems]:
        print(f"Split as well, in spite of problems that check reports: {shown(wrong)}.", file=sys.stderr)


def _check_flags(output: Path) -> None:
    drawn = [name for name in ("folds", "test_fraction", "validation_fraction", "seed") if FLAGS[name].present]
    if FLAGS.by == "own" and drawn:
        raise InputError("flags_conflict", f"--{drawn[0]} has no effect with --by=own, which draws nothing.")
    if FLAGS.folds and FLAGS["test_fraction"].present:
        raise InputError("flags_conflict", "--test_fraction has no effect with --folds, each of which is tested on.")
    if output.suffix != ".csv":
        raise InputError("wrong_format", f"--output={output} does not end in .csv.")


if __name__ == "__main__":
    sys.exit(cli.run(main))
