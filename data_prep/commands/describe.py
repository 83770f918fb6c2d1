"""Counts what records hold: videos of each split, scores, lengths, stages, and what is missing.

    python -m data_prep describe --records_dir=RECORDS [--output=description.png]
    python -m data_prep describe --records_dir=RECORDS --json

Every record is read, no frame is decoded. `python -m data_prep inspect` verifies and shows the frames.
"""

import json

from absl import flags

from data_prep.support.options import check_picture
from scoringnet_tf.data.dataset_info import load_records

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_boolean("json", False, "JSON in place of tables.")
flags.DEFINE_string("output", None, "PNG file for a picture of the description. Default: none.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    check_picture(FLAGS.output)
    info = load_records(FLAGS.records_dir)

    from data_prep.records.description import as_text, describe

    description = describe(info)
    if FLAGS.output:
        from data_prep.records.description_picture import save_picture

        save_picture(description, FLAGS.output)
    print(json.dumps(description, indent=2, ensure_ascii=False) if FLAGS.json else as_text(description))
