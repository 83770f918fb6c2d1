"""Every flag of a command is read by it, and every field of a configuration by its run; what flags do to records."""

import ast
import dataclasses
import re

import numpy as np
import pytest
from command_forks import ROOT, forked
from conftest import write_bars, write_split, write_unlv_diving

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.serve.jobs import Limits

DEFINITION = re.compile(r"flags\.DEFINE_\w+\(\s*\"(\w+)\"")
MODULES = [path for package in ("scoringnet_tf", "data_prep") for path in sorted((ROOT / package).rglob("*.py"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in MODULES}


def is_definition(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("DEFINE_")


def names_read(node):
    """Attributes of FLAGS or `values`, and texts, outside definitions of flags."""
    if is_definition(node):
        return set()
    read = set().union(*map(names_read, ast.iter_child_nodes(node)))
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("flags.FLAGS", "FLAGS", "values"):
        read.add(node.attr)
    return read | ({node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set())


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if DEFINITION.search(text)])
def test_every_flag_of_a_command_is_read(name):
    """As an attribute of FLAGS, or by its name as a text. The web page's limits are the fields that they fill."""
    read = names_read(ast.parse(TEXTS[name]))
    if "dataclasses.fields(Limits)" in TEXTS[name]:
        read |= {field.name for field in dataclasses.fields(Limits)}
    assert {*DEFINITION.findall(TEXTS[name])} - read == set()


def test_a_score_that_is_withheld_is_told_by_the_status(tmp_path):
    write_bars(tmp_path / "v.avi", 30)
    result = forked("scoringnet_tf.predict", "--model=diving_small", tmp_path / "v.avi")
    assert (result.returncode, result.stderr) == (1, "") and "withheld" in result.stdout


# === What a command writes by flags unlike their defaults; others: `bad_inputs` and the tests of each command ===


def built(dataset, source, output, *flags):
    """The records that `data_prep build` makes."""
    words = [f"--dataset={dataset}", f"--source_dir={source}", f"--output_dir={output}", *flags]
    result = forked("data_prep", "build", *words)
    assert result.returncode == 0, result.stderr
    return DatasetInfo.load(output)


def test_frames_are_stored_as_the_flags_say(diving_copy, tmp_path):
    """In place of records that are there, by one of two splits of the source."""
    source = write_unlv_diving(tmp_path / "source", 4, 2)
    (source / "split_other").mkdir()
    write_split(source / "split_other", [1, 2, 3], [4])
    asked = {"jpeg_quality": 81, "aspect": 1.5, "fit": "pad", "num_shards": 3, "split_dir": "split_other"}
    asked |= {"nonmonotone": "drop", "on_inconsistent": "keep", "on_lookalike": "drop", "on_error": "skip"}
    flags = [f"--{name}={value}" for name, value in asked.items()]
    flags += ["--frame_height=36", "--frame_width=50", "--overwrite", "--workers=1"]
    info = built("unlv_diving", source, diving_copy, *flags)
    assert asked.items() <= info.settings.items() and (info.frame_size, info.aspect) == ((36, 50), 1.5)
    assert info.splits["test"]["ids"] == ["004"] and len(info.splits["train"]["shards"]) == 3


def test_a_table_is_read_as_the_flags_say(tmp_path):
    """More semicolons than bars, a name in cp1252, a decimal comma; nothing else tells split or stride."""
    rows = [
        "features|group|final|o;t;h;e;r|difficulty",
        "a.npy|Jürgens|14.5||5.0",
        "b.npy|Eve|14||5",
        "c.npy|Ann|14.0||5,2",
    ]
    (tmp_path / "table.txt").write_bytes("\n".join(rows).encode("cp1252"))
    (tmp_path / "split.csv").write_text("id,split\na.npy,test\nb.npy,train\nc.npy,train\n")
    for number, name in enumerate("abc"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(number).normal(size=(6, 4)))
    flags = [f"--manifest_csv={tmp_path / 'table.txt'}", f"--split_csv={tmp_path / 'split.csv'}", "--on_error=skip"]
    flags += ["--sport=vault", "--delimiter=bar", "--nodecimal_comma"]
    flags += ["--encoding=cp1252", "--feature_stride=4"]
    info = built("manifest", tmp_path, tmp_path / "records", *flags)
    known = {name: (video["split"], video["group"], video["final"]) for name, video in info.videos.items()}
    assert known == {"a.npy": ("test", "Jürgens", 14.5), "b.npy": ("train", "Eve", 14)}
    assert (info.sport_name, info.features["stride"]) == ("vault", 4)
    assert [video["id"] for video in info.skipped] == ["c.npy"]
