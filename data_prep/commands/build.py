"""Turns videos and their labels into TFRecords.

    python -m data_prep build --dataset=unlv_diving --source_dir=VIDEOS --output_dir=RECORDS --nonmonotone=drop
    python -m data_prep build --dataset=unlv_diving --source_dir=VIDEOS --dry_run

Every problem of videos, scores, stages and splits is reported by file and row. Nothing is written then, unless
--on_error=skip says otherwise. Two rows of the public UNLV-Diving need --nonmonotone=drop. The output folder appears
whole or not at all. --dry_run decodes every video, lists all problems and warnings at once, and writes nothing; the
exit status is 1 if there are problems.

A manifest.csv with a column features makes feature records, such as `python -m scoringnet_tf.extract` writes, in
place of frames. Flags for frames and decoding are refused then.
"""

import sys
from pathlib import Path
from typing import Any

from absl import flags

from data_prep.datasets import DATASETS
from data_prep.datasets.aqa7 import ACTIONS
from data_prep.datasets.readers.text import DELIMITERS
from scoringnet_tf.data.preprocessing import FITS
from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.DEFINE_enum("dataset", None, sorted(DATASETS), "Official layout in --source_dir.", required=True)
flags.DEFINE_string("source_dir", None, "Folder with the dataset's videos and label files.", required=True)
flags.DEFINE_string("output_dir", None, "New folder for the TFRecords and dataset_info.json.")
flags.DEFINE_boolean("dry_run", False, "Every check, in place of records.")
# Of a dataset
flags.DEFINE_string("split_dir", None, "UNLV, MIT-Diving: folder with training_idx.mat. Default: the only split_*.")
flags.DEFINE_string("difficulty_csv", None, "UNLV-Vault: CSV file (video,difficulty) with the difficulties.")
flags.DEFINE_enum("action", None, [*ACTIONS], "AQA-7: its action.")
flags.DEFINE_integer("official_split", None, "UCF-101: official split. Default: 1.", lower_bound=1, upper_bound=3)
flags.DEFINE_string(
    "sport",
    None,
    "UNLV, MIT-Diving: diving or diving_phases. Manifest, motion: a shipped sport, or your own .yaml file.",
)
flags.DEFINE_string("manifest_csv", None, "Manifest: table (docs/data.md). Default: manifest.csv in --source_dir.")
flags.DEFINE_enum("delimiter", None, [*DELIMITERS], "Manifest: delimiter. Default: found.")
flags.DEFINE_boolean("decimal_comma", None, "Manifest: decimal commas (3,2) in numbers. Default: found.")
flags.DEFINE_string("encoding", None, "Manifest: table encoding, such as cp1252. Default: UTF-8.")
flags.DEFINE_integer(
    "feature_stride",
    None,
    "Manifest with features: video frames per step. Default: features.json, or 1.",
    lower_bound=1,
)
flags.DEFINE_string("split_csv", None, "CSV file (id,split), replacing the dataset's own split.")
# Of the records
flags.DEFINE_integer("frame_height", 73, "Stored frame height, pixels; 128 for 112×112 crops.", lower_bound=1)
flags.DEFINE_integer("frame_width", 98, "Stored frame width, pixels; 171 for 112×112 crops.", lower_bound=1)
flags.DEFINE_integer("jpeg_quality", 92, "JPEG quality for the stored frames.", lower_bound=1, upper_bound=100)
flags.DEFINE_float("aspect", None, "Stored aspect, width over height. Default: the training median.", 0.1, 10.0)
flags.DEFINE_enum(
    "fit", "crop", FITS, "Treatment for other aspects (by over 5 %): middle crop, black bars, or stretch."
)
flags.DEFINE_integer("num_shards", None, "Shards per split. Default: 64 MB each, at least two.", lower_bound=1)
flags.DEFINE_enum("nonmonotone", "refuse", ["refuse", "drop"], "Treatment for stage boundaries that go back in time.")
flags.DEFINE_enum(
    "on_inconsistent",
    "refuse",
    ["refuse", "drop", "keep"],
    "Treatment for scores that contradict each other; keep marks them in dataset_info.json.",
)
flags.DEFINE_enum(
    "on_lookalike",
    "refuse",
    ["refuse", "drop", "keep"],
    "Treatment for videos that look like one in another split; keep marks them.",
)
flags.DEFINE_enum("on_error", "refuse", ["refuse", "skip"], "Treatment for rows with any other problem.")
flags.DEFINE_boolean("overwrite", False, "Permission to replace --output_dir, once the new one is complete.")
flags.DEFINE_integer("workers", None, "Decoding processes. Default: one per core.", lower_bound=1)
flags.DEFINE_string("runner", None, "Apache Beam runner with its options, replacing processes (docs/scaling.md).")
OPTIONS = (  # flags that are arguments of the dataset's `read`
    *("split_dir", "difficulty_csv", "action", "official_split", "sport"),
    *("manifest_csv", "delimiter", "decimal_comma", "encoding", "feature_stride", "split_csv"),
)
SETTINGS = (  # flags that are fields of `BuildSettings`
    *("jpeg_quality", "aspect", "fit", "num_shards"),
    *("nonmonotone", "on_inconsistent", "on_lookalike", "on_error"),
)


def main(_: list[str]) -> int:
    """Runs the command with the parsed flags; returns its exit status."""
    from data_prep.records.building import BuildSettings, build_records
    from data_prep.records.checks import check
    from data_prep.records.summary import summary

    options: dict[str, Any] = {name: FLAGS[name].value for name in OPTIONS if FLAGS[name].value is not None}
    if FLAGS.dry_run:
        lines, num_problems = check(FLAGS.dataset, FLAGS.source_dir, FLAGS.workers, **options)
        print("\n".join(lines))
        return 1 if num_problems else 0
    cli.require(output_dir=FLAGS.output_dir)
    if Path(FLAGS.source_dir).is_dir():  # else it is refused at once
        cli.load_tensorflow()
    values: dict[str, Any] = {name: FLAGS[name].value for name in SETTINGS}
    settings = BuildSettings((FLAGS.frame_height, FLAGS.frame_width), **values)
    info, notes = build_records(
        FLAGS.dataset,
        FLAGS.source_dir,
        FLAGS.output_dir,
        settings,
        overwrite=FLAGS.overwrite,
        workers=FLAGS.workers,
        runner=FLAGS.runner,
        **options,
    )
    print("\n".join([f"\n{summary(info)}", "", *notes, f"Written to {FLAGS.output_dir}"]))
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main))
