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


def test_a_command_ends_with_its_killed_parent(tmp_path):
    log = tmp_path / "log.txt"
    sleeping = ["-n1", "-s", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
    call = f"Forks([]).run('timeit', {sleeping}, Path({str(log)!r}))"
    code = f"from pathlib import Path; from {Forks.__module__} import Forks; {call}"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        while not (log.is_file() and log.read_text().endswith("\n")):
            time.sleep(0.01)
        parent.kill()
    with contextlib.suppress(ProcessLookupError):
        while os.kill(int(log.read_text()), 0) is None:
            time.sleep(0.01)


def test_a_server_does_not_tidy_up_after_whoever_waited(tmp_path):
    """Some libraries take seconds for that."""
    (tmp_path / "slow_end.py").write_text(
        "import atexit, os, time\n"
        "server = os.getpid()\n"
        "atexit.register(lambda: os.getpid() == server and time.sleep(600))\n"
    )
    code = f"from pathlib import Path; from {Forks.__module__} import Forks; "
    code += f"print(Forks(['slow_end']).run('json.tool', ['-h'], Path({str(tmp_path / 'log.txt')!r})))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0\n", "")


def test_what_cannot_be_imported_is_told_by_the_command(tmp_path):
    forks, log = Forks(["no_such_module"]), tmp_path / "log.txt"
    assert forks.run("no_such_module", [], log) == 1
    assert "no_such_module" in log.read_text()
