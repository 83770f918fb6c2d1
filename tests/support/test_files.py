"""Nothing half-written looks whole."""

import json

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.support.files import (
    Spooled,
    new_folder,
    replacing_file,
    replacing_folder,
    tidy_up_beside,
    write_json,
)
from scoringnet_tf.support.threads import overlapping


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "sub" / "a.txt"
    with replacing_file(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), replacing_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [child.name for child in path.parent.iterdir()] == ["a.txt"]


def test_a_folder_replaces_the_old_one_or_leaves_it(tmp_path):
    path = tmp_path / "run"
    for content in ("one", "two"):
        with replacing_folder(path) as temporary:
            (temporary / content).write_text(content)
    assert [child.name for child in path.iterdir()] == ["two"]
    with pytest.raises(RuntimeError), replacing_folder(path) as temporary:
        (temporary / "half").write_text("")
        raise RuntimeError
    assert [child.name for child in tmp_path.iterdir()] == ["run"]
    assert [child.name for child in path.iterdir()] == ["two"]


def test_a_new_folder_replaces_none_that_appeared_meanwhile(tmp_path):
    path = tmp_path / "run"
    with refused("exists", path), new_folder(path):
        path.mkdir()
        (path / "of another").touch()
    assert [child.name for child in path.iterdir()] == ["of another"]
    with refused("exists", path), new_folder(path):
        raise AssertionError("not reached")


def test_what_a_killed_process_left_is_tidied_up_and_nothing_else(tmp_path):
    others = [".run.x.new", ".run.0a1b2c3.new", ".run.0a1b2c3g.old", ".run2.0a1b2c3d.new", ".run.0a1b2c3d.newer", "run"]
    for name in (*others, ".run.0a1b2c3d.new", ".run.0a1b2c3d.old"):
        (tmp_path / name).mkdir()
    tidy_up_beside(tmp_path / "run")
    assert sorted(child.name for child in tmp_path.iterdir()) == sorted(others)


def test_what_was_moved_aside_by_a_killed_process_goes_back(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(KeyboardInterrupt), replacing_folder(tmp_path / "run") as folder:
        aside = tmp_path / folder.name.replace(".new", ".old")
        (tmp_path / "run").rename(aside)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [aside]
    tidy_up_beside(tmp_path / "run")
    assert [child.name for child in tmp_path.iterdir()] == ["run"]


def test_a_folder_is_replaced_where_a_link_to_it_leads(tmp_path):
    disk, link = tmp_path / "disk", tmp_path / "link"
    (disk / "records").mkdir(parents=True)
    (disk / "records/old").touch()
    link.symlink_to(disk / "records")
    with replacing_folder(link) as folder:
        assert folder.parent == disk
        (folder / "new").touch()
    assert link.is_symlink() and [path.name for path in link.iterdir()] == ["new"]
    assert sorted(path.name for path in (*tmp_path.iterdir(), *disk.iterdir())) == ["disk", "link", "records"]


def test_json_has_no_nan(tmp_path):
    write_json(tmp_path / "a.json", {"x": float("nan"), "y": [1, float("inf")], "z": {"k": 0.5}})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": None, "y": [1, None], "z": {"k": 0.5}}


def test_what_lies_on_disk_is_read_like_a_list():
    items = [bytes([number]) * number for number in (3, 0, 5, 1)]
    spooled = Spooled(iter(items))
    assert [*spooled] == items and spooled[-1] == items[-1] and len(Spooled([])) == 0


def test_threads_that_read_at_once_each_have_their_own():
    items = [bytes([number]) * 5000 for number in range(200)]
    spooled, order = Spooled(items), np.random.default_rng(0).integers(0, 200, 4000).tolist()
    assert [*overlapping(spooled.__getitem__, order, threads=4)] == [items[number] for number in order]
