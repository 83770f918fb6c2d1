"""Stage labels and scores: what sound rows become, and the codes of the others."""

import numpy as np
import pytest
from refusals import refused

from data_prep.datasets.readers.text import read_diving_times
from data_prep.datasets.sample import Sample
from data_prep.datasets.scores import complete_scores
from data_prep.datasets.stage_labels import (
    Segment,
    diving_segments,
    frame_stages,
    read_stage_csv,
    segment_errors,
    within,
)
from data_prep.records.checks import score_problems
from scoringnet_tf.sports import SPORTS, get_sport

DIVING, VAULT = get_sport("diving"), get_sport("vault")


def test_the_four_times_become_the_paper_s_stages():
    """[0, t0) pre-starting, [t0, t2) take-flight, [t2, t3) entry, [t3, end) noise (§4.3)."""
    stages = frame_stages(diving_segments((2, 4, 5, 7)), 10, DIVING)
    np.testing.assert_array_equal(stages, [1, 1, 2, 2, 2, 3, 3, 0, 0, 0])
    assert stages.dtype == np.int64


@pytest.mark.parametrize(
    ("times", "code"),
    [
        *((times, "not_in_order") for times in ((32, 28, 55, 73), (43, 50, 45, 87), (1, 2, 4, 3), (-1, 2, 3, 4))),
        *((times, "no_stages") for times in ((0, 0, 0, 0), (10, 10, 10, 10), (5, 5, 5, 9), (5, 7, 9, 9))),
    ],
)
def test_times_that_are_no_stages(times, code):
    """They go back, or the row was never filled in: that is no video of noise."""
    with refused(code, "row 32", ",".join(map(str, times))):
        diving_segments(times, "row 32")


@pytest.mark.parametrize(
    ("segments", "code"),
    [
        ([Segment("landing", 0, 2)], "unknown_name"),
        ([Segment("entry", 3, 2)], "not_in_order"),
        ([Segment("noise", 0, 3), Segment("entry", 2, 5)], "not_in_order"),
        ([Segment("noise", 4, 6), Segment("entry", 0, 2)], "not_in_order"),
        ([Segment("noise", 0, None), Segment("entry", -1, 2)], "not_in_order"),
        ([Segment("noise", 0, 3), Segment("entry", 3, 9)], "out_of_range"),
        ([Segment("noise", 0, 3), Segment("entry", 3, 8)], None),
    ],
)
def test_segments_that_contradict_the_sport_the_video_or_each_other(segments, code):
    assert [error.code for error in segment_errors(segments, DIVING, 8)] == [code] * bool(code)


@pytest.mark.parametrize("outside", [(39, 45), (55, 61), (60, 61)])
def test_stages_given_for_a_performance_do_not_reach_outside_it(outside):
    """Frames 40 to 59 of the file; stages of the whole file are cut there."""
    inside, wrong = Segment("entry", 40, 60), Segment("entry", *outside, "row 2")
    assert within([inside], (40, 60)) == (Segment("entry", 0, 20),)
    with refused("out_of_range", "row 2", "40 to 60"):
        within([wrong], (40, 60))
    assert all(0 <= segment.start < segment.end <= 20 for segment in within([wrong], (40, 60), cut=True))


@pytest.mark.parametrize("text", ["4,8,13,19\r\n4,8,14,20\r\n", "\ufeff4,8,13,19\n 4, 8, 14, 20\n"])
def test_diving_times_are_read(tmp_path, text):
    (tmp_path / "times.txt").write_bytes(text.encode())
    assert read_diving_times(tmp_path / "times.txt") == [(4, 8, 13, 19), (4, 8, 14, 20)]


@pytest.mark.parametrize("row", ["5,6,7", "8,9,x,11", "1_0,20,30,40"])
def test_diving_times_name_every_malformed_row(tmp_path, row):
    """Python alone reads 1_0 as 10."""
    (tmp_path / "times.txt").write_text(f"1,2,3,4\n{row}\n1,2,3,4\n{row}\n")
    with refused("malformed_rows", "row 2", "row 4", row) as error:
        read_diving_times(tmp_path / "times.txt")
    assert "row 1:" not in str(error.value)


STAGE_HEADER = "video_id,stage,start_frame,end_frame\n"


def test_stage_csv(tmp_path):
    path = tmp_path / "stage_labels.csv"
    path.write_text(f"{STAGE_HEADER}001,noise,0,3\n\n002,entry,1,2\n001,entry,3,\n")
    segments = read_stage_csv(path)
    assert segments["001"] == [
        Segment("noise", 0, 3, "stage_labels.csv, row 2"),
        Segment("entry", 3, None, "stage_labels.csv, row 5"),
    ]
    assert segments["002"][0].where == "stage_labels.csv, row 4"


