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
    # not 2 / 3: the median of the ratios
    assert [result.median(of) for of in ("ratio", "ours", "peer")] == [0.5, 2.0, 3.0]
    assert result.to_dict()["spread"] == (0.5, 2.0)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (None, None),
        (Target(0.5), True),
        (Target(0.49), False),
        (Target(0.5, at_most=False), True),
        (Target(0.51, at_most=False), False),
        (Target(2.2, of="ours"), True),
        (Target(0.99, of="ours"), False),
    ],
)
def test_targets(target, met):
    assert Result("x", Row("step", "theirs", "a", "b", "s", target), ((1.0, 2.0),)).met is met


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
def measurements(size):
    def measure(what):
        print("said by a library")
        if what == "stop":
            sys.exit("what: stopped.")
        return {"half": 0.5, "size": size}[what]
    return measure
"""


def test_a_process_answers_and_its_last_words_are_the_reason_for_no_answer(tmp_path, monkeypatch):
    (tmp_path / "served_here.py").write_text(SERVED)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    made = []
    start = pairs.worker("served_here", size=lambda: made.append(1) or tmp_path)
    assert made == []
    with start() as ask:
        assert [ask("half"), ask("size"), made] == [0.5, str(tmp_path), [1]]
        with pytest.raises(NotMeasured, match=r"^what: stopped\.$"):
            ask("stop")
