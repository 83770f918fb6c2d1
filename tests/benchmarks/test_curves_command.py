"""The command that measures curves: its points, and what is wrong with its flags."""

import json

import pytest
from command_forks import forked
from conftest import write_bars


def run(*arguments):
    return forked("benchmarks.curves", *arguments)


@pytest.fixture
def videos(tmp_path):
    (tmp_path / "videos").mkdir()
    for number in range(3):
        write_bars(tmp_path / "videos" / f"{number}.mp4", 30 + number, number)
    return tmp_path / "videos"


@pytest.mark.slow
@pytest.mark.parametrize("point", ["compared=20", "records=50", "videos=3", "length=40", "batch=2", "replicas=2"])
def test_every_curve_has_points(point, videos, stage_model):
    result = run(f"--videos={videos}", f"--model={stage_model}", "--rounds=2", f"--point={point}")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.split("JSON", 1)[1])
    assert found["x"] == int(point.partition("=")[2])
    assert len(found["seconds"]) == 2 and min(found["seconds"]) > 0 and found["mib"] >= 0


def test_what_is_wrong_is_one_line(videos):
    for arguments, said in (
        ([], "--videos: expected a value"),
        ([f"--videos={videos}", "--curves=speed"], "--curves: expected some of length, batch"),
        ([f"--videos={videos}"], "expected a folder of 40 videos. Received: 3"),
    ):
        result = run(*arguments)
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
        assert said in result.stderr
