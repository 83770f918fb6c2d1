"""Turns videos and their labels into TFRecords.

    python -m data_prep build --dataset=unlv_diving --source_dir=VIDEOS --output_dir=RECORDS --nonmonotone=drop

Every problem of videos, scores, stages and splits is reported by file and row. Nothing is written then, unless
--on_error=skip says otherwise. Two rows of the public UNLV-Diving need --nonmonotone=drop. The output folder appears
whole or not at all.

A manifest.csv with a column features makes feature records, such as `python -m scoringnet_tf.extract` writes, in
place of frames. Flags for frames and decoding are refused then.
"""

import sys
from pathlib import Path
from typing import Any

from absl import flags

from data_prep.commands import dataset_flags
from scoringnet_tf.data.preprocessing import FITS
from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.adopt_module_key_flags(dataset_flags)
flags.DEFINE_string("output_dir", None, "New folder for the TFRecords and dataset_info.json.", required=True)
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
SETTINGS = (  # flags that are fields of `BuildSettings`
    *("jpeg_quality", "aspect", "fit", "num_shards"),
    *("nonmonotone", "on_inconsistent", "on_lookalike", "on_error"),
)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    from data_prep.records.building import BuildSettings, build_records
    from data_prep.records.summary import summary

    if Path(FLAGS.source_dir).is_dir():  # else it is refused at once
        cli.load_tensorflow()
    size = (FLAGS.frame_height, FLAGS.frame_width)
    values: dict[str, Any] = {name: FLAGS[name].value for name in SETTINGS}
    info, notes = build_records(
        FLAGS.dataset,
        FLAGS.source_dir,
        FLAGS.output_dir,
        BuildSettings(size, **values),
        overwrite=FLAGS.overwrite,
        workers=FLAGS.workers,
        runner=FLAGS.runner,
        **dataset_flags.options(),
    )
    print("\n".join([f"\n{summary(info)}", "", *notes, f"Written to {FLAGS.output_dir}"]))


if __name__ == "__main__":
    sys.exit(cli.run(main))
