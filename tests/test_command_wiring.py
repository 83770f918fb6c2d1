"""Every flag of a command is read by it, and every field of a configuration by its run; `test_config` has the rest."""

import ast
import dataclasses
import inspect
import pathlib
import re

import pytest
from command_forks import forked
from conftest import write_bars

import scoringnet_tf
from scoringnet_tf.sports import PREDICTED_SCORES
from scoringnet_tf.training import config
from scoringnet_tf.training.fields import all_fields

ROOT = pathlib.Path(__file__).parents[1]
DEFINITION = re.compile(r"flags\.DEFINE_\w+\(\s*\"(\w+)\"")
MODULES = [path for package in ("scoringnet_tf", "data_prep") for path in sorted((ROOT / package).rglob("*.py"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in MODULES}
SHARED = "data_prep/commands/dataset_flags.py"  # whose flags are arguments of readers of datasets


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if DEFINITION.search(text)])
def test_every_flag_of_a_command_is_read(name):
    """As an attribute of FLAGS, or as an argument of its name."""
    uses = DEFINITION.sub("", "".join(TEXTS.values()) if name == SHARED else TEXTS[name])
    flags = DEFINITION.findall(TEXTS[name])
    assert [flag for flag in flags if not re.search(rf"\.{flag}\b|\b{flag}[=:]|\"{flag}\"", uses)] == []


def attributes(paths):
    """Names that are read as attributes, or by a text, in some files."""
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("cls", [config.TrainingConfig, config.PretrainingConfig])
def test_every_field_of_a_configuration_is_read(cls):
    """By its name, or with its section as arguments of what the section is for."""
    files = [*(ROOT / "scoringnet_tf/training").glob("*.py"), ROOT / "scoringnet_tf/train.py"]
    read = attributes(path for path in files if path.name not in ("config.py", "fields.py", "flags.py"))
    for kind in (scoringnet_tf.Augmentation, scoringnet_tf.KeyFragmentSegmenter):
        read |= inspect.signature(kind).parameters.keys()
    read |= {*PREDICTED_SCORES, "start"}  # stages by the name of a score; the last by `starts`
    names = {path.rpartition(".")[2] for path, *_ in all_fields(cls)} | {each.name for each in dataclasses.fields(cls)}
    assert names - read == set()


def test_a_score_that_is_withheld_is_told_by_the_status(tmp_path):
    write_bars(tmp_path / "v.avi", 30)
    result = forked("scoringnet_tf.predict", tmp_path / "v.avi")
    assert (result.returncode, result.stderr) == (1, "") and "withheld" in result.stdout
