"""What all commands share: flags without a value, Keras's backend, signals, full disks, closed pipes, names."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from command_forks import ROOT
from conftest import disposed
from refusals import code_printed
from test_commands import command

from scoringnet_tf.support.cli import stoppable
from scoringnet_tf.support.messages import Stopped


def test_a_flag_without_a_value_is_refused():
    """A shell makes it of a variable that is not set."""
    result = command("data_prep", "build", "--dataset=unlv_diving", "--source_dir=none", "--split_csv=", check=False)
    assert code_printed(result.stderr) == "empty_flag" and "--split_csv" in result.stderr
    assert (result.returncode, result.stdout) == (1, "")


def test_training_takes_an_empty_value(tmp_path):
    (tmp_path / "recipe.flags").write_text("--initial_model=nowhere.keras\n")
    words = ("scoringnet_tf.train", f"--flagfile={tmp_path / 'recipe.flags'}", "--initial_model=")
    result = command(*words, check=False, cwd=tmp_path)
    assert code_printed(result.stderr) == "missing_flag" and "--records_dir" in result.stderr


def test_a_flag_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "x.cfg").write_bytes(b"\xff")
    for words in (("--flagfile", "x.cfg"), ("--flagfile=x.cfg",)):
        result = command("data_prep", "inspect", *words, check=False, cwd=tmp_path)
        assert code_printed(result.stderr) == "wrong_format" and "x.cfg" in result.stderr


def test_commands_that_need_keras_refuse_another_backend(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert code_printed(command("scoringnet_tf.train", check=False).stderr) == "wrong_backend"
    assert code_printed(command("data_prep", "inspect", "--records_dir=none", check=False).stderr) == "not_found"


# One that scores: TensorFlow, its graph and the first use of a device have no word on stderr.
PREDICT = [sys.executable, "-m", "scoringnet_tf.predict", "--model=diving_small", "tests/clips/diving.mp4", "--json"]


@pytest.mark.slow
def test_commands_compute_with_tensorflow_whatever_keras_json_says_and_say_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "jax"}))
    done = subprocess.run(PREDICT, cwd=ROOT, capture_output=True, text=True)
    assert json.loads(done.stdout)["error"] is None and done.stderr == ""


@pytest.mark.slow
def test_tensorflow_says_what_a_user_asks_it_to(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    done = subprocess.run(PREDICT, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr


@pytest.mark.parametrize(("given", "threads"), [({}, 1), ({"OPENCV_FOR_THREADS_NUM": "2"}, 2)])
def test_a_command_gives_opencv_one_thread_unless_a_user_gives_more(given, threads):
    body = "def main(_):\n    import cv2\n    print(cv2.getNumThreads())\n"
    words = [sys.executable, "-c", f"from scoringnet_tf.support import cli\n{body}cli.run(main)"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ | given, capture_output=True, text=True)
    assert int(done.stdout) == threads


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_becomes_an_exception_once(number, status):
    tidied_up = False
    with disposed(number, signal.default_int_handler):
        with pytest.raises(Stopped) as stop, stoppable():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)
                tidied_up = True
        assert tidied_up and stop.value.exit_status == status and signal.Signals(number).name in str(stop.value)
        assert signal.getsignal(number) is signal.default_int_handler


# As TensorFlow 2.21 says it
OF_TENSORFLOW = """{{function_node __wrapped__IteratorGetNext_device_/job:localhost}} Error in user-defined function
passed to ParallelMapDatasetV2:7 transformation with iterator: Iterator::Root::Prefetch::FlatMap[0]::ParallelMapV2:
corrupted record at 12\n\t [[{{node DatasetToSingleElement}}]] [Op:IteratorGetNext] name:"""
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
    ("work", "status", "code", "named"),
    [
        ("os.kill(os.getpid(), signal.SIGINT)", 130, None, "SIGINT"),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, None, "SIGTERM"),
        ("raise MemoryError", 1, "out_of_memory", ""),
        ("raise type('ResourceExhaustedError', (Exception,), {})('a: full')", 1, "out_of_memory", "a: full"),
        ("raise type('DataLossError', (Exception,), {})('a.tfrecord')", 1, "damaged_records", "a.tfrecord"),
        (
            f"raise type('DataLossError', (Exception,), {{}})({OF_TENSORFLOW!r})",
            1,
            "damaged_records",
            "(corrupted record at 12).",
        ),
        ("raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'a/b.png')", 1, "disk_full", "a/b.png"),
        ("open('none.csv')", 1, "not_found", "none.csv"),
        ("open('/')", 1, "not_usable", "/"),
    ],
)
def test_an_error_of_the_user_is_one_line(work, status, code, named):
    result = ended(work)
    (line,) = result.stderr.splitlines()
    assert (result.returncode, result.stdout, code_printed(line)) == (status, "so far\n", code) and named in line


def test_who_was_started_with_sigint_ignored_goes_on():
    """As in the background of a shell's script, or by nohup: Ctrl-C is meant for what is in the foreground."""
    result = ended("os.kill(os.getpid(), signal.SIGINT)", sigint=signal.SIG_IGN)
    assert (result.returncode, result.stdout, result.stderr) == (0, "so far\nnot reached\n", "")
    assert ended("os.kill(os.getpid(), signal.SIGTERM)", sigint=signal.SIG_IGN).returncode == 143


def test_a_fault_of_the_program_shows_its_traceback():
    assert "ZeroDivisionError" in ended("1 / 0").stderr


def test_a_reader_that_goes_away_ends_it_with_one_line():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = ended("pass", stdout=writing)
    finally:
        os.close(writing)
    (line,) = result.stderr.splitlines()
    assert (result.returncode, code_printed(line)) == (1, "output_closed")


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_ends_it_with_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        result = ended("pass", stdout=full)
    (line,) = result.stderr.splitlines()
    assert (result.returncode, code_printed(line)) == (1, "disk_full")


def test_a_name_that_the_locale_cannot_print_is_printed_all_the_same():
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    work = "print(chr(228), chr(0xdcff)); print(chr(228), file=sys.stderr); sys.exit(0)"
    result = ended(work, environment=environment)
    assert (result.returncode, result.stdout) == (0, "so far\n\\xe4 \\udcff\n") and result.stderr == "\\xe4\n"


LOGS = """
import logging, warnings
for name in ("gcsfs", "google.auth._default", "mine"):
    logging.getLogger(name).error(name)
for name in ("google.api_core", "mine"):
    warnings.warn_explicit(name, FutureWarning, "file", 1, name)
"""


def test_what_libraries_of_stores_log_beside_raising_it_is_held_back():
    logged = ended(f"exec({LOGS!r})").stderr
    assert logged.count("mine") == 2 and "gcsfs" not in logged and "google" not in logged
