"""Work for a worker of Beam that takes an hour."""

import os
import time


def wait(path):
    """Writes the number of its process to `path`, and waits."""
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").rename(path)
    time.sleep(3600)
