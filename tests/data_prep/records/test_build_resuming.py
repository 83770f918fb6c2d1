"""A build that ends before its time: what it leaves, what the next one takes over, and what it says."""

import contextlib
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command_forks import TIMEOUT
from conftest import write_bars, write_unlv_diving

from data_prep.records import building, kept_videos
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.kept_videos import keep_video
from data_prep.records.verifying import verify_records
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.data.video import Clip, VideoStream
from scoringnet_tf.support.errors import InputError

SETTINGS = BuildSettings((36, 48), aspect=4 / 3)
STORED = StoredForm((36, 48), aspect=4 / 3)


class Interrupted(Exception):
    """Ends a build as a signal would."""


def build(source, output, settings=SETTINGS, **kwargs):
    return build_records("unlv_diving", source, output, settings, workers=1, **kwargs)


def interrupt(source, output, monkeypatch, after=6, settings=SETTINGS):
    """A build that is ended at its seventh video."""
    encoded = []

    def encode(clip, stored):
        if len(encoded) == after:
            raise Interrupted
        encoded.append(clip)
        return original(clip, stored)

    original = kept_videos.encode_video
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(kept_videos, "encode_video", encode)
        build(source, output, settings)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The data hash of a build without interruption, of the videos of `diving_dir`."""
    folder = tmp_path_factory.mktemp("whole")
    return build(write_unlv_diving(folder / "diving"), folder / "records")[0].data_hash


def note_of(notes):
    return " ".join(note for note in notes if "interrupted" in note)


# === What is taken over ===


def test_an_interrupted_build_goes_on(diving_dir, tmp_path, monkeypatch, whole):
    interrupt(diving_dir, tmp_path / "records", monkeypatch)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".records.building", "diving"]
    decoded = []
    original = kept_videos.encode_video
    monkeypatch.setattr(
        kept_videos, "encode_video", lambda clip, stored: decoded.append(clip.path.stem) or original(clip, stored)
    )
    info, notes = build(diving_dir, tmp_path / "records")
    assert decoded == ["007", "008", "009", "010"] and info.data_hash == whole
    assert note_of(notes) == "Taken over from an interrupted build: 6 encoded videos."
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving", "records"]
    assert verify_records(DatasetInfo.load(tmp_path / "records")) == []


def test_a_video_that_has_changed_since_is_made_anew(diving_dir, tmp_path, monkeypatch):
    interrupt(diving_dir, tmp_path / "records", monkeypatch)
    video = diving_dir / "diving_samples_len_ori" / "002.avi"
    before = video.stat()
    write_bars(video, 26, 77)
    os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))
    info, notes = build(diving_dir, tmp_path / "records")
    assert info.data_hash == build(diving_dir, tmp_path / "other")[0].data_hash
    assert "Taken over from an interrupted build: 5 encoded videos." in note_of(notes)
    assert "Made anew of an interrupted build: 1 encoded video, for" in note_of(notes)
    assert note_of(notes).endswith("has changed: 002.")


def test_labels_are_those_of_now(diving_dir, tmp_path, monkeypatch):
    interrupt(diving_dir, tmp_path / "records", monkeypatch)
    times = diving_dir / "jump_drop_water_label.txt"
    times.write_text(times.read_text().replace("4,8,13,19", "5,8,13,19"))
    info, notes = build(diving_dir, tmp_path / "records")
    assert info.stage_frames["test"][
        "pre-starting"
    ] == 13 and "Taken over from an interrupted build: 6 encoded videos." in note_of(notes)
    assert info.data_hash == build(diving_dir, tmp_path / "other")[0].data_hash


def test_other_settings_make_every_video_anew(diving_dir, tmp_path, monkeypatch, whole):
    interrupt(diving_dir, tmp_path / "records", monkeypatch, settings=BuildSettings((36, 48), 50, aspect=4 / 3))
    info, notes = build(diving_dir, tmp_path / "records")
    assert info.data_hash == whole
    assert "Taken over" not in note_of(notes) and "Made anew of an interrupted build: 6 encoded videos" in note_of(
        notes
    )


def _flip(path):
    """Changes a pixel of a frame, but no length."""
    content = bytearray(path.read_bytes())
    start = content.index(b"jpegs.npy") + 500
    content[start] ^= 1
    path.write_bytes(content)


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _drop_a_frame(path):
    with np.load(path) as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    changed["jpegs"] = changed["jpegs"][: -changed["lengths"][-1]]
    np.savez(path, **changed)


def _pickle(path):
    np.savez(path, facts=np.array([{}], object))


def _empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [_flip, _cut, _drop_a_frame, _pickle, _empty])
def test_what_is_damaged_is_not_trusted(diving_dir, tmp_path, damage):
    clip, folder = Clip(diving_dir / "diving_samples_len_ori" / "001.avi"), tmp_path / "kept"
    folder.mkdir()
    first = keep_video(clip, STORED, folder)
    frames = kept_videos.read_frames(first.file)
    damage(first.file)
    with pytest.raises(InputError, match="expected the frames that were just kept"):
        kept_videos.read_frames(first.file)
    again = keep_video(clip, STORED, folder)
    assert again.taken_over is False and kept_videos.read_frames(again.file) == frames
    assert keep_video(clip, STORED, folder).taken_over is True


def test_frames_are_read_to_be_written_and_not_looked_at(tmp_path, monkeypatch):
    write_bars(tmp_path / "one.avi", 6)
    kept = keep_video(Clip(tmp_path / "one.avi"), STORED, tmp_path)
    monkeypatch.setattr(kept_videos, "thumbnails", lambda jpegs: pytest.fail("what was compared is decoded again"))
    assert len(kept_videos.read_frames(kept.file)) == 6


def test_stretches_of_one_file_are_kept_apart(tmp_path):
    write_bars(tmp_path / "two.avi", 12)
    first, second = (keep_video(Clip(tmp_path / "two.avi", part), STORED, tmp_path) for part in ((0, 6), (6, 12)))
    assert first.file != second.file and second.taken_over is None
    assert kept_videos.read_frames(first.file) != kept_videos.read_frames(second.file)


def test_a_kept_video_is_compared_with_others_as_a_new_one_is(diving_dir, tmp_path, monkeypatch):
    clip = Clip(diving_dir / "diving_samples_len_ori" / "001.avi")
    first, again = (keep_video(clip, STORED, tmp_path) for _ in range(2))
    assert again.taken_over and first.thumbnails is not None
    np.testing.assert_array_equal(first.thumbnails, again.thumbnails)
    monkeypatch.setattr(kept_videos.av, "__version__", "0")  # another decoder may give other frames
    assert keep_video(clip, STORED, tmp_path).taken_over is False


def test_a_file_half_written_is_no_kept_video(tmp_path):
    with pytest.raises(InputError, match=r"^refused$"), kept_videos.kept_videos(tmp_path / "records") as folder:
        (folder / ".1a2b3c4d.0123.npz").touch()
        raise InputError("todo", "refused")
    assert not list(tmp_path.iterdir())


def test_a_build_goes_where_a_link_leads(diving_dir, tmp_path, whole):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "records"
    link.symlink_to(tmp_path / "disk/records")
    for overwrite in (False, True):
        assert build(diving_dir, link, overwrite=overwrite)[0].data_hash == whole
    assert link.is_symlink() and [path.name for path in (tmp_path / "disk").iterdir()] == ["records"]


def test_a_refused_build_keeps_what_it_encoded(diving_dir, tmp_path, whole):
    video = diving_dir / "diving_samples_len_ori" / "009.avi"
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"Kept in .*/\.records\.building: 9 encoded videos; the same command"):
        build(diving_dir, tmp_path / "records")
    video.write_bytes(content)
    info, notes = build(diving_dir, tmp_path / "records")
    assert info.data_hash == whole and "Taken over from an interrupted build: 9 encoded videos." in note_of(notes)


def test_what_a_killed_build_was_writing_is_deleted(diving_dir, tmp_path):
    """`replacing_folder` names what it writes by a token, once by its process."""
    build(diving_dir, tmp_path / "records")
    (tmp_path / "records").rename(tmp_path / ".records.0a1b2c3d.old")
    for name in (".records.0a1b2c3d.new", ".records.123.new", ".records2.123.new", ".records.x.new"):
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="--overwrite"):
        build(diving_dir, tmp_path / "records")  # the older records went back to their place
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".records.x.new",
        ".records2.123.new",
        "diving",
        "records",
    ]


# === How much waits in memory ===


def test_no_frames_wait_in_memory_for_a_slow_video(tmp_path):
    """What comes from the processes that encode, and may wait for a video before it, holds no frames."""
    write_bars(tmp_path / "long.avi", 250)
    video = keep_video(Clip(tmp_path / "long.avi"), STORED, tmp_path)
    assert len(video) == 250 and len(kept_videos.read_frames(video.file)) == 250
    assert len(pickle.dumps(video)) < 250 * 8 + 7000 < video.file.stat().st_size / 20


def test_so_many_videos_wait_for_a_slow_one_and_no_more(diving_dir, tmp_path, monkeypatch):
    bounds = []
    monkeypatch.setattr(
        building, "in_processes", lambda workers, ahead: bounds.append((workers, ahead)) or contextlib.nullcontext(map)
    )
    build_records("unlv_diving", diving_dir, tmp_path / "records", SETTINGS, workers=3)
    assert bounds == [(3, building.WAITING)]


def test_a_video_is_never_held_raw_as_a_whole(tmp_path, monkeypatch):
    write_bars(tmp_path / "long.avi", 100)
    alive, most = set(), 0

    class Frame(np.ndarray):
        def __array_finalize__(self, _):
            nonlocal most
            alive.add(id(self))
            most = max(most, len(alive))

        def __del__(self):
            alive.discard(id(self))

    original = VideoStream.__iter__
    monkeypatch.setattr(VideoStream, "__iter__", lambda stream: (frame.view(Frame) for frame in original(stream)))
    assert len(keep_video(Clip(tmp_path / "long.avi"), STORED, tmp_path)) == 100
    assert 1 <= most < 10


# === Places that cannot be written ===


def test_an_output_under_a_file_is_refused(diving_dir, tmp_path):
    (tmp_path / "file").touch()
    for output in (tmp_path / "file" / "records", tmp_path / "file" / "sub" / "records"):
        with pytest.raises(InputError, match=r"records: expected a place that can be written to\. Received: "):
            build(diving_dir, output)


def test_a_read_only_place_is_refused(diving_dir):
    with pytest.raises(InputError, match=r"/proc/records: expected a place that can be written to\. Received: "):
        build(diving_dir, Path("/proc/records"))


def test_a_folder_without_a_name_is_one_like_any_other(diving_dir, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    for place, message in ((tmp_path, "not records"), (Path("/"), "root of the file system")):
        monkeypatch.chdir(place)
        with pytest.raises(InputError, match=message):
            build(diving_dir, ".")
    monkeypatch.chdir(tmp_path / "empty")
    assert len(build(diving_dir, ".")[0].videos) == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving", "empty"]


def test_a_second_build_beside_one_that_is_under_way_is_refused(diving_dir, tmp_path, monkeypatch):
    def second(*arguments):
        with pytest.raises(InputError, match="expected one build of it at a time"):
            build(diving_dir, tmp_path / "records")
        return original(*arguments)

    original = building._common_aspect
    monkeypatch.setattr(building, "_common_aspect", second)
    settings = BuildSettings((36, 48))
    info = build(diving_dir, tmp_path / "records", settings)[0]
    assert len(info.videos) == 10


@contextlib.contextmanager
def files_of_at_most(num_bytes):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_the_work_goes_on_once_there_is_room(diving_dir, tmp_path, whole):
    message = r"records: expected a place that can be written to\. Received: File too large\."
    with files_of_at_most(1000), pytest.raises(InputError, match=message):
        build(diving_dir, tmp_path / "records")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving"]
    with files_of_at_most(60_000), pytest.raises(InputError, match=rf"{message} Kept in \S+: 10 encoded videos; "):
        build(diving_dir, tmp_path / "records")
    info, notes = build(diving_dir, tmp_path / "records")
    assert info.data_hash == whole and re.search(r"Taken over .*: 10 encoded videos", note_of(notes))


# === The command ===


@pytest.fixture
def slow_dir(diving_dir):
    """Three videos of thousands of frames last, so that a build takes a while after it has kept the first."""
    videos = diving_dir / "diving_samples_len_ori"
    write_bars(videos / "008.avi", 2000)
    for name in ("009.avi", "010.avi"):
        (videos / name).write_bytes((videos / "008.avi").read_bytes() + name.encode())
    return diving_dir


def start(source, output):
    """`build` in two processes, which a test may interrupt even where its own process ignores SIGINT."""
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
    ("number", "to_worker", "status", "said"),
    [
        (signal.SIGTERM, False, 143, "build: stopped by SIGTERM. "),
        pytest.param(signal.SIGINT, False, 130, "build: stopped by SIGINT. ", marks=pytest.mark.slow),
        (signal.SIGKILL, True, 1, "build: Expected 2 processes to do their work. Received: one was killed"),
        pytest.param(signal.SIGKILL, False, -9, None, marks=pytest.mark.slow),
    ],
    ids=["SIGTERM", "SIGINT", "a worker is killed", "all is killed"],
)
def test_a_signal_ends_a_build_and_its_processes(slow_dir, tmp_path, number, to_worker, status, said):
    folder = tmp_path / ".records.building"
    with start(slow_dir, tmp_path / "records") as process:
        wait_for(lambda: len(list(folder.glob("*.npz"))) > 2)
        workers = workers_of(process)
        assert len(workers) == 2
        os.kill(workers[0] if to_worker else process.pid, number)
        shown = process.stderr.read()
    assert process.returncode == status
    wait_for(lambda: not any(map(is_running, workers)))
    assert "Traceback" not in shown
    if said:
        line = shown.split("\r")[-1].splitlines()[-1]
        assert line.startswith(said) and re.search(
            rf"Kept in {re.escape(str(folder))}: \d+ encoded videos?; the same command goes on", line
        )
    names = sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".new"))
    assert names == [".records.building", "diving"]
    info, notes = build(slow_dir, tmp_path / "records")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving", "records"]
    assert re.search(r"Taken over .*: \d+ encoded video", note_of(notes))
    assert verify_records(DatasetInfo.load(tmp_path / "records")) == [] and len(info.videos) == 10