@pytest.mark.parametrize("frames", ["0,three", "1_0,25", "1,2_5", ",5"])
def test_stage_csv_names_frames_that_are_no_integers(tmp_path, frames):
    (tmp_path / "stage_labels.csv").write_text(f"{STAGE_HEADER}\n1,entry,0,5\n\n1,entry,{frames}\n")
    with refused("malformed_rows", "stage_labels.csv, row 5", frames):
        read_stage_csv(tmp_path / "stage_labels.csv")


@pytest.mark.parametrize(
    ("sport", "scores", "kinds"),
    [
        (DIVING, {"difficulty": 3.0, "execution": 25.5, "final": 76.5}, []),
        (VAULT, {"difficulty": 6.5, "execution": 9.4, "final": 15.9}, []),
        (DIVING, {}, []),
        (DIVING, {"difficulty": 3.0, "execution": 25.5, "final": 28.5}, ["inconsistent"]),
        (VAULT, {"difficulty": 6.5, "execution": 9.4, "final": 15.4}, []),  # a penalty, which no label tells
        (VAULT, {"difficulty": 6.5, "execution": 9.4, "final": 16.4}, ["inconsistent"]),
        (SPORTS["ski_jumping"], {"difficulty": 60.0, "execution": 50.0, "final": 170.0}, []),  # points that wind gave
        (SPORTS["ski_jumping"], {"difficulty": 60.0, "execution": 50.0, "final": 170.5}, ["inconsistent"]),
        (DIVING, {"difficulty": 30.0}, ["error"]),
        (DIVING, {"difficulty": 1.2, "execution": 15.0, "final": 18.0}, []),  # 101C from 1 m
        (DIVING, {"difficulty": 3.8, "execution": 25.33, "final": 96.27}, []),  # 25⅓, rounded before it is multiplied
        (DIVING, {"difficulty": 3.8, "execution": 25.33, "final": 96.29}, ["inconsistent"]),
        (VAULT, {"final": 1590.0}, ["error"]),
        (DIVING, {"final": float("nan")}, ["error"]),
    ],
)
def test_scores_are_held_against_the_sport(tmp_path, sport, scores, kinds):
    sample = Sample("001", tmp_path / "001.avi", "train", "row 1", **scores)
    assert [problem.kind for problem in score_problems(sample, sport)] == kinds


@pytest.mark.parametrize("sport", SPORTS.values(), ids=lambda sport: sport.name)
def test_the_execution_is_what_the_fusion_leaves(sport):
    """Every sport's rule, there and back, within its own ranges."""
    difficulty, execution = np.mean(sport.difficulty_range) or 0.0, np.mean(sport.execution_range)
    final = sport.fuse(difficulty, execution)
    assert final == (difficulty * execution if sport.fusion == "product" else difficulty + execution)
    assert sport.other_part(difficulty, final) == pytest.approx(execution)
    assert score_problems(Sample("1", None, "train", "row 1", difficulty, execution, final), sport) == []


@pytest.mark.parametrize(
    ("sport", "scores", "computed"),
    [
        (DIVING, {"difficulty": 3.0, "final": 63.0}, {"execution": 21.0}),
        (DIVING, {"difficulty": 3.0, "execution": 21.0}, {"final": 63.0}),
        (DIVING, {"final": 63.0}, {"execution": None}),
        (DIVING, {"difficulty": 3.9, "final": 40.95}, {"execution": 10.5}),  # 10.500000000000002
        (VAULT, {"difficulty": 2.0, "final": 9.2}, {"execution": 7.2}),  # 7.199999999999999
        (VAULT, {"difficulty": 6.0, "execution": (8.0 + 8.0 + 8.6) / 3}, {"execution": 8.2}),
        (DIVING, {"execution": 21.0, "final": 63.0}, {"difficulty": 3.0}),
        (VAULT, {"execution": 9.4, "final": 15.9}, {"difficulty": 6.5}),
        (DIVING, {"execution": 5.0, "final": 140.0}, {"difficulty": 28.0}),  # impossible, which is refused
        (VAULT, {"execution": 9.0, "final": 2.0}, {"difficulty": -7.0}),
        (DIVING, {"execution": 0.5, "final": 1.5}, {"difficulty": None}),  # 2.9 to 3.1
        (DIVING, {"execution": 0.0, "final": 0.0}, {"difficulty": None}),
        (DIVING, {"execution": 10.0, "final": 48.02}, {"difficulty": 4.8}),  # the highest
    ],
)
def test_two_scores_give_the_third_unless_rounding_leaves_it_open(sport, scores, computed):
    """Equal on paper, they are equal: the sixteenth digit would rank one above the other."""
    assert complete_scores(sport, **scores).items() >= computed.items()
