"""The web page as its command serves it."""

import contextlib
import os
import subprocess
import sys

from command_forks import ROOT

MODEL = "diving_small"


@contextlib.contextmanager
def web_server(folder, *flags):
    """Yields the address of a server and its process. Its videos lie in `folder`, what it prints in `folder/log`."""
    words = [sys.executable, "-m", "scoringnet_tf.serve", f"--model={MODEL}", "--port=0", *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    pipes = {"stdout": subprocess.PIPE, "stderr": (folder / "log").open("w"), "text": True}
    with pipes["stderr"], subprocess.Popen(words, **pipes, env=environment) as process:
        try:
            line = process.stdout.readline()  # "Open http://…", once it is ready
            assert "http://" in line, (folder / "log").read_text()
            yield line.split()[-1], process
        finally:
            process.terminate()
