"""Stage labels and score checks: what they make of sound rows, and what they say of the others."""

import numpy as np
import pytest

from data_prep.datasets.readers.text import read_csv, read_diving_times
from data_prep.datasets.sample import Sample
from data_prep.datasets.scores import complete_scores, marks_final
from data_prep.datasets.stage_labels import (
    Segment,
    StageError,
    StageOrderError,
    check_segments,
    diving_segments,
    frame_stages,
    read_stage_csv,
    within,
    write_stage_csv,
)
from data_prep.records.checks import id_problems, score_problems
from scoringnet_tf.sports import SPORTS, get_sport
from scoringnet_tf.support.errors import InputError

DIVING, VAULT = get_sport("diving"), get_sport("vault")


def test_the_four_times_become_the_paper_s_stages():
    """[0, t0) pre-starting, [t0, t2) take-flight, [t2, t3) entry, [t3, end) noise (§4.3)."""
    stages = frame_stages(diving_segments((2, 4, 5, 7)), 10, DIVING)
    np.testing.assert_array_equal(stages, [1, 1, 2, 2, 2, 3, 3, 0, 0, 0])
    assert stages.dtype == np.int64


def test_a_video_may_end_with_the_entry_but_not_before():
    np.testing.assert_array_equal(frame_stages(diving_segments((1, 1, 2, 3)), 3, DIVING), [1, 2, 3])
    with pytest.raises(StageError, match=r"row 9: expected .*the video's 2 frames. Received: entry \[2, 3\)"):
        frame_stages(diving_segments((1, 1, 2, 3), "row 9"), 2, DIVING)


@pytest.mark.parametrize("times", [(32, 28, 55, 73), (43, 50, 45, 87), (1, 2, 4, 3), (-1, 2, 3, 4)])
def test_times_that_go_back_are_refused(times):
    with pytest.raises(StageOrderError, match=r"row 32: expected 0 ≤ t0.*Received: " + ",".join(map(str, times))):
        diving_segments(times, "row 32")


@pytest.mark.parametrize("times", [(0, 0, 0, 0), (10, 10, 10, 10), (5, 5, 5, 9), (5, 7, 9, 9)])
def test_a_row_that_was_never_filled_in_is_no_video_of_noise(times):
    with pytest.raises(StageError, match=r"row 3: expected frames of take-flight and of entry.*Received: "):
        diving_segments(times, "row 3")


def test_frames_without_a_label_are_marked():
    segments = [Segment("entry", 1, 2), Segment("noise", 4, 5)]
    np.testing.assert_array_equal(frame_stages(segments, 6, DIVING), [-1, 3, -1, -1, 0, -1])
    np.testing.assert_array_equal(frame_stages(None, 3, DIVING), [-1, -1, -1])


@pytest.mark.parametrize(
    ("segments", "error"),
    [
        ([Segment("landing", 0, 2)], StageError),
        ([Segment("entry", 3, 2)], StageOrderError),
        ([Segment("noise", 0, 3), Segment("entry", 2, 5)], StageOrderError),
        ([Segment("noise", 4, 6), Segment("entry", 0, 2)], StageOrderError),
        ([Segment("noise", 0, None), Segment("entry", -1, 2)], StageOrderError),
    ],
)
def test_segments_that_contradict_the_sport_or_each_other(segments, error):
    with pytest.raises(error):
        check_segments(segments, DIVING)


@pytest.mark.parametrize("outside", [(39, 45), (55, 61), (60, 61)])
def test_stages_given_for_a_performance_do_not_reach_outside_it(outside):
    """Frames 40 to 59 of the file; where they are of the whole file they are cut there."""
    inside, wrong = Segment("entry", 40, 60), Segment("entry", *outside, "row 2")
    assert within([inside], (40, 60)) == (Segment("entry", 0, 20),)
    with pytest.raises(StageError, match=r"row 2: expected stages within frames 40 to 60 of the file\."):
        within([wrong], (40, 60))
    assert all(0 <= segment.start < segment.end <= 20 for segment in within([wrong], (40, 60), cut=True))


def test_diving_times_may_begin_with_a_byte_order_mark(tmp_path):
    """As Windows' editors leave them."""
    (tmp_path / "times.txt").write_bytes("4,8,13,19\r\n4,8,14,20\r\n".encode("utf-8-sig"))
    assert read_diving_times(tmp_path / "times.txt") == {1: (4, 8, 13, 19), 2: (4, 8, 14, 20)}


def test_diving_times_name_every_malformed_row(tmp_path):
    path = tmp_path / "times.txt"
    path.write_text("1,2,3,4\n5,6,7\n8,9,x,11\n")
    with pytest.raises(InputError) as error:
        read_diving_times(path)
    assert "row 2" in str(error.value) and "row 3" in str(error.value) and "row 1:" not in str(error.value)
    path.write_text("1,2,3,4\n 5, 6, 7, 8\n")
    assert read_diving_times(path) == {1: (1, 2, 3, 4), 2: (5, 6, 7, 8)}


