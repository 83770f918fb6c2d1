"""Counts, times and lists of names in messages; remarks keep their codes."""

import copy
import json
import pickle

import pytest

from scoringnet_tf.support.messages import Remark, clock, counted, shown

REMARK = Remark("aspect", "The picture is 1.79:1.")


@pytest.mark.parametrize(
    "send",
    [
        copy.copy,
        copy.deepcopy,
        lambda remark: pickle.loads(pickle.dumps(remark)),
        lambda remark: Remark.from_dict(json.loads(json.dumps(remark.to_dict()))),
    ],
)
def test_copies_processes_and_json_keep_the_code(send):
    again = send(REMARK)
    assert (again, again.code, type(again)) == (str(REMARK), "aspect", Remark)


def test_one_has_no_plural():
    found = [counted(number, "frame", style) for number, style in ((0, ""), (1, ""), (1200, ","), (1, ">2"))]
    assert found == ["0 frames", "1 frame", "1,200 frames", " 1 frame"]
    assert [counted(number, "class", plural="classes") for number in (1, 2)] == ["1 class", "2 classes"]


def test_a_moment_is_shown_as_by_players():
    moments = (0, 7.46, 59.96, 751, 3599.97, 3723, 36_000)
    expected = ["0:00.0", "0:07.5", "1:00.0", "12:31.0", "1:00:00.0", "1:02:03.0", "10:00:00.0"]
    assert [*map(clock, moments)] == expected


def test_many_names_are_cut():
    assert shown(["b", "a"]) == "a, b"
    assert shown(f"{number:02}" for number in range(12)).startswith("00, 01") and "2 more" in shown(map(str, range(12)))
