"""`data_prep describe` counts what the records hold, in tables, JSON and a picture."""

import dataclasses
import json
import re

import matplotlib.image
import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars
from layouts import write_table
from refusals import codes, said

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.description import as_text, describe, distribution
from data_prep.records.description_picture import picture, save_picture
from data_prep.records.dry_run import check
from data_prep.records.summary import summary
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import SCORES, definition_of, get_sport


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
    assert train["scores"]["execution"]["median"] == pytest.approx(22)
    assert train["stage_seconds"]["take-flight"]["mean"] == pytest.approx((8 + numbers).mean() / 25)
    assert train["stage_seconds"]["entry"] == pytest.approx(distribution([6 / 25] * 7))
    assert set(train["lacking"].values()) == {0, 7} and train["lacking"]["group"] == 7
    histograms = [split["scores"]["final"]["histogram"] for split in found["splits"].values()]
    assert np.sum(histograms) == 10 and len(found["score_bins"]["final"]) == len(histograms[0]) + 1
    assert found["sport"] == "diving" and found["pixels"] == "filmed" and not found["groups_in_several_splits"]


def test_figures_stand_under_their_headings(diving_records):
    """Execution of the seven training videos is 19 to 25."""
    lines = [line.split() for line in as_text(describe(DatasetInfo.load(diving_records))).splitlines()]
    heading = next(line for line in lines if "mean" in line)
    (row,) = (line for line in lines if line[:2] == ["train", "execution"])
    numbers = dict(zip(heading[-8:], row[2:], strict=False))
    expected = {"mean": 22, "std": 2, "min": 19, "q1": 20.5, "median": 22, "q3": 23.5, "max": 25}
    assert {name: float(numbers[name]) for name in expected} == expected


def test_scores_of_a_small_range_have_the_digits_that_tell_them_apart(diving_records):
    """In a sport whose executions lie in 0…1: whatever they are here."""
    info, ranges = DatasetInfo.load(diving_records), {"difficulty": [1, 5], "execution": [0, 1], "final": [0, 5]}
    sport = {**definition_of(get_sport("diving")), "name": "own", "ranges": ranges}
    del sport["marks"]
    own = dataclasses.replace(info, sport=sport)
    for text in (as_text(describe(own)), summary(own)):
        rows = [line.split() for line in text.splitlines() if line.startswith("train ")]
        digits = {row[1]: {len(cell.partition(".")[2]) for cell in row[3:6]} for row in rows if row[1] in SCORES}
        assert digits == {"difficulty": {2}, "execution": {3}, "final": {2}}


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


@pytest.mark.parametrize("finals", [(1.6, 1.5999999999999999), (65.1, 65.1 + 1e-12), (0.0, 0.0)])
def test_scores_that_are_equal_up_to_rounding_are_one(partial_info, finals):
    """As difficulties that were computed: 12 bins have no room between two neighbouring numbers."""
    scores = dict(zip(partial_info.videos, (*finals, None), strict=True))
    videos = {name: video | {"final": scores[name]} for name, video in partial_info.videos.items()}
    found = describe(dataclasses.replace(partial_info, videos=videos))
    np.testing.assert_allclose(found["score_bins"]["final"], np.linspace(finals[0] - 0.5, finals[0] + 0.5, 13))
    assert sum(found["splits"]["train"]["scores"]["final"]["histogram"]) == 2


def test_a_group_in_two_splits_is_said_by_describe_check_and_build_alike(partial_build):
    info, notes = partial_build
    lines, number = check("manifest", info.records_dir.parent, workers=1, sport="diving")
    (torn,) = {line for line in lines if line.endswith("Ann.")} & set(notes)
    assert number == 0 and as_text(describe(info)).endswith(f"\n{torn}")
    assert re.findall(r"\d", said(lines, "known_scores")) == ["3", "1", "1", "2"]


def test_stages_that_nobody_has_labelled_are_not_said_to_lack(partial_build):
    """Of b.avi, which has a score, take-flight is known alone."""
    assert "missing_stage" not in codes(partial_build[1])


def test_classes_are_counted(ucf101_records):
    found = describe(DatasetInfo.load(ucf101_records))
    assert set(found["splits"]["train"]["classes"]["action"].values()) == {2} and found["score_bins"] == {}
    found["splits"]["train"]["classes"]["action"] = {"ApplyEyeMakeup": 3, "BoxingPunchingBag": 1}
    assert "2 classes of action, 1 to 3" in as_text(found)


@pytest.mark.parametrize("records", ["diving_records", "ucf101_records", "partial_info"])
def test_the_picture_has_a_panel_for_all_that_there_is(records, request, tmp_path):
    given = request.getfixturevalue(records)
    info = given if isinstance(given, DatasetInfo) else DatasetInfo.load(given)
    save_picture(describe(info), tmp_path / "described.png")
    pixels = matplotlib.image.imread(tmp_path / "described.png")
    assert pixels.shape[1] > 1000 and 0.02 < np.mean(pixels[..., :3] < 0.95) < 0.5


def test_the_picture_shows_the_shares_of_videos_that_have_a_field(partial_info):
    """Of two to train, and one to test of which but the group is known."""
    (axis,) = [axis for axis in picture(describe(partial_info)).axes if "known" in axis.get_title(loc="left")]
    assert [label.get_text() for label in axis.get_xticklabels()] == [*SCORES, "stages", "group"]
    assert [[bar.get_height() for bar in split] for split in axis.containers] == [
        [0.5, 0.5, 1, 0.5, 1],
        [0, 0, 0, 0, 1],
    ]


def test_a_distribution_of_nothing_is_its_number():
    assert distribution([]) == {"number": 0}
    assert distribution([2.0, 4.0]) == {
        "number": 2, "mean": 3.0, "std": 1.0, "min": 2.0, "q1": 2.5, "median": 3.0, "q3": 3.5, "max": 4.0
    }  # fmt: skip


def test_the_command_prints_json_alone(diving_records):
    result = forked("data_prep", "describe", f"--records_dir={diving_records}", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == describe(DatasetInfo.load(diving_records))
