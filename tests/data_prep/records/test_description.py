"""`data_prep describe` counts what the records hold, in tables and JSON."""

import json
import re

import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars
from layouts import write_table
from refusals import codes, said
from tiny_records import feature_video, write_records

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.description import as_text, describe, distribution
from data_prep.records.dry_run import check
from scoringnet_tf.data.dataset_info import DatasetInfo


@pytest.fixture(scope="module")
def partial_build(tmp_path_factory):
    """Records of a table of one's own with some cells empty: of two of three videos the stages are known in part."""
    folder = tmp_path_factory.mktemp("partial")
    header = ("video", "split", "difficulty", "final", "group", "pre-starting", "take-flight", "entry", "end")
    rows = [
        ("a.avi", "train", 3.0, 63.0, "Ann", 5, 10, 15, 20),
        ("b.avi", "train", "", 45.0, "Eve", "", 10, 15, ""),
        ("c.avi", "test", "", "", "Ann", "", "", "", ""),
    ]
    write_table(folder / "manifest.csv", header, rows)
    for number, (name, length) in enumerate({"a.avi": 25, "b.avi": 50, "c.avi": 75}.items()):
        write_bars(folder / name, length, number)
    settings = BuildSettings((36, 48))
    return build_records("manifest", folder, folder / "records", settings, workers=1, sport="diving")


@pytest.fixture(scope="module")
def partial_info(partial_build):
    return partial_build[0]


def test_counts_are_those_of_the_records(diving_records):
    """Video i has 24 + i frames at 25 frames/s, stages at 4, 8, 12 + i, 18 + i, and execution 15 + i; 1 to 3 test."""
    found = describe(DatasetInfo.load(diving_records))
    train, numbers = found["splits"]["train"], np.arange(4, 11)
    assert (train["videos"], train["frames"]) == (7, (24 + numbers).sum())
    assert train["seconds"]["max"] == pytest.approx(34 / 25) and train["seconds"]["mean"] == pytest.approx(31 / 25)
    expected = {"number": 7, "mean": 22, "std": 2, "min": 19, "q1": 20.5, "median": 22, "q3": 23.5, "max": 25}
    assert train["scores"]["execution"] == pytest.approx(expected)
    assert train["stage_seconds"]["take-flight"]["mean"] == pytest.approx((8 + numbers).mean() / 25)
    assert train["stage_seconds"]["entry"] == pytest.approx(distribution([6 / 25] * 7))
    assert set(train["lacking"].values()) == {0, 7} and train["lacking"]["group"] == 7
    assert found["sport"] == "diving" and found["pixels"] == "filmed" and not found["groups_in_several_splits"]


def test_seconds_go_by_the_rate_of_each_video(tmp_path):
    """Four steps in each, of which one has 5 steps a second, the other 20."""
    videos = [feature_video(f"{rate}", np.eye(4, dtype=np.float32), range(4), rate, final=60.0) for rate in (5.0, 20.0)]
    train = describe(DatasetInfo.load(write_records(tmp_path / "records", {"train": videos})))["splits"]["train"]
    assert (train["seconds"]["min"], train["seconds"]["max"]) == pytest.approx((0.2, 0.8))
    assert (train["stage_seconds"]["entry"]["min"], train["stage_seconds"]["entry"]["max"]) == pytest.approx(
        (0.05, 0.2)
    )


def test_what_lacks_is_counted(partial_info):
    found = describe(partial_info)
    train, test = found["splits"]["train"], found["splits"]["test"]
    assert train["lacking"] == {"difficulty": 1, "execution": 1, "final": 0, "stages": 1, "group": 0}
    assert test["lacking"] == {"difficulty": 1, "execution": 1, "final": 1, "stages": 1, "group": 0}
    assert (
        train["stage_seconds"]["pre-starting"]["number"] == 1 and train["stage_seconds"]["take-flight"]["number"] == 2
    )
    assert test["stage_seconds"] == {} and test["scores"]["final"]["number"] == 0
    assert found["groups_in_several_splits"] == ["Ann"]
    text = as_text(found)
    assert text.endswith("Ann.") and "train final" in text and "test final" not in text


def test_a_group_in_two_splits_is_said_by_describe_check_and_build_alike(partial_build):
    info, notes = partial_build
    lines, number = check("manifest", info.records_dir.parent, workers=1, sport="diving")
    (torn,) = {line for line in lines if line.endswith("Ann.")} & set(notes)
    assert number == 0 and as_text(describe(info)).endswith(f"\n{torn}")
    assert "missing_stage" not in codes(notes), "a stage that nobody has labelled"
    assert re.findall(r"\d", said(lines, "known_scores")) == ["3", "1", "1", "2"]


def test_classes_are_counted(ucf101_records):
    found = describe(DatasetInfo.load(ucf101_records))
    assert set(found["splits"]["train"]["classes"]["action"].values()) == {2} and found["decimals"] == {}
    found["splits"]["train"]["classes"]["action"] = {"ApplyEyeMakeup": 3, "BoxingPunchingBag": 1}
    assert "2 classes of action, 1 to 3" in as_text(found)


def test_the_command_prints_json_alone(diving_records):
    result = forked("data_prep", "describe", f"--records_dir={diving_records}", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == describe(DatasetInfo.load(diving_records))
