"""The dive table against published degrees of difficulty and real results."""

import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from refusals import refused

from data_prep.datasets.readers.pickles import load_pickle
from data_prep.simulator.diving.rules import (
    BACK,
    DIFFICULTIES,
    DIVES,
    FORWARD,
    INWARD,
    REVERSE,
    Dive,
    degree_of_difficulty,
    parse_dive,
)
from data_prep.simulator.plan import get_simulator

PUBLISHED = """
107B 3.0, 109B 4.1, 109C 3.7, 207B 3.6, 207C 3.3, 307B 3.7, 307C 3.4, 407B 3.5, 407C 3.2, 409C 4.1,
5156B 3.8, 5253B 3.2, 5255B 3.6, 6243D 3.2, 6245D 3.6, 626B 3.5, 626C 3.3, 205B 2.9, 305C 2.7, 405B 2.8, 6142D 3.1,
101B 1.5, 201B 1.8, 301B 1.9, 103B 1.6, 403B 2.0, 5132D 2.1, 5231D 2.0
"""


def test_published_degrees_of_difficulty():
    published = dict(entry.split() for entry in PUBLISHED.split(","))
    assert {number: degree_of_difficulty(parse_dive(number)) for number in published} == {
        number: float(difficulty) for number, difficulty in published.items()
    }


def test_numbers_say_what_the_diver_does():
    assert parse_dive("5253B") == Dive("5253B", 5, BACK, 5, 3, "B")
    assert parse_dive("6142D") == Dive("6142D", 6, FORWARD, 4, 2, "D")
    assert parse_dive("407C") == Dive("407C", 4, INWARD, 7, 0, "C")
    assert parse_dive("626C") == Dive("626C", 6, BACK, 6, 0, "C")
    assert all(parse_dive(number).head_first for number in ("107B", "5255B", "6243D", "614B"))
    assert not parse_dive("104C").head_first


def test_what_is_no_dive_number_or_has_no_difficulty_is_refused():
    for number in ("", "107", "B107", "707B", "5953B", "12345B"):
        with refused("wrong_value", repr(number)):
            parse_dive(number)
    with refused("unknown_name", "107A"):
        degree_of_difficulty(parse_dive("107A"))


def test_dives_of_a_difficulty_are_found_and_one_each_keeps_the_most_frequent():
    assert all(1.3 <= degree_of_difficulty(dive) <= 4.8 and dive.head_first for dive in DIVES.values())
    counts, of_difficulty = Counter(DIFFICULTIES.values()), get_simulator("diving").elements_of_difficulty
    assert counts[3.2] >= 4 and counts[3.3] >= 3 and counts[3.6] >= 4
    assert {"407C", "5253B", "6243D"} <= {dive.number for dive in of_difficulty(3.2)}
    assert [dive.number for dive in of_difficulty(3.2, one_each=True)] == ["407C"]
    assert {degree_of_difficulty(dive) for dive in of_difficulty(4.0)} == {4.1}


def _real_dives():
    """Dive → Counter of its difficulties in MTL-AQA, 3 m and 10 m mixed."""
    file = Path(os.environ["SCORINGNET_REAL_DATA"]) / "mtl_aqa" / "final_annotations_dict.pkl"
    dives = defaultdict(Counter)
    for row in load_pickle(file, dict).values():
        direction = (BACK, FORWARD, INWARD, REVERSE)[row["rotation_type"]]
        twists, somersaults = int(row["tw_no"]), int(row["ss_no"]) or 1
        group = 6 if row["armstand"] else 5 if twists else direction
        position = "D" if twists and row["position"] == 0 else "ABC"[row["position"]]
        number = f"{direction}/{somersaults}/{twists}{position}{' armstand' * (group == 6)}"
        dives[Dive(number, group, direction, somersaults, twists, position)][float(row["difficulty"])] += 1
    return dives


# Rows of MTL-AQA whose position or somersaults contradict the difficulty that they carry: that of the dive named.
SLIPS = {
    "2/1/0A": "201B",
    "3/1/0A": "301B",
    "1/2/0B": "612B",
    "2/5/1D": "5251B",
    "2/5/5D": "5255B",
    "1/2/0A armstand": "612B",
    "1/4/0A armstand": "614B",
    "2/4/1C armstand": "6241B",
    "2/4/1D armstand": "6241B",
    "2/6/0A armstand": "626C",
    "2/7/0C armstand": "626C",
}


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_real_dives_have_the_difficulty_of_the_formula():
    dives, agreeing, total = _real_dives(), 0, 0
    assert len(dives) == 57  # of 58 distinct rows; half a somersault is written as 0 and as 1
    for dive, found in dives.items():
        meant = parse_dive(SLIPS[dive.number]) if dive.number in SLIPS else dive
        ours = {degree_of_difficulty(meant, height) for height in (3, 10)}
        assert ours & set(found), (dive.number, found, ours)
        if dive.number not in SLIPS:
            agreeing += sum(count for difficulty, count in found.items() if difficulty in ours)
            total += sum(found.values())
    assert agreeing / total > 0.93
