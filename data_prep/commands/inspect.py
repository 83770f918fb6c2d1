"""Verifies a folder of TFRecords and draws a contact sheet.

    python -m data_prep inspect --records_dir=RECORDS [--output=sheet.png]

Every record is parsed, every frame decoded, and all counts and hashes are compared with dataset_info.json. For records
of features the contact sheet shows them through time.
"""

import sys

from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.paths import as_path, writable_path

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_string("output", None, "PNG file for a contact sheet. Default: none.")
flags.DEFINE_string("split", None, "Split on the contact sheet. Default: train, else the first one.")
flags.DEFINE_integer("num_videos", 6, "Videos on the contact sheet, evenly spaced.", lower_bound=1)


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    from data_prep.records.summary import summary
    from scoringnet_tf.data.dataset_info import load_records

    if FLAGS.output:
        if not FLAGS.output.endswith(".png"):
            raise InputError("wrong_format", f"--output={FLAGS.output} does not end in .png.")
        writable_path(as_path(FLAGS.output, "output").parent, "output")
    unused = [name for name in ("split", "num_videos") if FLAGS[name].present]
    if unused and not FLAGS.output:
        raise InputError("flag_unused", f"--{unused[0]} has no effect without --output.")
    info = load_records(FLAGS.records_dir)
    split = FLAGS.split or ("train" if "train" in info.splits else min(info.splits))
    info.split(split)
    print(summary(info))

    cli.load_tensorflow()
    from data_prep.records.contact_sheet import save_contact_sheet
    from data_prep.records.verifying import verify_records

    problems = verify_records(info)
    if problems:
        raise InputError("damaged_records", "\n  ".join([f"{FLAGS.records_dir} is not sound:", *problems]))
    print(f"{counted(len(info.videos), 'record')}, all sound.")
    if FLAGS.output:
        save_contact_sheet(info, split, FLAGS.num_videos, FLAGS.output)
        print(f"Contact sheet: {FLAGS.output}")


if __name__ == "__main__":
    sys.exit(cli.run(main))
