"""Pickles that are short and endless to read are told from those that are what they seem, before they are read."""

import os
import pickle
from pathlib import Path

import pytest

from data_prep.datasets.readers import pickle_check
from data_prep.datasets.readers.pickle_check import check_pickle


def pairs_of_pairs(levels, make=b"\x86"):
    """A pickle of `levels` levels, each of which holds the one below twice; 6 bytes a level by default."""
    return b"\x80\x02)" + b"".join(b"q\x00h\x00" + make for _ in range(levels)) + b"."


def refused(content):
    """The message of a pickle that is refused."""
    with pytest.raises(ValueError) as error:
        check_pickle(content, len(content))
    return str(error.value)


def test_pairs_of_pairs_are_unpickled_but_seldom_hashed():
    """What the check is for: 20 levels are a million pairs, which is allowed; 30 would take a minute to hash."""
    content = pairs_of_pairs(20)
    check_pickle(content, len(content))
    assert pickle.loads(pairs_of_pairs(2)) == (((), ()), ((), ()))


@pytest.mark.parametrize(
    "make",
    [
        b"\x86",  # a pair
        b"2\x87",  # itself three times, by DUP
        b"]q\x01(h\x00h\x00eh\x01\x86",  # a list of it twice, itself twice
        b"(h\x00h\x00t",  # a tuple of three from a mark
        b"}K\x00h\x00s\x86",  # it, and a dict of it
    ],
)
def test_levels_that_multiply_are_refused(make):
    assert "more than 10,000,000 objects" in refused(pairs_of_pairs(60, make))


def test_a_hundred_thousand_levels_take_no_longer_than_they_are():
    assert "more than 10,000,000 objects" in refused(pairs_of_pairs(20_000))


def test_what_holds_itself_is_refused():
    """Directly, or by way of another that was made before it was filled."""
    direct, first, second = [], [], []
    direct.append(direct)
    first.append(second)
    second.append({1: first})
    for value in (direct, first):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert refused(pickle.dumps(value, protocol)) == "an object that holds itself"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_shared_a_few_times_is_let_through(protocol):
    steps = {1: "Back", 2: ("Entry", [1, 2])}
    value = {(1, number): {"steps": steps, "times": [number] * 3, "set": {1, 2}} for number in range(500)}
    content = pickle.dumps(value, protocol)
    check_pickle(content, len(content))


def test_integers_and_containers_have_a_limit(monkeypatch):
    check_pickle(pickle.dumps(10**400), 200)
    assert "an integer of 16610 bits" in refused(pickle.dumps(10**5000))
    monkeypatch.setattr(pickle_check, "MAX_CONTAINERS", 100)
    assert refused(b"\x80\x02" + b"]" * 200 + b".") == "more than 100 containers"


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02h\x05.",  # nothing is at this place of the memo
        b"\x80\x02\x86.",  # a pair of nothing
        b"\x80\x02e.",
        b"\x80\x02cbuiltins\nset\n}b.",  # a state for a type
        b"\x80\x02K\x01K\x02a.",  # something put into a number
    ],
)
def test_what_no_pickler_writes_is_an_error(content):
    with pytest.raises((ValueError, LookupError)):
        check_pickle(content, len(content))


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_real_pickles_are_far_from_the_limits(monkeypatch):
    monkeypatch.setattr(pickle_check, "MAX_OBJECTS", 100_000)
    monkeypatch.setattr(pickle_check, "MAX_CONTAINERS", 10_000)
    paths = sorted(Path(os.environ["SCORINGNET_REAL_DATA"]).rglob("*.pkl"))
    assert len(paths) == 3
    for path in paths:
        check_pickle(path.read_bytes(), path.stat().st_size)
