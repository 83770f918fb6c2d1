"""What a command line means by its arguments, and what becomes of those that mean no video."""

import os
import threading
import types

import cv2
import pytest
import tensorflow as tf
from conftest import write_bars, write_images
from refusals import refused

from scoringnet_tf.data.video import Clip, frame_times
from scoringnet_tf.inference.inputs import named_videos, stretched
from scoringnet_tf.inference.predictor import scored
from scoringnet_tf.support.messages import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Videos at two depths, a folder of frames, and what is none."""
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ("in/b.mp4", "in/a.AVI", "in/deep/c.webm", "in/notes.txt", "[odd].mp4"):
        (tmp_path / name).touch()
    write_images(tmp_path / "in/frames", 2)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names_of(arguments, **options):
    return [path for path, error in named_videos(arguments, **options) if error is None]


EVERY = ["in/a.AVI", "in/b.mp4", "in/deep/c.webm", "in/frames"]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("in/b.mp4", ["in/b.mp4"]),
        ("in", EVERY),
        ("in/", EVERY),
        ("in/frames", ["in/frames"]),
        ("in/*.mp4", ["in/b.mp4"]),
        ("**/*.webm", ["in/deep/c.webm"]),
        ("i[n]", EVERY),
        ("[odd].mp4", ["[odd].mp4"]),  # there is such a file
    ],
)
def test_arguments(folder, argument, expected):
    assert names_of([argument]) == expected
    assert names_of([argument, argument]) == expected


def test_several_arguments_mean_each_video_once(folder):
    """Twice, it would count twice in the ranking of `report`; the first name stands."""
    again = ["./in/b.mp4", str(folder / "in/a.AVI"), "in/deep/../frames", "in"]
    assert names_of(again) == [*again[:3], "in/deep/c.webm"]


def test_links_are_what_they_lead_to(folder):
    (folder / "day2/deep").mkdir(parents=True)
    (folder / "day2/deep/a.mp4").touch()
    (folder / "in/day2").symlink_to(folder / "day2")
    (folder / "day2/back").symlink_to(folder / "in")
    (folder / "in/gone.mp4").symlink_to(folder / "nothing.mp4")
    assert names_of(["in"]) == sorted([*EVERY, "in/day2/deep/a.mp4", "in/gone.mp4"])
    assert names_of(["in/day2/deep/a.mp4", "day2/deep/a.mp4"]) == ["in/day2/deep/a.mp4"]


def test_a_pattern_means_each_video_once_and_a_folder_without_any_is_an_error_of_its_own(folder):
    """`**` meets folders, what is in them, and the images of a folder that is a video."""
    assert sorted(names_of(["in/**"])) == sorted([*EVERY, "in/notes.txt"])
    found = list(named_videos(["[ei]*"]))
    assert [path for path, error in found if error is None] == EVERY
    assert [(path, error.code) for path, error in found if error is not None] == [("empty", "no_videos")]


def test_what_is_hidden_is_no_video_of_a_folder(folder):
    (folder / "in/.Trash").mkdir()
    for name in ("in/._b.mp4", "in/.Trash/old.mp4"):
        (folder / name).touch()
    write_images(folder / "in/.frames", 2)
    assert names_of(["in"]) == EVERY
    assert names_of(["in/._b.mp4", "in/.Trash"]) == ["in/._b.mp4", "in/.Trash/old.mp4"]  # who names it means it


def test_pictures_of_videos_and_images_beside_them_are_no_frames(folder):
    """What `predict` drew in a folder, or a poster in an archive, is no further video, and makes none of its folder."""
    write_images(folder / "in", 3)
    (folder / "in/frames/frames.frames.stages.mp4").touch()
    assert names_of(["in"]) == EVERY
    (folder / "pictures").mkdir()
    for name in ("b.mp4.png", "a.AVI-2.png", "b.mp4.stages.mp4", "a.AVI-2.stages.mp4"):
        (folder / "pictures" / name).touch()
    assert names_of(["."]) == ["[odd].mp4", *EVERY]


def test_features_are_found_by_their_own_suffixes(folder):
    (folder / "in/v.npy").touch()
    assert names_of(["in"], suffixes=(".npy",)) == ["in/frames", "in/v.npy"]


def test_files_of_folders_that_are_skipped_are_told(folder, capsys):
    for name in ("in/.hidden.dat", "in/b.mp4.png", "in/b.mp4.stages.mp4", "in/frames/notes.txt", "in/named.dat"):
        (folder / name).touch()

    def told(*arguments, **options):
        return names_of(arguments, command="predict", **options), capsys.readouterr().err

    names, said = told("in/deep", "in", "in/**/", "in/named.dat")
    assert names[-1] == "in/named.dat" and said.startswith("predict: ") and said.count("in/notes.txt") == 1
    assert not any(name in said for name in ("hidden", "png", "stages", "frames", "named", "deep"))
    for number in range(11):
        (folder / f"in/deep/{number:02d}.dat").touch()
    _, said = told("in", suffixes=(".avi",))
    assert "in/b.mp4" in said and "15 files" in said and "and 5 more" in said
    assert told("in/frames", "in/b.mp4")[1] == ""


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("", "empty_argument"),
        ("s3://a/b.mp4", "not_local"),
        ("https://a/*.mp4", "not_local"),
        ("empty", "no_videos"),
        ("no*.mp4", "not_found"),
        ("none.mp4", None),  # the codes of files that cannot be read are those of who reads them
        ("in/b.mp4/c", None),
    ],
)
def test_arguments_that_mean_nothing_are_errors_of_their_own(folder, argument, code):
    (wrong, error), right = named_videos([argument, "in/b.mp4"])
    assert wrong == argument and argument in str(error) and right == ("in/b.mp4", None)
    assert code in (None, error.code)
    [(name, failure)] = scored([(wrong, error)], None)
    assert (name, failure.code, str(failure)) == (wrong, "unreadable", str(error))


def test_a_folder_that_cannot_be_opened_is_an_error_of_its_own(folder, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", forbidden)
    ((path, error), right) = named_videos(["in", "in/b.mp4"])
    assert (path, error.code, right[1]) == ("in", "unreadable", None)


# === Stretches ===


def test_a_stretch_is_what_is_shown_between(tmp_path):
    path = tmp_path / "v.avi"
    write_bars(path, 50, fps=25)
    assert stretched(path, 0.4, 1.0) == Clip(path, (10, 25))
    assert stretched(path, None, None) == path
    for ends, frames in {(None, 1.0): (0, 25), (1.9, None): (47, 50), (0.4, 2.4): (10, 50)}.items():
        assert stretched(path, *ends).frames == frames  # frame 47 is shown until 1.92 s
    for ends in ((7, None), (None, 2.6)):  # half a second is what players round
        with refused("out_of_range", path, str(ends[0] or ends[1]), "1.96"):
            stretched(path, *ends)
    for first in (0, 1):
        write_images(tmp_path / f"from_{first}", 10, first=first)
        assert stretched(tmp_path / f"from_{first}", 0.2, 0.3).frames == (5, 7)
    write_images(tmp_path / "later", 10, first=3)
    with pytest.raises(InputError, match="later"):
        stretched(tmp_path / "later", 0.2, 0.3)


@pytest.mark.parametrize("fps", [30, 24, 25])
def test_the_times_that_predict_prints_mean_the_same_frames(tmp_path, fps):
    """Cut to whole milliseconds, in a file whose ticks are 1/15360 s or so."""
    write_bars(tmp_path / "v.mp4", 12, fps=fps)
    times = frame_times(tmp_path / "v.mp4")
    for frame in range(11):
        printed = round(float(times[frame]), 3)
        assert stretched(tmp_path / "v.mp4", printed, None).frames == (frame, 12)
        if frame:
            assert stretched(tmp_path / "v.mp4", None, printed).frames == (0, frame)
    middle = (times[7] + times[8]) / 2  # as a table of performances has it: frame 7 is shown then
    assert stretched(tmp_path / "v.mp4", middle, None).frames == (7, 12)


# === What is wrong with one ends nothing but itself ===


def scorer(score, read=lambda path, *_, **__: iter([path])):
    """A predictor for videos whose only part is their path; `score` is what it makes of that and the options."""

    def results(parts, **options):
        yield types.SimpleNamespace(summary=types.SimpleNamespace(is_part=False, result=score(*parts, options)))

    return types.SimpleNamespace(read=read, results=results, gather=lambda video, parts: (video, parts[0].result))


def test_options_reach_whoever_scores():
    def read(path, **stretch):
        yield path, *stretch.values()

    options = {
        "force": True,
        "start": 1.0,
        "end": 2.0,
        "speed": 4.0,
        "corrections": {"v.mp4": ["its own"], "w.mp4": []},
    }
    [(name, (video, found))] = scored([("v.mp4", None)], scorer(lambda *given: given, read), **options)
    assert name == video == "v.mp4"
    assert found == (("v.mp4", 1.0, 2.0, 4.0), {"force": True, "corrections": ["its own"]})


def test_the_next_of_a_list_is_read_while_one_is_scored():
    videos, both = ["0.mp4", "1.mp4", "2.mp4"], threading.Barrier(2, timeout=30)

    def read(path, *_, **__):
        if path != videos[0]:
            both.wait()  # for the one before, which is being scored
        yield path

    def score(video, _):
        if video != videos[-1]:
            both.wait()
        return video

    assert [*scored([(video, None) for video in videos], scorer(score, read))] == [(v, (v, v)) for v in videos]


def test_what_arrives_one_by_one_is_scored_before_the_next_is_asked_for():
    named = []
    arrivals = (named.append(video) or (video, None) for video in ("a.mp4", "b.mp4", "c.mp4"))
    assert [len(named) for _ in scored(arrivals, scorer(lambda *_: None))] == [1, 2, 3]


def failing(error):
    def score(*_):
        raise error

    return scorer(score)


def opencv_without_memory():
    error = cv2.error()
    error.code = -4
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("wrong_value", "v.mp4: wrong"), "unreadable"),
        (PermissionError(13, "Permission denied"), "unreadable"),
        (MemoryError(), "out_of_memory"),
        (opencv_without_memory(), "out_of_memory"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM"), "out_of_memory"),
    ],
)
def test_failures_that_are_to_be_expected(error, code):
    [(_, failure), (_, other)] = scored(
        [("v.mp4", None), ("w.mp4", InputError("wrong", "w.mp4: none"))], failing(error)
    )
    assert failure.code == code and failure.startswith("v.mp4") and other == "w.mp4: none"


@pytest.mark.parametrize("error", [ZeroDivisionError(), cv2.error("a bug")])
def test_errors_of_ours_are_not_hidden(error):
    with pytest.raises(type(error)):
        list(scored([("v.mp4", None)], failing(error)))
