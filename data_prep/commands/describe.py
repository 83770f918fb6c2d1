"""Counts what records hold: videos of each split, scores, lengths, stages, and what is missing.

    python -m data_prep describe --records_dir=RECORDS [--json]

Every record is read, no frame is decoded. `python -m data_prep inspect` verifies and shows the frames.
"""

import json

from absl import flags

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_boolean("json", False, "JSON in place of tables.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    from scoringnet_tf.data.dataset_info import load_records

    info = load_records(FLAGS.records_dir)

    from data_prep.records.description import as_text, describe

    description = describe(info)
    print(json.dumps(description, indent=2, ensure_ascii=False) if FLAGS.json else as_text(description))
