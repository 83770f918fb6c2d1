"""A user sees our words on stderr and every error, but none of TensorFlow's notices, and none of Beam's."""

import itertools
import os
import re
import signal
import subprocess
import sys

import pytest
from conftest import write_bars
from test_commands import BARS, ROOT

# As TensorFlow 2.16, 2.19 and 2.21, and a worker of Beam 2.77, write them.
NOTICES = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795606617.521242   24102 port.cc:153] oneDNN custom operations are on. You may see slightly different …
I0000 00:00:1795606617.521538   24102 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be …
E0000 00:00:1795606620.976129   24102 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to \
cuInit: UNKNOWN ERROR (303)
E0000 00:00:1795606677.365628   24572 util.cc:131] oneDNN supports DT_BOOL only on platforms with AVX-512. Falling …
E0000 00:00:1795606677.365628   24572 util.cc:131] oneDNN supports DT_INT32 only on platforms with AVX-512. Falling …
I0000 00:00:1740000000.100000    4711 cuda_dnn.cc:529] Loaded cuDNN version 90300
E0000 00:00:1795606677.365628   24572 node_def_util.cc:680] NodeDef mentions attribute use_unbounded_threadpool which \
is not in the op definition: Op<name=MapDataset; signature=input_dataset:variant, other_arguments: -> handle:variant; …
2024-05-01 12:00:00.123456: I tensorflow/core/util/port.cc:113] oneDNN custom operations are on. You may see …
2024-05-01 12:00:00.123456: E external/local_xla/xla/stream_executor/cuda/cuda_fft.cc:485] Unable to register cuFFT \
factory: Attempting to register factory for plugin cuFFT when one has already been registered
INFO:__main__:Python sdk harness starting.
INFO:apache_beam.runners.worker.sdk_worker:Control channel established.
WARNING:__main__:No semi_persistent_directory found:  User registered objects (e.g. schema, logical type) …
WARNING:root:apitools not found, and bigquery client libraries are not available despite the import not raising an …
"""
NEWS = """\
E0000 00:00:1795606620.976129   24102 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to \
cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: system has unsupported display driver / cuda driver combination
E0000 00:00:1740000000.100000    4711 cuda_dnn.cc:522] Loaded runtime CuDNN library: 8.9.4 but source was compiled …
W0000 00:00:1740000000.100000    4711 gpu_device.cc:2433] TensorFlow was not built with CUDA kernel binaries …
ERROR:apache_beam.runners.worker.sdk_worker:Error processing instruction 7.
WARNING:__main__:I am no notice
I am a line of ours that begins as a notice does: util.cc:131]
terminate called after throwing an instance of 'std::bad_alloc'
"""


def run(*arguments, check=True, **changes):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    if "TF_CPP_MIN_LOG_LEVEL" not in changes:
        environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    result = subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True)
    assert not check or not result.returncode, result.stderr.decode()
    return result


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "ours"),
    [
        (("scoringnet_tf.predict", "--model={model}", "{video}", "--plot_dir={folder}", "--force"), ""),
        (("scoringnet_tf.evaluate", "--model={model}", "--records_dir={records}", "--output_dir={folder}"), BARS),
        (
            ("scoringnet_tf.export", "--model={model}", "--export_dir={folder}"),
            r"export: The model keeps no record [^\n]*\n",
        ),
        (("data_prep", "inspect", "--records_dir={records}"), BARS),
    ],
    ids=["predict", "evaluate", "export", "inspect"],
)
def test_stderr_holds_our_words_alone(arguments, ours, stage_model, diving_records, tmp_path):
    """That of `train` is looked at where `test_commands` trains."""
    write_bars(tmp_path / "a.mp4", 24)
    places = {"model": stage_model, "records": diving_records, "video": tmp_path / "a.mp4", "folder": tmp_path / "out"}
    result = run("-m", *(argument.format(**places) for argument in arguments))
    assert re.fullmatch(ours, result.stderr.decode(), re.DOTALL), result.stderr.decode()
    assert result.stdout


WRITE = (
    "from scoringnet_tf.support import notices; import os, sys; notices.hold_back(); os.write(2, sys.argv[1].encode());"
)


def test_notices_are_held_back_and_news_comes_through():
    pairs = list(zip(NOTICES.splitlines(), itertools.cycle(NEWS.splitlines()), strict=False))
    result = run("-c", WRITE, "".join(f"{notice}\n{new}\n" for notice, new in pairs))
    assert result.stderr.decode().splitlines() == [new for _, new in pairs]


@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), 9)", "os._exit(3)"])
def test_last_words_come_through(end):
    """TensorFlow says why it aborts at the very end; the last line need not be a whole one."""
    result = run("-c", WRITE + end, f"{NOTICES}{NEWS}F0000 the last wo", check=False)
    assert result.returncode in (-signal.SIGABRT, -signal.SIGKILL, 3)
    assert result.stderr.decode() == f"{NEWS}F0000 the last wo"


def test_what_python_and_child_processes_print_comes_through():
    code = (
        "import subprocess, warnings; subprocess.run(['sh', '-c', 'echo child >&2']); warnings.warn('careful'); 1 / 0"
    )
    result = run("-c", WRITE + code, NOTICES, check=False)
    lines = result.stderr.decode()
    assert result.returncode == 1
    assert "child\n" in lines and "UserWarning: careful" in lines and "ZeroDivisionError: division by zero\n" in lines


# A task of the loop beneath an object store that fails unawaited, and another error of that loop.
LOOP = """
import asyncio, gc
async def lost():
    raise ConnectionResetError("Cannot write to closing transport")
async def main():
    asyncio.create_task(lost())
    await asyncio.sleep(0)
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": "the loop is ill"})
asyncio.run(main())
"""


def test_what_nobody_awaited_is_held_back_and_other_errors_come_through():
    assert "Task exception was never retrieved" in run("-c", LOOP).stderr.decode()
    assert run("-c", WRITE + LOOP, "").stderr.decode() == "the loop is ill\n"


# What the library of gs:// logs and warns of, and the same of another.
LOGS = """
import logging, warnings
for name in ("gcsfs", "google.auth._default", "mine"):
    logging.getLogger(name).error(f"{name} logs")
for name in ("google.api_core", "mine"):
    warnings.warn_explicit(f"{name} warns", FutureWarning, "file", 1, name)
"""


def test_what_libraries_of_stores_log_beside_raising_it_is_held_back():
    logs, warns = (f"{each} logs\n" for each in ("gcsfs", "google.auth._default", "mine")), "file:1: FutureWarning: "
    assert run("-c", LOGS).stderr.decode() == "".join(logs) + f"{warns}google.api_core warns\n{warns}mine warns\n"
    assert run("-c", WRITE + LOGS, "").stderr.decode() == f"mine logs\n{warns}mine warns\n"


def test_who_asks_for_notices_gets_them():
    assert run("-c", WRITE, NOTICES + NEWS, TF_CPP_MIN_LOG_LEVEL="0").stderr.decode() == NOTICES + NEWS
    assert run("-c", WRITE, NOTICES + NEWS, TF_CPP_MIN_LOG_LEVEL="3").stderr.decode() == NEWS


def test_a_closed_stderr_is_no_error():
    result = subprocess.run(
        ["sh", "-c", '"$0" "$@" 2>&-', sys.executable, "-c", WRITE.replace("os.write", "print"), ""],
        cwd=ROOT,
        capture_output=True,
    )
    assert result.returncode == 0
