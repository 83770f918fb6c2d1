"""Dives' numbers, words and difficulties against published ones, and the numbers that fit what was seen."""

import dataclasses
import json
import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from command_forks import ROOT
from refusals import refused
from scipy.stats import spearmanr

from data_prep.datasets.readers.pickles import read_annotations
from scoringnet_tf.sports import (
    DIVE_TABLES,
    definition_of,
    differences,
    get_sport,
    kept_form,
    number_of,
    parse_dive,
    read_dive_table,
    read_sport,
    sport_yaml,
)

TABLE = DIVE_TABLES["world_aquatics"]
SHIPPED = ROOT / "scoringnet_tf/sports/shipped"
# World finals from 10 m, and the lists of compulsory dives.
PUBLISHED = """
107B 3.0, 109B 4.1, 109C 3.7, 207B 3.6, 207C 3.3, 307B 3.7, 307C 3.4, 407B 3.5, 407C 3.2, 409C 4.1,
5156B 3.8, 5253B 3.2, 5255B 3.6, 6243D 3.2, 6245D 3.6, 626B 3.5, 626C 3.3, 205B 2.9, 305C 2.7, 405B 2.8, 6142D 3.1,
101B 1.5, 201B 1.8, 301B 1.9, 103B 1.6, 403B 2.0, 5132D 2.1, 5231D 2.0
"""
BOARDS = (1, 3, 5, 7.5, 10)


def difficulty(number, height=10):
    return TABLE.difficulty(parse_dive(number), height)


def test_published_degrees_of_difficulty():
    published = dict(entry.split() for entry in PUBLISHED.split(","))
    assert {number: difficulty(number) for number in published} == {
        number: float(value) for number, value in published.items()
    }
    of_203 = {"A": (2.5, 2.4, 2.5, 2.4, 2.4), "B": (2.3, 2.2, 2.3, 2.2, 2.2), "C": (2.0, 1.9, 2.0, 1.9, 1.9)}
    assert {position: tuple(difficulty(f"203{position}", board) for board in BOARDS) for position in of_203} == of_203


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="needs MTL-AQA's labels")
def test_the_dives_of_real_finals_have_their_difficulty_and_are_about_as_frequent():
    """MTL-AQA mixes 3 m and 10 m, and some labels are wrong: nine in ten have either board's value."""
    labels = read_annotations(Path(os.environ["SCORINGNET_REAL_DATA"]) / "mtl_aqa/final_annotations_dict.pkl")
    dives, counts, right = set(TABLE.dives()), Counter(), 0
    for row in labels.values():
        direction, twists = {0: 2, 1: 1, 2: 4, 3: 3}[int(row["rotation_type"])], int(row["tw_no"])
        position = {1: "B", 2: "C"}.get(int(row["position"]), "D" if twists else "A")
        group = 6 if row["armstand"] else 5 if twists else direction
        dive = parse_dive(number_of(group, direction, int(row["ss_no"]), twists, position))
        boards = [10] if dive.armstand else [3, 10]
        right += dive in dives and any(TABLE.difficulty(dive, board) == row["difficulty"] for board in boards)
        counts[dive] += 1
    assert right / len(labels) > 0.9
    shares = [sum(TABLE.seen[board].get(dive, 0) for board in TABLE.seen) for dive in counts]
    assert spearmanr(shares, list(counts.values())).statistic > 0.7


def test_every_dive_is_printed_and_read_again():
    dives = list(TABLE.dives())
    fields = ("group", "direction", "half_somersaults", "half_twists", "position")
    assert len({dive.number for dive in dives}) == len({dive.words for dive in dives}) == len(dives) > 1000
    assert all(number_of(*(getattr(dive, field) for field in fields)) == dive.number for dive in dives)
    assert [parse_dive(dive.number) for dive in dives] == dives


@pytest.mark.parametrize(
    ("number", "title"),
    [
        ("207C", "207C, back 3½ somersaults, tuck: 3.3"),
        ("5253B", "5253B, back 2½ somersaults, 1½ twists, pike: 3.2"),
        ("101B", "101B, forward dive, pike: 1.5"),
        ("612B", "612B, armstand forward 1 somersault, pike: 1.9"),
        ("5111A", "5111A, forward dive, ½ twist, straight: 2.0"),
    ],
)
def test_a_dive_is_told_in_words(number, title):
    assert parse_dive(number).title(difficulty(number)) == title
    assert parse_dive(number).title() == title.partition(":")[0]


def test_what_is_no_dive_number_or_has_no_difficulty_is_refused():
    for number in ("", "107", "B107", "107B2", "707B", "5953B", "12345B", "113B", "107D", "5250B", "6423D", "1٣5B"):
        with refused("wrong_value", repr(number)):
            parse_dive(number)
    for wrong in ((1, 2, 3, 0, "B"), (1, 1, 3, 1, "B"), (5, 2, 12, 1, "B"), (6, 2, 0, 0, "B"), (2, 2, -1, 0, "A")):
        with refused("wrong_value"):
            number_of(*wrong)
    for number, board in (("107A", 10), ("612B", 3), ("107B", 4), ("109C", 1)):
        with refused("unknown_name", number, board):
            difficulty(number, board)


