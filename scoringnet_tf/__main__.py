"""`scoringnet`, or `python -m scoringnet_tf`: every command, of this package and of data_prep."""

import sys

from scoringnet_tf.support.commands import GROUPS, run


def main() -> int:
    """Runs a command, or lists them."""
    return run("scoringnet", GROUPS)


if __name__ == "__main__":
    sys.exit(main())
