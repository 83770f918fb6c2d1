"""Turns videos and their labels into TFRecords.

    python -m data_prep build --dataset=unlv_diving --source_dir=VIDEOS --output_dir=RECORDS --nonmonotone=drop

Every inconsistency between videos, scores, stages and splits is reported by file and row; unless --on_error=skip says
otherwise, nothing is written then (the public UNLV-Diving has two rows that --nonmonotone=drop leaves out). The output
folder appears whole or not at all.

A manifest.csv with a column features makes records of features (of `python -m scoringnet_tf.extract`, or of anyone's)
in place of frames; the flags that say how frames are stored, or on what they are decoded, are refused then.
"""

from absl import flags

from data_prep.commands import dataset_flags
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.summary import summary
from scoringnet_tf.data.preprocessing import FITS

FLAGS = flags.FLAGS
flags.adopt_module_key_flags(dataset_flags)
flags.DEFINE_string("output_dir", None, "Folder to create for the TFRecords and dataset_info.json.", required=True)
flags.DEFINE_integer(
    "frame_height",
    73,
    "Height of the stored frames, pixels. Training crops from it: the default 73×98 serves a 64×64 model; the paper's "
    "112×112 needs 128×171 (--frame_height=128 --frame_width=171, C3D's own sizes).",
    lower_bound=1,
)
flags.DEFINE_integer("frame_width", 98, "Width of the stored frames, pixels.", lower_bound=1)
flags.DEFINE_integer("jpeg_quality", 92, "Quality of the stored JPEG frames.", lower_bound=1, upper_bound=100)
flags.DEFINE_float(
    "aspect",
    None,
    "Width over height of the picture that fills a stored frame, e.g. that of the records that a model was trained on. "
    "Default: the median of the training videos'.",
    lower_bound=0.1,
    upper_bound=10,
)
flags.DEFINE_enum(
    "fit",
    "crop",
    FITS,
    "What is done to videos of another aspect (by more than 5 %): crop takes the middle, pad adds black bars, stretch "
    "changes their shape. The model does the same to the videos that it scores.",
)
flags.DEFINE_integer("num_shards", None, "Shards per split. Default: 64 MB each, at least two.", lower_bound=1)
flags.DEFINE_enum(
    "nonmonotone",
    "refuse",
    ["refuse", "drop"],
    "Rows whose stage boundaries go back in time (32 and 95 of UNLV-Diving): refuse, or leave those videos out.",
)
flags.DEFINE_enum(
    "on_inconsistent",
    "refuse",
    ["refuse", "drop", "keep"],
    "Rows whose scores are possible, each by itself, but contradict each other, such as a final score and the judges' "
    "marks (30 of MTL-AQA): refuse, leave those videos out, or keep them, marked in dataset_info.json.",
)
flags.DEFINE_enum(
    "on_lookalike",
    "refuse",
    ["refuse", "drop", "keep"],
    "Videos that look like one of another split, in other bytes: refuse, leave them out, or keep them, marked in "
    "dataset_info.json, where you know that they are others. Of two the one that the dataset lists second is left out, "
    "in most datasets one to test on.",
)
flags.DEFINE_enum(
    "on_error",
    "refuse",
    ["refuse", "skip"],
    "Rows with any other problem: refuse to write anything, or leave them out and list them.",
)
flags.DEFINE_boolean("overwrite", False, "Replace an existing --output_dir, once the new one is complete.")
flags.DEFINE_integer("workers", None, "Processes that decode. Default: one per core.", lower_bound=1)
flags.DEFINE_string(
    "runner",
    None,
    "Decode on a runner of Apache Beam in place of processes: its name and Beam's options, such as 'FnApiRunner "
    "--direct_running_mode=multi_processing --direct_num_workers=4'. Its workers must see the source and the folder of "
    "--output_dir. Needs the extra beam.",
)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    settings = BuildSettings(
        frame_size=(FLAGS.frame_height, FLAGS.frame_width),
        jpeg_quality=FLAGS.jpeg_quality,
        aspect=FLAGS.aspect,
        fit=FLAGS.fit,
        num_shards=FLAGS.num_shards,
        nonmonotone=FLAGS.nonmonotone,
        on_inconsistent=FLAGS.on_inconsistent,
        on_lookalike=FLAGS.on_lookalike,
        on_error=FLAGS.on_error,
    )
    info, notes = build_records(
        FLAGS.dataset,
        FLAGS.source_dir,
        FLAGS.output_dir,
        settings,
        overwrite=FLAGS.overwrite,
        workers=FLAGS.workers,
        runner=FLAGS.runner,
        **dataset_flags.options(),
    )
    print("\n".join([f"\n{summary(info)}", "", *notes, f"Written to {FLAGS.output_dir}"]))
