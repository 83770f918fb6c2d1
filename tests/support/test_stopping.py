"""How commands end: signals, closed pipes, full disks, too little memory, names that do not encode. One line each."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest
from conftest import disposed

from scoringnet_tf.support.cli import stoppable
from scoringnet_tf.support.errors import Stopped

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_becomes_an_exception_once(number, status):
    tidied_up = False
    with disposed(number, signal.default_int_handler):
        with pytest.raises(Stopped, match=rf"stopped by {signal.Signals(number).name}\.") as stop, stoppable():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)
                tidied_up = True
        assert tidied_up and stop.value.exit_status == status
        assert signal.getsignal(number) is signal.default_int_handler


# === Of a command ===

COMMAND = """
import errno, os, signal, sys
from scoringnet_tf.support import cli
def main(_):
    print("so far", flush=True)
    {work}
    print("not reached")
cli.run(main)
"""


def ended(work, sigint=signal.SIG_DFL, **options):
    """Runs it with SIGINT at its default, however the tests were started."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("environment", {})}
    code = [sys.executable, "-c", COMMAND.format(work=work)]
    options = {"stdout": subprocess.PIPE, **options}
    with disposed(signal.SIGINT, sigint):
        return subprocess.run(code, stderr=subprocess.PIPE, text=True, env=environment, **options)


@pytest.mark.parametrize(
    ("work", "status", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGINT)", 130, "-c: stopped by SIGINT."),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, "-c: stopped by SIGTERM."),
        ("raise MemoryError", 1, "-c: out of memory."),
        ("raise type('ResourceExhaustedError', (Exception,), {})('a: full')", 1, "-c: out of memory or disk: a: full"),
        (
            "raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'a/b.png')",
            1,
            "-c: a/b.png: No space left on device.",
        ),
        ("open('/')", 1, "-c: /: Is a directory."),
    ],
)
def test_what_a_user_can_see_to_is_one_line(work, status, said):
    result = ended(work)
    assert (result.returncode, result.stdout) == (status, "so far\n")
    assert result.stderr.splitlines() == [said]


def test_who_was_started_with_sigint_ignored_goes_on():
    """As in the background of a shell's script, or by nohup: Ctrl-C is meant for what is in the foreground."""
    result = ended("os.kill(os.getpid(), signal.SIGINT)", sigint=signal.SIG_IGN)
    assert (result.returncode, result.stdout, result.stderr) == (0, "so far\nnot reached\n", "")
    assert ended("os.kill(os.getpid(), signal.SIGTERM)", sigint=signal.SIG_IGN).returncode == 143


def test_an_error_of_ours_still_shows_where_it_is():
    assert "ZeroDivisionError" in ended("1 / 0").stderr


def test_a_reader_that_goes_away_ends_it_with_one_line():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = ended("pass", stdout=writing)
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (1, "-c: whoever read the output has closed it: stopped.\n")


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_ends_it_with_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        result = ended("pass", stdout=full)
    assert (result.returncode, result.stderr) == (1, "-c: No space left on device.\n")


def test_a_name_that_the_locale_cannot_print_is_printed_all_the_same():
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = ended(
        "print(chr(228), chr(0xdcff)); print(chr(228), file=sys.stderr); sys.exit(0)", environment=environment
    )
    assert (result.returncode, result.stdout) == (0, "so far\n\\xe4 \\udcff\n") and result.stderr == "\\xe4\n"
