"""Suggested stage labels: those of KFS, whole in every tool's format, and nothing half-written."""

from pathlib import Path

import pytest
from command_forks import forked
from conftest import write_bars, write_timed
from refusals import code_printed, refused

from data_prep.stages import formats as stage_formats
from data_prep.stages.formats.videos import facts_reader
from data_prep.stages.suggestion import find_videos, load_model, suggest_stages
from scoringnet_tf import ScoringNet
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.settings import merged

NAMES = ["2024 (final)/dive #1, 100%.avi", "a b.avi", "c.mp4"]


@pytest.fixture(scope="module")
def videos_dir(tmp_path_factory):
    """Three videos of bars, one in a folder of its own, and a file that is none."""
    folder = tmp_path_factory.mktemp("videos").resolve()
    (folder / "2024 (final)").mkdir()
    for number, name in enumerate(NAMES):
        write_bars(folder / name, 30 - 6 * number, number, fps=30, codec="mpeg4")
    (folder / "notes.txt").touch()
    return folder


@pytest.fixture(scope="module")
def model(stage_model):
    return load_scoring_net(stage_model)


@pytest.fixture(scope="module")
def suggested(model, videos_dir):
    return suggest_stages(model, videos_dir, NAMES, workers=1)[0]


def plain(videos):
    """{video id: [(stage, start, end)]}."""
    return {video.video_id: [tuple(segment)[:3] for segment in video.segments] for video in videos}


def run(*arguments):
    """`python -m data_prep suggest` with these arguments."""
    return forked("data_prep", "suggest", *arguments)


def test_stages_are_those_that_predict_prints(model, videos_dir, suggested):
    for video in suggested:
        stages = score_video(videos_dir / video.video_id, model).stages
        expected = [(stage["name"], stage["start_frame"], stage["end_frame"]) for stage in stages]
        assert plain([video])[video.video_id] == expected
    assert max(len(video.segments) for video in suggested) > 2  # the model does tell frames apart


def test_a_video_that_cannot_be_decoded_has_a_problem_and_no_stages(tmp_path, model, videos_dir):
    whole = (videos_dir / "a b.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 9 // 10])
    (tmp_path / "whole.avi").write_bytes(whole)
    write_timed(tmp_path / "uneven.mkv", [*range(0, 480, 40), *range(480, 1440, 80)])
    names = ["cut.avi", "none.avi", "whole.avi", "uneven.mkv"]
    videos, facts_of = suggest_stages(model, tmp_path, names, workers=2)
    assert [len(video.problems) for video in videos] == [1, 1, 0, 0]
    assert "cut.avi" in videos[0].problems[0] and not videos[0].segments
    assert "none.avi" in videos[1].problems[0]
    assert [videos[place].segments[-1].end for place in (2, 3)] == [24, 24]
    assert [facts_of(name) for name in names[2:]] == [facts_reader(tmp_path)(name) for name in names[2:]]
    assert facts_of("uneven.mkv").timestamps


def test_videos_are_named_by_their_path_in_the_folder(videos_dir, monkeypatch):
    assert find_videos(videos_dir) == (videos_dir, NAMES)
    monkeypatch.chdir(videos_dir)
    assert find_videos(paths=["a b.avi", "./a b.avi"]) == (videos_dir, ["a b.avi"])
    assert find_videos(paths=["c.mp4", "2024 (final)/../2024 (final)/dive #1, 100%.avi"])[1] == ["c.mp4", NAMES[0]]
    assert find_videos(paths=[NAMES[0]]) == (videos_dir / "2024 (final)", [Path(NAMES[0]).name])


def test_two_ways_of_naming_videos_are_refused():
    with refused("flags_conflict", "--videos_dir"):
        find_videos(".", ["v.avi"])


def test_the_command_skips_what_is_damaged_and_says_what_comes_next(tmp_path, model, videos_dir, suggested):
    names, output = ["a b.avi", "c.mp4"], tmp_path / "new" / "tasks.json"
    for name in names:
        (tmp_path / name).write_bytes((videos_dir / name).read_bytes())
    (tmp_path / "text.mp4").write_text("not a video")
    simulated = tmp_path / "model.keras"
    model.with_dtype("float32", provenance={"simulation": {"simulated": True}}).save(simulated)
    result = run(f"--videos_dir={tmp_path}", f"--model={simulated}", "--format=label_studio", f"--output={output}")
    assert result.returncode == 1 and "Traceback" not in result.stderr and "text.mp4" in result.stderr
    expected = {name: stages for name, stages in plain(suggested).items() if name in names}
    assert plain(stage_formats.read(output, facts_reader(tmp_path))) == expected
    assert [path.name for path in output.parent.iterdir()] == ["tasks.json"]
    assert f"{sum(map(len, expected.values()))} stages" in result.stdout and str(output) in result.stdout
    assert all(text in result.stdout for text in ("Label Studio", "simulated", "python -m data_prep stages"))
    assert result.stdout.count("--sport=diving") == 2, "of both commands that come next"


def test_a_model_that_finds_no_stages_is_named_by_its_flag(tmp_path):
    small = {"image_size": (32, 32), "width_multiplier": 1 / 16, "score_predictor": {"clip_lengths": (8, 8)}}
    ScoringNet(**merged(small, {"segmenter": None})).save(tmp_path / "whole.keras")
    with refused("no_stages", f"--model={tmp_path / 'whole.keras'}"):
        load_model(str(tmp_path / "whole.keras"))


def test_nothing_is_written_where_no_video_can_be_decoded(tmp_path, stage_model):
    (tmp_path / "text.mp4").write_text("not a video")
    result = run(tmp_path / "text.mp4", f"--model={stage_model}", f"--output={tmp_path / 'out'}")
    assert result.returncode == 1 and code_printed(result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]