def test_stage_csv(tmp_path):
    path = tmp_path / "stage_labels.csv"
    path.write_text("video_id,stage,start_frame,end_frame\n001,noise,0,3\n002,entry,1,2\n001,entry,3,5\n")
    segments = read_stage_csv(path)
    assert [str(segment) for segment in segments["001"]] == ["noise [0, 3)", "entry [3, 5)"]
    assert segments["002"][0].where == "stage_labels.csv, row 3"
    path.write_text("video_id,stage,start_frame,end_frame\n001,noise,0,three\n")
    with pytest.raises(InputError, match=r"row 2: expected integer frames\. Received: 0,three"):
        read_stage_csv(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("a,c\n1,2\n", "expected the columns a,b"),
        ("a,b\n1\n", "row 2"),
        ("a,b\n1,2\n\n1\n", "expected 2 fields in every row, .* Received: 1 in row 4"),
        ("a,b,a\n1,2,3\n", "expected every column once. Received: a more than once"),
        ("", "expected a header. Received: an empty file"),
        ("a,b\nMünchen,2\n", r"table\.csv: expected text in UTF-8"),
        ("a,b\n" + "x" * 200_000 + ",2\n", r"table\.csv, row 2: expected CSV\. Received: field larger"),
    ],
)
def test_csv_that_lacks_something(tmp_path, text, message):
    if text is not None:
        (tmp_path / "table.csv").write_text(text, encoding="latin1")
    with pytest.raises(InputError, match=message):
        read_csv(tmp_path / "table.csv", ("a", "b"))


def test_rows_have_the_numbers_that_an_editor_shows(tmp_path):
    """Blank lines count, and so do line ends within quotes; columns that nobody asked for are kept."""
    (tmp_path / "table.csv").write_text('a,b\n\n1,"x\ny"\n\n\n2,z\n')
    rows = read_csv(tmp_path / "table.csv", ("a",))
    assert [(row.number, row) for row in rows] == [(3, {"a": "1", "b": "x\ny"}), (7, {"a": "2", "b": "z"})]
    (tmp_path / "stage_labels.csv").write_text("video_id,stage,start_frame,end_frame\n\n1,entry,0,5\n\n1,entry,5,x\n")
    with pytest.raises(InputError, match=r"stage_labels\.csv, row 5: expected integer frames"):
        read_stage_csv(tmp_path / "stage_labels.csv")


def test_frames_with_an_underscore_are_no_numbers(tmp_path):
    """Python alone reads 1_0 as 10."""
    (tmp_path / "stage_labels.csv").write_text("video_id,stage,start_frame,end_frame\na,entry,1_0,25\na,entry,1,2_5\n")
    with pytest.raises(InputError, match=r"(?s)row 2: expected integer frames.*row 3: expected integer frames"):
        read_stage_csv(tmp_path / "stage_labels.csv")
    (tmp_path / "times.txt").write_text("1_0,20,30,40\n")
    with pytest.raises(InputError, match=r"times\.txt, row 1: expected t0,t1,t2,t3 \(four integers\)"):
        read_diving_times(tmp_path / "times.txt")


@pytest.mark.parametrize(
    ("sport", "scores", "expected"),
    [
        (DIVING, {"difficulty": 3.0, "execution": 25.5, "final": 76.5}, None),
        (VAULT, {"difficulty": 6.5, "execution": 9.4, "final": 15.9}, None),
        (DIVING, {}, None),
        (DIVING, {"difficulty": 3.0, "execution": 25.5, "final": 28.5}, "final score of 76.50"),
        (VAULT, {"difficulty": 6.5, "execution": 9.4, "final": 15.4}, "final score of 15.90"),
        (DIVING, {"difficulty": 30.0}, "difficulty of diving from 1.2 to 4.8. Received: 30"),
        (DIVING, {"difficulty": 1.2, "execution": 15.0, "final": 18.0}, None),  # 101C from 1 m
        (DIVING, {"difficulty": 1.18}, "difficulty of diving from 1.2 to 4.8. Received: 1.18"),
        (DIVING, {"difficulty": 3.8, "execution": 25.33, "final": 96.27}, None),  # 25⅓, rounded before it is multiplied
        (DIVING, {"difficulty": 3.8, "execution": 25.33, "final": 96.29}, "final score of 96.25"),
        (DIVING, {"difficulty": 1.2, "execution": 15.0, "final": 18.02}, "final score of 18.00"),
        (DIVING, {"execution": 30.5}, "execution of diving from 0 to 30. Received: 30.5"),
        (VAULT, {"final": 1590.0}, "final of vault from 0 to 17.4. Received: 1590"),
        (DIVING, {"final": float("nan")}, "Received: nan"),
        (VAULT, {"difficulty": 6.5, "execution": 9.4, "penalty": 0.3, "final": 15.6}, None),
        (VAULT, {"difficulty": 6.5, "execution": 9.4, "penalty": 0.3, "final": 15.9}, "final score of 15.60"),
        (SPORTS["ski_jumping"], {"penalty": -60.5}, "expected penalty of ski_jumping from -60 to 60. Received: -60.5"),
        (VAULT, {"penalty": -0.3}, "expected penalty of vault from 0 up. Received: -0.3"),
    ],
)
def test_scores_are_held_against_the_sport(tmp_path, sport, scores, expected):
    sample = Sample("001", tmp_path / "001.avi", "train", "row 1", **scores)
    problems = [str(problem) for problem in score_problems(sample, sport)]
    assert not problems if expected is None else (len(problems) == 1 and expected in problems[0])


