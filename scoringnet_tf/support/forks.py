"""Commands in forks of one process that has imported what they need: each starts at once, in a process of its own.

    python -m scoringnet_tf.support.forks MODULE …

imports these modules, reads a line for each command (JSON: module, arguments, log file), and writes its exit status.
Linux alone forks well once libraries are loaded; elsewhere each command imports its own.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

POLL = 0.02  # seconds between two looks whether a command has ended


class Forks:
    """Runs commands, one after the other.

    Args:
        imported: modules that most commands need. They may define no flags, start no threads and use no GPU.
    """

    def __init__(self, imported: Sequence[str]) -> None:
        self.imported = imported
        self.server: subprocess.Popen[str] | None = None

    def run(self, module: str, arguments: Sequence[str], log: Path) -> int:
        """The exit status of `python -m module arguments`, whose output is appended to `log`; negative: a signal.

        The command ends with whoever waits for it, even if that process is killed.

        Raises:
            RuntimeError: the server was killed.
        """
        if sys.platform != "linux":
            with log.open("ab") as file:
                command = [sys.executable, "-m", module, *arguments]
                return subprocess.run(command, stdout=file, stderr=file).returncode
        if self.server is None or self.server.poll() is not None:
            self.server = self._started()
        assert self.server.stdin and self.server.stdout
        try:
            print(json.dumps([module, list(arguments), str(log)]), file=self.server.stdin, flush=True)
            status = self.server.stdout.readline()
        except BaseException:  # whoever waits is stopped, and so is the command
            _stop(self.server)
            raise
        if not status:
            raise RuntimeError(f"{__name__} ended with {_stop(self.server)}.")
        return int(status)

    def _started(self):
        command = [sys.executable, "-m", "scoringnet_tf.support.forks", *self.imported]
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # notices of TensorFlow's libraries
            text=True,
            env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ},
            start_new_session=True,
        )
        atexit.register(_stop, server)  # it would end with its input, once the libraries have tidied up
        return server


def _stop(server: subprocess.Popen[str]) -> int:
    """The exit status of a server, which is stopped with its command."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    return server.wait()


def _serve(imported):
    with contextlib.suppress(ImportError):  # the command meets it again, and its log tells
        for module in imported:
            importlib.import_module(module)
    gc.freeze()  # the collector would write into what is imported, and so copy it
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            return _become(*json.loads(line))
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if select.select([sys.stdin], [], [], POLL)[0]:  # nobody writes now: whoever waits is gone
                os.killpg(0, signal.SIGTERM)
        print(os.waitstatus_to_exitcode(ended[1]), flush=True)


def _become(module, arguments, log):
    """Runs the command; the process ends with it."""
    sys.stdin = io.StringIO()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(sys.argv[1:])
