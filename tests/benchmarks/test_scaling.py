"""The command that measures curves: its points, and what is wrong with its flags."""

import json

import pytest
from command_forks import forked
from conftest import write_bars
from refusals import code_printed

from benchmarks.figures import machine
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.model_files import model_path


def run(*arguments):
    return forked("benchmarks.scaling", *arguments)


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


def test_points_of_one_file_are_of_the_same_settings(videos, stage_model, tmp_path):
    """A curve of one point, as of a run that was stopped, has no slope; points of another model are not this one's."""
    path = tmp_path / "curves.json"
    flags = (f"--videos={videos}", f"--model={stage_model}", f"--json={path}", "--curves=compared")
    point = {"seconds": [1.0, 1.1], "mib": 2.0}
    points = {
        "length": [{"x": 100, **point}],
        "compared": [{"x": x, **point} for x in (1000, 2000, 4000, 8000, 16_000)],
    }
    settings = {
        "machine": machine()["processor"],
        "model": file_sha256(model_path(stage_model)),
        "videos": str(videos.resolve()),
        "rounds": 2,
    }
    path.write_text(json.dumps({"settings": settings, "points": points}))
    result = run(*flags)
    assert result.returncode == 0, result.stderr
    assert [line.split(" | ")[0] for line in result.stdout.splitlines()[2:]] == ["| videos, compared"]
    for content, named in (
        ({"settings": settings | {"model": "another"}, "points": points}, "model"),
        ({"curves": []}, "machine, model, videos, rounds"),
    ):
        path.write_text(json.dumps(content))
        result = run(*flags)
        assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
        assert code_printed(result.stderr) == "other_settings" and named in result.stderr


def test_what_is_wrong_is_one_line(videos):
    for arguments, named in (
        ([], "--videos"),
        ([f"--videos={videos}", "--curves=speed"], "speed"),
        ([f"--videos={videos}"], "40"),
    ):
        result = run(*arguments)
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
        assert named in result.stderr and code_printed(result.stderr)
