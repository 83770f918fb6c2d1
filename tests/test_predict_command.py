"""`python -m scoringnet_tf.predict` as a user runs it on many videos: some good, some bad, stopped midway."""

import csv
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import disposed, write_bars, write_images
from test_commands import ROOT, command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two videos of one name, a folder of frames, a text that is called a video."""
    folder = tmp_path_factory.mktemp("videos")
    for name in ("a", "b"):
        (folder / name).mkdir()
        write_bars(folder / name / "v.avi", 30, number=len(name))
    write_images(folder / "c", 30)
    (folder / "d.mp4").write_text("not a video")
    return folder


@pytest.mark.slow
def test_every_video_of_a_folder_has_its_row_its_picture_and_its_copy(folder, stage_model, tmp_path):
    options = ["--csv", "--force", f"--plot_dir={tmp_path / 'new/pictures'}", f"--video_dir={tmp_path / 'drawn'}"]
    result = command("scoringnet_tf.predict", f"--model={stage_model}", folder, *options, check=False)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["video"] for row in rows] == [str(folder / name) for name in ("a/v.avi", "b/v.avi", "c", "d.mp4")]
    assert rows[3]["status"] == "failed" and all(float(row["final"]) for row in rows[:3])
    (failure,) = result.stderr.splitlines()
    assert "d.mp4" in failure and result.returncode == 1
    drawn = {path.name for path in (tmp_path / "new/pictures").iterdir()}
    assert drawn == {"c.frames.png", "v.avi.png", "v.avi-2.png"}
    videos = {path.name for path in (tmp_path / "drawn").iterdir()}
    assert videos == {"c.frames.stages.mp4", "v.avi.stages.mp4", "v.avi-2.stages.mp4"}


def test_a_stretch_is_scored_by_force(stage_model, tmp_path):
    write_bars(tmp_path / "v.avi", 40)
    options = ["--json", "--force", "--start=0.2", "--end=1"]
    result = command("scoringnet_tf.predict", f"--model={stage_model}", tmp_path / "v.avi", *options)
    score = json.loads(result.stdout)
    assert (score["status"], score["num_frames"]) == ("forced", 20)
    assert (score["stages"][0]["start_frame"], score["stages"][-1]["end_frame"]) == (5, 25)


def started(*arguments):
    """The running command, which a signal stops however the tests were started."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with disposed(signal.SIGINT, signal.SIG_DFL):
        command = [sys.executable, "-m", "scoringnet_tf.predict", *arguments]
        return subprocess.Popen(command, **pipes, text=True, env=environment)


@pytest.mark.slow
def test_what_is_done_when_it_is_stopped_is_printed(stage_model, tmp_path):
    write_bars(tmp_path / "00.avi", 60)
    for number in range(1, 40):
        shutil.copy(tmp_path / "00.avi", tmp_path / f"{number:02d}.avi")
    with started(f"--model={stage_model}", tmp_path, "--json") as process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        left, errors = process.stdout.read().splitlines(), process.stderr.read()
    videos = [pathlib.Path(json.loads(line)["video"]).name for line in (first, *left)]
    assert videos == [f"{number:02d}.avi" for number in range(len(videos))] and len(videos) < 40
    assert process.returncode == 143 and "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("predict: ") and "SIGTERM" in errors.splitlines()[-1]


@pytest.mark.slow
def test_videos_that_arrive_in_a_folder_are_scored_until_it_is_stopped(stage_model, tmp_path):
    (tmp_path / "a.mp4").write_text("not a video")
    write_bars(tmp_path / "b.avi", 30)
    options = [f"--model={stage_model}", f"--watch={tmp_path}", f"--video_dir={tmp_path}", "--json", "--force"]
    with started(*options) as process:
        results = [json.loads(process.stdout.readline()) for _ in range(2)]
        write_bars(tmp_path / "c.avi", 30, number=1)
        results.append(json.loads(process.stdout.readline()))
        while not (tmp_path / "c.avi.stages.mp4").exists():
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        left, errors = process.stdout.read(), process.stderr.read()
    assert [pathlib.Path(result["video"]).name for result in results] == ["a.mp4", "b.avi", "c.avi"] and left == ""
    assert [result["status"] for result in results] == ["failed", "forced", "forced"]
    assert process.returncode == 0 and "Traceback" not in errors
    assert sum("a.mp4" in line for line in errors.splitlines()) == 1
