"""Ratios of neighbours, targets, what is said where a side fails, and the processes that measure."""

import contextlib
import sys

import pytest

from benchmarks import pairs
from benchmarks.pairs import Comparison, NotMeasured, Result, Row, Target

RATIO = Row("step", "theirs", "a", "b", "s", Target(0.85))


def side(answers, asked, name):
    """A side that gives these figures in turn, and writes down that it was asked."""

    def ask(what):
        asked.append((name, what))
        return answers.pop(0)

    return lambda: contextlib.nullcontext(ask)


def test_neighbours_take_turns_and_the_first_pair_is_not_counted():
    asked = []
    ours, peer = side([9.0, 1.0, 2.0, 6.0], asked, "ours"), side([9.0, 2.0, 4.0, 3.0], asked, "peer")
    (result,) = pairs.measured(Comparison("x", ours, peer, (RATIO,)), 3)
    assert result.figures == ((1.0, 2.0), (2.0, 4.0), (6.0, 3.0))
    assert [name for name, _ in asked] == ["ours", "peer", "peer", "ours", "ours", "peer", "peer", "ours"]
    assert {what for name, what in asked if name == "peer"} == {"b"}
    assert (result.ratio, result.ours, result.peer) == (0.5, 2.0, 3.0)  # not 2 / 3: the median of the ratios
    assert result.to_dict()["spread"] == [0.5, 2.0]


@pytest.mark.parametrize(("asked_for", "pairs_of"), [(None, [1, 2]), (3, [3, 3])])
def test_a_row_has_rounds_of_its_own_unless_all_are_to_have_the_same(asked_for, pairs_of):
    rows = tuple(Row("step", "theirs", "a", "b", "s", rounds=rounds) for rounds in (1, 2))
    both = Comparison("x", side([1.0] * 20, [], "one"), None, rows)
    assert [len(result.figures) for result in pairs.measured(both, asked_for)] == pairs_of


def test_one_side_may_do_both():
    asked = []
    (result,) = pairs.measured(Comparison("x", side([9.0, 9.0, 10.0, 11.0], asked, "one"), None, (RATIO,)), 1)
    assert result.figures == ((11.0, 10.0),) and asked == [("one", what) for what in "abba"]


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(0.5), True),
        (Target(0.49), False),
        (Target(0.5, at_most=False), True),
        (Target(0.51, at_most=False), False),
        (Target(2.2, of="ours"), True),
        (Target(0.99, of="ours"), False),
    ],
)
def test_targets(target, met):
    assert target.met(Result("x", RATIO, ((1.0, 2.0),))) is met


def test_a_side_that_fails_leaves_a_reason_and_what_was_measured_before():
    def ask(what):
        if what == "bad":
            raise NotMeasured("no PyTorch")
        return 1.0

    rows = (RATIO, Row("next", "theirs", "bad", "b", "s"), Row("last", "theirs", "a", "b", "s"))
    results = list(pairs.measured(Comparison("x", lambda: contextlib.nullcontext(ask), None, rows), 1))
    assert [result.missing for result in results] == ["", "no PyTorch", "no PyTorch"]
    assert results[1].to_dict()["missing"] == "no PyTorch"
    text = pairs.table(results)
    assert "x, next: not measured: no PyTorch" in text
    expected = "x: step theirs 1 s 1 s 1.00 1.00–1.00 ≤ 0.85× no"
    assert text.splitlines()[1].split() == expected.split()


SERVED = """
import sys
from absl import flags
flags.DEFINE_integer("size", 0, "")
def measure(what):
    print("said by a library")
    if what == "stop":
        sys.exit("what: stopped.")
    return {"half": 0.5, "nothing": None, "size": flags.FLAGS.size}[what]
def measurements():
    return measure
"""


@pytest.fixture
def served(tmp_path, monkeypatch):
    (tmp_path / "served_here.py").write_text(SERVED)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    return pairs.worker("served_here", size=3)


def test_a_process_answers_and_what_libraries_print_is_no_answer(served):
    with served() as ask:
        assert ask("half") == 0.5
        assert ask("nothing") is None
        assert ask("size") == 3


def test_the_last_words_of_a_process_that_ends_are_the_reason(served):
    with pytest.raises(NotMeasured, match=r"^what: stopped\.$"), served() as ask:
        ask("stop")


def test_a_flag_may_be_a_function_that_is_called_once_it_is_needed():
    made = []
    start = pairs.worker("json.tool", folder=lambda: made.append(1))
    assert made == []
    with start():
        assert made == [1]
