"""Verifies a folder of TFRecords and draws a contact sheet.

    python -m data_prep inspect --records_dir=RECORDS [--output=sheet.png]

Every record is parsed, every frame decoded, and all counts and hashes are compared with dataset_info.json. With
--source_dir the stored frames are also compared with those of the videos that they came from. Of records of features
the contact sheet shows the features through time, and --source_dir must hold the same numbers.
"""

from pathlib import Path

from absl import flags

from data_prep.records.summary import summary
from scoringnet_tf.data.records import load_records
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.paths import as_path, check_access

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_string(
    "source_dir", None, "Folder that the records were built from: PSNR against the decoded videos is reported."
)
flags.DEFINE_string("output", None, "PNG file to draw a contact sheet into. Default: none is drawn.")
flags.DEFINE_string("split", None, "Split that the contact sheet shows. Default: the first one, train if there is one.")
flags.DEFINE_integer("num_videos", 6, "Videos on the contact sheet, evenly spaced through the split.", lower_bound=1)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    if FLAGS.output and not FLAGS.output.endswith(".png"):
        raise InputError("todo", f"--output: expected a file name ending in .png. Received: {FLAGS.output}")
    drawn = [name for name in ("split", "num_videos") if FLAGS[name].present]
    if drawn and not FLAGS.output:
        raise InputError(
            "todo", f"--{drawn[0]}: expected it with --output, which is drawn of it. Received: no --output."
        )
    if FLAGS.output:
        check_access(as_path(FLAGS.output).parent, "output", writing=True)
    info = load_records(FLAGS.records_dir)
    split = FLAGS.split or ("train" if "train" in info.splits else min(info.splits))
    info.split(split)
    print(summary(info))

    from data_prep.records.contact_sheet import save_contact_sheet
    from data_prep.records.verifying import verify_records

    problems = verify_records(info)
    if FLAGS.source_dir and not problems:
        problems = _compare(info, FLAGS.source_dir)
    if problems:
        raise InputError("todo", "\n  ".join([f"{FLAGS.records_dir}: expected sound records. Received:", *problems]))
    print(f"{counted(len(info.videos), 'record')}, all sound.")
    if FLAGS.output:
        save_contact_sheet(info, split, FLAGS.num_videos, FLAGS.output)
        print(f"Contact sheet: {FLAGS.output}")


def _compare(info, source_dir):
    """Prints the PSNR against the source; returns the problems."""
    from data_prep.records.psnr import compare_with_source

    if not Path(source_dir).is_dir():
        raise InputError(
            "todo", f"--source_dir: expected the folder of the videos. Received: {source_dir}, which is none."
        )
    comparison = compare_with_source(info, source_dir)
    print(comparison.summary())
    return comparison.problems
