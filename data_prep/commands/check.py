"""Checks videos and labels without writing anything.

    python -m data_prep check --dataset=unlv_diving --source_dir=VIDEOS

Every video is decoded, and all that `build` would refuse is reported by file and row. The exit status is 0 for a sound
dataset, 1 for problems, and 2 for wrong flags.
"""

import sys

from absl import flags

from data_prep.commands import dataset_flags
from data_prep.support.options import OptionError
from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.adopt_module_key_flags(dataset_flags)
flags.DEFINE_integer("workers", None, "Decoding processes. Default: one per core.", lower_bound=1)

SOUND, PROBLEMS, WRONG_USE = 0, 1, 2


def main(_: list[str]) -> int:
    """Runs the command with the parsed flags; returns its exit status."""
    from data_prep.records.checks import check

    try:
        lines, num_problems = check(FLAGS.dataset, FLAGS.source_dir, FLAGS.workers, **dataset_flags.options())
    except OptionError as error:
        print(f"check: {error} [{error.code}]", file=sys.stderr)
        return WRONG_USE
    print("\n".join(lines))
    return PROBLEMS if num_problems else SOUND


if __name__ == "__main__":
    sys.exit(cli.run(main, wrong_use=WRONG_USE))
