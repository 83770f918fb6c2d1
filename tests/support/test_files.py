"""Nothing half-written looks whole."""

import json

import pytest

from scoringnet_tf.support.files import replacing_file, replacing_folder, write_json


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
