"""Commands in forks: their output, how they end, and that they are stopped with whoever waits."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from scoringnet_tf.support.forks import Forks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands do not fork there")


def test_forks_end_and_print_as_commands_do(tmp_path):
    (tmp_path / "one.json").write_text('{"a": [1, 2]}')
    forks, log = Forks(["json"]), tmp_path / "log.txt"
    log.write_text("before\n")
    words = [["json.tool", str(tmp_path / "one.json")], ["json.tool", "--unknown"], ["json.tool", "--compact", "-h"]]
    alone = [subprocess.run([sys.executable, "-m", *each], capture_output=True, text=True) for each in words]
    assert [forks.run(module, arguments, log) for module, *arguments in words] == [each.returncode for each in alone]
    assert log.read_text() == "before\n" + "".join(each.stdout + each.stderr for each in alone)
    forks.server.communicate(timeout=10)
    assert forks.run(*words[0][:1], words[0][1:], log) == 0  # by another server


def test_a_command_is_stopped_with_whoever_waits(tmp_path):
    def stop(*_):
        raise KeyboardInterrupt

    forks, before = Forks([]), signal.signal(signal.SIGALRM, stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 1)
            forks.run("http.server", ["--bind=127.0.0.1", "0"], tmp_path / "log.txt")
    finally:
        signal.signal(signal.SIGALRM, before)
    with contextlib.suppress(ProcessLookupError):
        while os.killpg(forks.server.pid, 0) is None:
            time.sleep(0.01)