def test_the_likely_dives_are_those_that_fit_what_was_seen_weighed_by_their_frequency():
    seen = {"half somersaults": {7: 0.5, 6: 0.5}, "half twists": {0: 1.0}, "group": {"armstand back": 0.5, "back": 0.5}}
    likely = TABLE.most_likely({**seen, "position": {"tuck": 0.6, "pike": 0.4}}, height=10)
    probabilities = {dive.number: probability for dive, probability in likely}
    assert set(probabilities) == {"626B", "626C", "627B", "627C", "206B", "206C", "207B", "207C"}
    assert sum(probabilities.values()) == pytest.approx(1)
    assert probabilities["207C"] / probabilities["626B"] == pytest.approx(0.6 / 0.4 * (30 / 6) ** 0.5)
    assert list(probabilities.values()) == sorted(probabilities.values(), reverse=True)
    assert TABLE.most_likely({"half somersaults": {8: 1.0}}) == []
    assert TABLE.most_likely({}, height=10)[0][0].number == "407C"  # nothing seen: the most frequent
    assert [dive.number for dive, _ in TABLE.most_likely({"group": {"reverse": 1.0}}, height=3)][:2] == ["305B", "307C"]


MINE = """\
name: mine
somersaults: {10: {1: 1.0, 2: 2.0}}
positions: {A: {}, B: {}, C: {9: [0, 0, 0, 0, 0, 0, none]}, D: {}}
twists: {}
approach: {10: {9: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}}
entry: {2: [0.5, 0, 0, 0, 0, 0, 0]}
seen: {10: {102C: 3}}
"""


def diving(folder, dives, table=MINE):
    (folder / "mine.yaml").write_text(table, encoding="utf-8")
    path = folder / "diving.yaml"
    text = (SHIPPED / "diving.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("dives: world_aquatics", f"dives: {dives}"), encoding="utf-8")
    return path


def test_a_table_of_ones_own_goes_with_its_sport(tmp_path):
    sport = read_sport(diving(tmp_path, "mine.yaml"))
    assert {dive.number: sport.dives.difficulty(dive) for dive in sport.dives.dives()} == {
        "101C": 1.1,
        "201C": 1.2,
        "301C": 1.3,
        "401C": 1.4,
        "611C": 1.5,
        "621C": 1.6,
        "102C": 2.6,
        "202C": 2.2,
        "302C": 2.3,
        "402C": 2.4,
        "612C": 2.5,
        "622C": 2.6,
    }
    kept = kept_form(sport)
    assert isinstance(kept, dict) and get_sport(kept) == sport != get_sport("diving")
    (tmp_path / "again.yaml").write_text(sport_yaml(sport), encoding="utf-8")
    assert read_sport(tmp_path / "again.yaml") == get_sport(json.loads(json.dumps(kept))) == sport
    other = dataclasses.replace(get_sport("diving"), final_range=(0.0, 145.0))
    assert kept_form(other)["dives"] == "world_aquatics" and get_sport(kept_form(other)) == other


@pytest.mark.parametrize(
    ("old", "new", "code", "named"),
    [
        ("name: mine", "nam: mine", "unknown_key", "nam"),
        ("twists: {}\n", "", "missing_key", "twists"),
        (", D: {}", "", "missing_key", "positions: the key D"),
        ("A: {}", "E: {}", "wrong_value", "positions"),
        ("none]", "0, 0]", "wrong_value", "positions.C.9"),
        ("none]", "no]", "wrong_value", "positions.C.9"),
        ("0.7]", "0.7", "wrong_format", "line"),
        ("{1: 1.0", "{half: 1.0", "wrong_value", "somersaults"),
        ("{1: 1.0", "{1: x", "wrong_value", "somersaults.10.1"),
        ("approach: {10:", "approach: {3:", "wrong_value", "approach"),
        ("seen: {10:", "seen: {0:", "wrong_value", "seen"),
        ("102C: 3", "103C: 3", "wrong_value", "103C"),
        ("102C: 3", "102X: 3", "wrong_value", "102X"),
        ("102C: 3", "102C: -3", "wrong_value", "seen.10.102C"),
        ("102C: 3", "102C: 0", "wrong_value", "seen.10"),
    ],
)
def test_a_wrong_table_is_refused_by_file_and_key(old, new, code, named, tmp_path):
    assert old in MINE
    for read in (lambda: read_dive_table(tmp_path / "mine.yaml"), lambda: read_sport(tmp_path / "diving.yaml")):
        diving(tmp_path, "mine.yaml", MINE.replace(old, new, 1))
        with refused(code, "mine.yaml", named):
            read()


def test_a_model_that_ships_knows_what_its_sport_learned_since():
    """It keeps its sport's name, so a new key needs no training; a definition from before has no such keys."""
    with zipfile.ZipFile(ROOT / "saved_models/diving_film/model.keras") as model:
        kept = json.loads(model.read("config.json"))["config"]["sport"]
    assert kept == "diving_phases" and get_sport(kept).dives == TABLE and "entry angle" in get_sport(kept).measures
    before = {key: value for key, value in definition_of(get_sport(kept)).items() if key not in ("dives", "measures")}
    assert (get_sport(before).dives, get_sport(before).measures) == (None, ())
    assert differences(get_sport(before), get_sport(kept)) == []


def test_a_table_or_measure_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    with refused("unknown_name", "dives", "world_aquatic", "world_aquatics"):
        read_sport(diving(tmp_path, "world_aquatic"))
    with refused("not_found", "yours.yaml"):
        read_sport(diving(tmp_path, "yours.yaml"))
    with refused("unknown_name", "mine.yaml"):  # a stranger's records name no file here
        get_sport({**kept_form(dataclasses.replace(get_sport("diving"), name="x")), "dives": "mine.yaml"})
    path = diving(tmp_path, "world_aquatics")
    text = path.read_text(encoding="utf-8")
    for old, new, code, named in (
        ("entry angle", "angle", "unknown_name", "entry angle"),
        ("entry angle", "position", "duplicate", "position"),
        ("measures: [", "measures: []\nx: [", "unknown_key", "x"),
    ):
        path.write_text(text.replace(old, new), encoding="utf-8")
        with refused(code, path, named):
            read_sport(path)
