"""The files that a stranger looks for first: they exist and agree with the package."""

import configparser
import pathlib
import re

import pytest
import yaml
from command_forks import ROOT
from conftest import LONG

import scoringnet_tf
from data_prep.simulator.settings import Settings


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def setup():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def test_the_licence_is_the_one_that_the_metadata_names():
    metadata, citation = setup()["metadata"], yaml.safe_load(text("CITATION.cff"))
    assert metadata["license"] == citation["license"] == "Apache-2.0"
    assert metadata["license_files"] == "LICENSE"
    assert "Apache License\n                           Version 2.0, January 2004" in text("LICENSE")
    assert text("LICENSE").rstrip().endswith("limitations under the License.")


def test_changelog_version_and_citation_agree():
    """Before its release a version is called by that, not by the one before: what is kept says which code made it."""
    parts = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d|unreleased)$", text("CHANGELOG.md"), re.M)
    version, date = parts[0]
    assert scoringnet_tf.__version__ == (f"{version}.dev0" if date == "unreleased" else version)
    numbers = [tuple(map(int, version.split("."))) for version, _ in parts]
    assert numbers == sorted(numbers, reverse=True)
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["version"] == next(version for version, date in parts if date != "unreleased")
    assert citation["preferred-citation"]["doi"] == "10.1007/978-3-030-20876-9_10"


def test_what_needs_other_libraries_is_left_out_of_make_test_and_has_a_command():
    """A test that skips where a library is missing, without the mark, would run nowhere: no target installs it."""
    assert {f'-m "{kind}slow and not interop"' in text("Makefile") for kind in ("not ", "")} == {True}
    assert "make test\n" in text(".ci/run") and 'make interop MARKED="slow or interop"\n' in text(".ci/run")
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path.parent.name not in ("browser", "notebooks", "distributed", "tfio") and path != pathlib.Path(__file__):
            source = path.read_text(encoding="utf-8")
            asked = set(re.findall(r"(?:importorskip|util\.find_spec)\(\s*['\"]?([\w.]+)", source))
            assert not asked or "mark.interop" in source, path


@pytest.mark.parametrize("suite", ["browser", "notebooks", "tfio"])
def test_suites_with_an_environment_of_their_own_have_a_command_and_are_left_out_of_others(suite):
    config = setup()
    assert f"tests/{suite}" in config["tool:pytest"]["norecursedirs"].split()
    assert config["options.extras_require"][suite].split()
    assert list((ROOT / "tests" / suite).glob("test_*.py"))
    assert re.search(rf"^[\w ]*\b{suite}\b[\w ]*:\n", text("Makefile"), re.M)
    assert re.search(rf"^make .*\b{suite}\b", text(".ci/run"), re.M)


def test_make_demo_scores_a_video_that_it_did_not_learn_from():
    number = int(re.search(r"diving_samples_len_ori/(\d+)\.avi", text("Makefile"))[1])
    assert "simulate --sport=diving --easy --num_videos=120 --seed=0" in text("Makefile")
    assert number in Settings("diving", "scoring", 120, 0, None, True, 0.19, 96, 128).draw_split()[1]


def test_the_files_of_tests_that_begin_first_are_there():
    assert [name for name in LONG if not (ROOT / "tests" / name).is_file()] == []
