"""`python -m data_prep`: videos and labels in, TFRecords out."""

import sys

from scoringnet_tf.support.commands import PREPARATION, run


def main() -> int:
    """Runs a command, or lists them."""
    return run("python -m data_prep", PREPARATION, alone=2)


if __name__ == "__main__":
    sys.exit(main())