def test_ids_that_occur_twice(tmp_path):
    samples = [
        Sample(video_id, tmp_path, split, f"row {row}")
        for row, (video_id, split) in enumerate(
            [("1", "train"), ("2", "train"), ("2", "test"), ("3", "test"), ("3", "test")]
        )
    ]
    problems = {index: str(problem) for index, problem in id_problems(samples).items()}
    assert problems.keys() == {1, 2, 3, 4}
    assert "in train and test" in problems[1] and "2 times in test" in problems[3]


@pytest.mark.parametrize("sport", SPORTS.values(), ids=lambda sport: sport.name)
def test_the_execution_is_what_the_fusion_leaves(sport):
    """Every sport's rule, there and back, within its own ranges."""
    difficulty, execution = np.mean(sport.difficulty_range) or 0.0, np.mean(sport.execution_range)
    final = sport.fuse(difficulty, execution, 0.3)
    expected = {"product": difficulty * execution, "sum": difficulty + execution}
    assert final == expected.get(sport.fusion, difficulty + execution - 0.3)
    assert sport.execution_of(difficulty, final, 0.3) == pytest.approx(execution)
    assert score_problems(Sample("1", None, "train", "row 1", difficulty, execution, final, 0.3), sport) == []


def test_known_scores_give_the_unknown_one():
    assert complete_scores(DIVING, 3.0, final=63.0)["execution"] == 21.0
    assert complete_scores(DIVING, 3.0, 21.0)["final"] == 63.0
    assert complete_scores(VAULT, 6.5, 9.4, penalty=0.3)["final"] == pytest.approx(15.6)
    assert complete_scores(DIVING, final=63.0)["execution"] is None
    assert np.isnan(complete_scores(DIVING, 0.0, final=63.0)["execution"])


@pytest.mark.parametrize(
    ("sport", "scores", "computed"),
    [
        (DIVING, {"difficulty": 3.9, "final": 40.95}, {"execution": 10.5}),  # 10.500000000000002
        (DIVING, {"difficulty": 1.8, "final": 18.9}, {"execution": 10.5}),  # 10.499999999999998
        (DIVING, {"difficulty": 1.3, "execution": 12.0}, {"final": 15.6}),  # 15.600000000000001
        (VAULT, {"difficulty": 2.0, "final": 9.2}, {"execution": 7.2}),  # 7.199999999999999
        (VAULT, {"difficulty": 6.0, "execution": (8.0 + 8.0 + 8.6) / 3}, {"execution": 8.2}),
    ],
)
def test_scores_that_are_equal_on_paper_are_equal(sport, scores, computed):
    """Whatever arithmetic leaves of them in the sixteenth digit, which would rank one above the other."""
    assert complete_scores(sport, **scores).items() >= computed.items()


def test_a_difficulty_that_is_not_stated_is_computed_unless_rounding_leaves_it_open():
    assert complete_scores(DIVING, None, 21.0, 63.0)["difficulty"] == 3.0
    assert complete_scores(VAULT, None, 9.4, 15.6, penalty=0.3)["difficulty"] == pytest.approx(6.5)
    assert complete_scores(DIVING, None, 5.0, 140.0)["difficulty"] == 28.0  # impossible, which is refused
    assert complete_scores(VAULT, None, 9.0, 2.0)["difficulty"] == -7.0
    assert complete_scores(DIVING, None, 0.5, 1.5)["difficulty"] is None  # 2.9 to 3.1
    assert complete_scores(DIVING, None, 0.0, 0.0)["difficulty"] is None
    assert np.isnan(complete_scores(DIVING, None, 0.0, 63.0)["difficulty"])  # no rule makes that of 0: refused
    highest = DIVING.difficulty_range[1]
    assert complete_scores(DIVING, None, 10.0, 10 * highest + 0.02)["difficulty"] == highest


@pytest.mark.parametrize("marks", [[7.0, 6.5, 8.0], [7.0, 6.5, 8.0, 2.0, 9.5], [9.0, 7.0, 6.5, 8.0, 2.0, 9.5, 1.0]])
def test_middle_three_marks(marks):
    """3.0 × (6.5 + 7.0 + 8.0), whichever higher and lower marks are dropped."""
    assert marks_final(DIVING, 3.0, marks) == 64.5
    assert marks_final(DIVING, 3.0, marks[:2]) is None
    assert marks_final(DIVING, 3.0, [*marks[:-1], 6.7]) is None
    assert marks_final(DIVING, 3.0, [*marks[:-1], "a"]) is None
    assert marks_final(get_sport("rhythmic_gymnastics"), 3.0, marks) is None


def test_a_table_of_labels_is_written_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "stage_labels.csv"
    write_stage_csv(path, {"a": [Segment("entry", 0, 5)]})
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        write_stage_csv(path, {"b": [None]})
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == [path.name]
