"""A build that ends before its time: what it leaves, what the next one takes over, and what it says."""

import contextlib
import dataclasses
import os
import re
import resource
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from command_forks import TIMEOUT
from conftest import write_bars, write_unlv_diving
from refusals import codes, refused, said

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.encoding import keep_video, kept_videos, read_frames
from data_prep.records.verifying import verify_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip

SETTINGS = BuildSettings((36, 48), aspect=4 / 3)
STORED = StoredForm((36, 48), aspect=4 / 3)


def build(source, output, settings=SETTINGS, **kwargs):
    return build_records("unlv_diving", source, output, settings, workers=1, **kwargs)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The data hash of a build without interruption, of the videos of `diving_dir`."""
    folder = tmp_path_factory.mktemp("whole")
    return build(write_unlv_diving(folder / "diving"), folder / "records")[0].data_hash


def video_of(source, number):
    return source / f"diving_samples_len_ori/{number:03d}.avi"


@pytest.fixture
def interrupted(diving_dir, tmp_path):
    """The source of a build that was refused at its ninth video, which is mended now."""
    content = video_of(diving_dir, 9).read_bytes()
    video_of(diving_dir, 9).write_bytes(content[: len(content) // 2])
    with refused("bad_rows", tmp_path / ".records.building", "9 encoded videos"):
        build(diving_dir, tmp_path / "records")
    video_of(diving_dir, 9).write_bytes(content)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".records.building", "diving"]
    return diving_dir


# === What is taken over ===


def test_an_interrupted_build_goes_on(interrupted, tmp_path, whole):
    info, notes = build(interrupted, tmp_path / "records")
    assert info.data_hash == whole and "encoded_again" not in codes(notes) and "9" in said(notes, "resumed")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving", "records"]
    assert verify_records(DatasetInfo.load(tmp_path / "records")) == []


def test_a_video_that_has_changed_since_is_encoded_again(interrupted, tmp_path):
    video = video_of(interrupted, 2)
    before = video.stat()
    write_bars(video, 26, 77)
    os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))
    times = interrupted / "jump_drop_water_label.txt"
    times.write_text(times.read_text().replace("4,8,13,19", "5,8,13,19"))
    info, notes = build(interrupted, tmp_path / "records")
    assert info.data_hash == build(interrupted, tmp_path / "other")[0].data_hash
    assert "8" in said(notes, "resumed") and "002" in said(notes, "encoded_again")
    assert info.stage_frames["test"]["pre-starting"] == 13


def _flip(path):
    """Changes a pixel of a frame, but no length."""
    content = bytearray(path.read_bytes())
    content[content.index(b"jpegs.npy") + 500] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        _flip,
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: np.savez(path, facts=np.array([{}], object)),  # a pickle
        lambda path: path.write_bytes(b""),
    ],
)
def test_what_is_damaged_is_not_trusted(tmp_path, damage):
    write_bars(tmp_path / "one.avi", 12)
    clip = Clip(tmp_path / "one.avi")
    first = keep_video(clip, STORED, tmp_path)
    frames = read_frames(first.file)
    damage(first.file)
    with refused("damaged", first.file):
        read_frames(first.file)
    again = keep_video(clip, STORED, tmp_path)
    assert again.taken_over is False and read_frames(again.file) == frames
    third = keep_video(clip, STORED, tmp_path)
    assert third.taken_over is True and first.thumbnails is not None
    np.testing.assert_array_equal(first.thumbnails, third.thumbnails)


def test_a_video_is_kept_for_one_stretch_form_and_version(tmp_path, monkeypatch):
    write_bars(tmp_path / "one.avi", 12)
    whole, *parts = (Clip(tmp_path / "one.avi", stretch) for stretch in (None, (0, 6), (6, 12)))
    others = [(whole, dataclasses.replace(STORED, jpeg_quality=50)), *((part, STORED) for part in parts)]
    files = [keep_video(*each, tmp_path).file for each in ((whole, STORED), *others)]
    for version in ("av.__version__", "cv2.__version__", "data_prep.records.encoding.__version__"):
        with monkeypatch.context() as patch:
            patch.setattr(version, "0")
            files.append(keep_video(whole, STORED, tmp_path).file)
    assert len(set(files)) == 7


def test_what_is_taken_over_is_all_that_was_known(tmp_path):
    write_bars(tmp_path / "one.mkv", 12, fps=30, codec="libx264", sample_aspect_ratio=Fraction(4, 3))
    first, again = (keep_video(Clip(tmp_path / "one.mkv"), STORED, tmp_path) for _ in range(2))
    assert again.taken_over and first.aspect == pytest.approx(16 / 9) and codes(first.warnings) == ["pixel_aspect"]
    assert codes(again.warnings) == codes(first.warnings)
    arrays = {name: getattr(first, name) for name in ("timestamps", "thumbnails")}
    assert dataclasses.replace(again, taken_over=None, **arrays) == dataclasses.replace(first, taken_over=None)
    np.testing.assert_array_equal(again.timestamps, first.timestamps)


def test_a_build_goes_where_a_link_leads(diving_dir, tmp_path, whole):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "records"
    link.symlink_to(tmp_path / "disk/records")
    assert build(diving_dir, link)[0].data_hash == whole
    assert link.is_symlink() and [path.name for path in (tmp_path / "disk").iterdir()] == ["records"]


# === Places that cannot be written ===


def test_a_place_that_cannot_be_written_is_refused(diving_dir, tmp_path):
    (tmp_path / "file").touch()
    for output in (tmp_path / "file/records", tmp_path / "file/sub/records", Path("/proc/records")):
        with refused("not_writable", output):
            build(diving_dir, output)


@pytest.mark.slow
def test_a_second_build_beside_a_running_one_is_refused(diving_dir, tmp_path):
    with kept_videos(tmp_path / "records"), refused("busy", tmp_path / "records"):
        build(diving_dir, tmp_path / "records")
    assert len(build(diving_dir, tmp_path / "records")[0].videos) == 10


@contextlib.contextmanager
def files_of_at_most(num_bytes):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_the_work_goes_on_once_there_is_room(diving_dir, tmp_path, whole):
    with files_of_at_most(1000), refused("not_writable", tmp_path / "records"):
        build(diving_dir, tmp_path / "records")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving"]
    with files_of_at_most(60_000), refused("not_writable", "10 encoded videos", ".records.building"):
        build(diving_dir, tmp_path / "records")
    info, notes = build(diving_dir, tmp_path / "records")
    assert info.data_hash == whole and "10" in said(notes, "resumed")


# === The command ===


@pytest.fixture
def slow_dir(diving_dir):
    """Three videos of thousands of frames last, so that a build takes a while after it has kept the first."""
    write_bars(video_of(diving_dir, 8), 2000)
    for number in (9, 10):
        video_of(diving_dir, number).write_bytes(video_of(diving_dir, 8).read_bytes() + bytes([number]))
    return diving_dir


def start(source, output):
    """`build` in two processes, which a test may interrupt even if its own process ignores SIGINT."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from data_prep.__main__ import main; main()"
    )
    flags = ["--dataset=unlv_diving", f"--source_dir={source}", f"--output_dir={output}", f"--aspect={4 / 3}"]
    return subprocess.Popen(
        [sys.executable, "-c", code, "build", *flags, "--frame_height=36", "--frame_width=48", "--workers=2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, seconds=TIMEOUT):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def workers_of(process):
    """The ids of the processes that encode for it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_running(pid):
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "to_worker", "status"),
    [(signal.SIGTERM, False, 143), (signal.SIGINT, False, 130), (signal.SIGKILL, True, 1), (signal.SIGKILL, False, -9)],
    ids=["SIGTERM", "SIGINT", "a worker is killed", "all is killed"],
)
def test_a_signal_ends_a_build_and_its_processes(slow_dir, tmp_path, number, to_worker, status):
    folder = tmp_path / ".records.building"
    with start(slow_dir, tmp_path / "records") as process:
        wait_for(lambda: len(list(folder.glob("*.npz"))) > 2)
        workers = workers_of(process)
        assert len(workers) == 2
        os.kill(workers[0] if to_worker else process.pid, number)
        stderr = process.stderr.read()
    assert process.returncode == status
    wait_for(lambda: not any(map(is_running, workers)))
    assert "Traceback" not in stderr
    if status != -9:
        assert str(folder) in stderr.split("\r")[-1].splitlines()[-1]
    names = sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".new"))
    assert names == [".records.building", "diving"]
    info, notes = build(slow_dir, tmp_path / "records")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving", "records"]
    assert re.search(r"\d", said(notes, "resumed"))
    assert verify_records(DatasetInfo.load(tmp_path / "records")) == [] and len(info.videos) == 10
