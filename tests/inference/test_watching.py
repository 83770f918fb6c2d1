"""Videos that arrive in a folder: which are named, when, and how often."""

import itertools
import shutil

import pytest
from conftest import write_images

from scoringnet_tf.data.video_files import videos_in
from scoringnet_tf.inference import watching
from scoringnet_tf.inference.watching import LONG, STILL, Arrivals


@pytest.fixture
def watch(tmp_path):
    """A function: what is named at a time in seconds."""
    arrivals = Arrivals(tmp_path)
    return lambda now: [str(path.relative_to(tmp_path)) for path in arrivals.look(now)]


def test_videos_are_named_once_they_stand_still(tmp_path, watch):
    """Those that are there, then those that arrive; one that is replaced is named again."""
    (tmp_path / "b.mp4").write_text("b")
    (tmp_path / "notes.txt").write_text("no video")
    assert watch(0.0) == []
    (tmp_path / "a.mp4").write_text("a")
    assert watch(STILL) == ["b.mp4"]
    (tmp_path / "a.mp4").write_text("aa")
    assert watch(2 * STILL) == []
    (tmp_path / "b.mp4").write_text("another")
    assert watch(3 * STILL) == ["a.mp4"] and watch(4 * STILL) == ["b.mp4"] and watch(9 * STILL) == []


def test_a_video_that_is_renamed_before_it_is_whole_has_its_last_name(tmp_path, watch):
    (tmp_path / "v.mp4.part").write_text("v")
    (tmp_path / "tmp.mp4").write_text("w")
    watch(0.0)
    (tmp_path / "v.mp4.part").rename(tmp_path / "v.mp4")
    (tmp_path / "tmp.mp4").rename(tmp_path / "w.mp4")
    assert watch(STILL) == [] and watch(2 * STILL) == ["v.mp4", "w.mp4"]


def test_images_are_one_video_once_no_more_are_added(tmp_path, watch):
    write_images(tmp_path / "frames", 2)
    watch(0.0)
    write_images(tmp_path / "frames", 3)
    assert watch(STILL) == [] and watch(2 * STILL) == ["frames"]


def test_a_video_that_does_not_stop_changing_is_told_once(tmp_path, watch, capsys):
    for number in itertools.count():
        (tmp_path / "v.mp4").write_text("v" * number)
        if number * STILL > 2 * LONG:
            break
        assert watch(number * STILL) == []
    assert capsys.readouterr().err.count("v.mp4") == 1


def test_what_is_drawn_or_gone_is_no_arrival_and_a_folder_that_is_gone_is_an_error(tmp_path, watch):
    (tmp_path / "v.mp4.stages.mp4").write_text("drawn")
    (tmp_path / "link.mp4").symlink_to("nowhere.mp4")  # whoever reads it says so
    (tmp_path / "v.mp4").write_text("v")
    watch(0.0)
    (tmp_path / "v.mp4").unlink()
    assert watch(STILL) == ["link.mp4"] and watch(2 * STILL) == []
    shutil.rmtree(tmp_path)
    with pytest.raises(FileNotFoundError):
        watch(3 * STILL)


def test_a_look_walks_the_folder_once_and_names_nothing_that_changed_since(tmp_path, monkeypatch):
    walks = []
    monkeypatch.setattr(watching, "videos_in", lambda *given: walks.append(given) or videos_in(*given))
    for name in "abc":
        (tmp_path / f"{name}.mp4").write_text(name)
    arrivals = Arrivals(tmp_path)
    assert [*arrivals.look(0.0)] == []
    look = arrivals.look(STILL)
    assert next(look).name == "a.mp4"
    (tmp_path / "b.mp4").write_text("another")  # while the first one is scored
    assert [path.name for path in look] == ["c.mp4"] and len(walks) == 2
    assert [path.name for now in (2, 3) for path in arrivals.look(now * STILL)] == ["b.mp4"]
