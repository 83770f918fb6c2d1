"""Says what records hold, before they are trained on: videos of each split, scores, lengths, stages, what lacks.

    python -m data_prep describe --records_dir=RECORDS [--output=description.png]
    python -m data_prep describe --records_dir=RECORDS --json

Every record is read, no frame is decoded. `python -m data_prep inspect` shows the frames, and verifies them.
"""

import json

from absl import flags

from scoringnet_tf.data.records import load_records
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path, check_access

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Folder made by `python -m data_prep build`.", required=True)
flags.DEFINE_boolean("json", False, "Print JSON in place of tables.")
flags.DEFINE_string("output", None, "PNG file to draw the same into. Default: none is drawn.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    if FLAGS.output and not FLAGS.output.endswith(".png"):
        raise InputError("todo", f"--output: expected a file name ending in .png. Received: {FLAGS.output}")
    if FLAGS.output:
        check_access(as_path(FLAGS.output).parent, "output", writing=True)
    info = load_records(FLAGS.records_dir)

    from data_prep.records.description import as_text, describe

    description = describe(info)
    if FLAGS.output:
        from data_prep.records.description_picture import save_picture

        save_picture(description, FLAGS.output)
    print(json.dumps(description, indent=2, ensure_ascii=False) if FLAGS.json else as_text(description))
