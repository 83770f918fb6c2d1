"""Files of sports: what they define arrives, and whatever is not quite right is refused by file and key."""

import dataclasses
import re

import pytest
from command_forks import ROOT
from refusals import refused

from scoringnet_tf.sports import (
    SPORTS,
    Sport,
    StageEdge,
    definition_of,
    differences,
    get_sport,
    kept_form,
    named_sport,
    read_sport,
    sport_yaml,
)

SHIPPED = ROOT / "scoringnet_tf/sports/shipped"
FILE = """\
name: trampoline
stages: [Anlauf, 1st half, landing]
fragments:
  difficulty: [1st half]
  execution: [landing, 1st half]
ranges:
  difficulty: [0, 20]
  execution: [0, 3e1]
  final: [-5, 80.5]
  penalty: [0, 2.5]
fusion: sum_minus_penalty
moments:
  take-off: start of 1st half
  touch-down: end of 1st half
durations:
  air time: 1st half
"""
TRAMPOLINE = Sport(
    name="trampoline",
    stages=("noise", "Anlauf", "1st half", "landing"),
    difficulty_fragment=("1st half",),
    execution_fragment=("1st half", "landing"),
    difficulty_range=(0.0, 20.0),
    execution_range=(0.0, 30.0),
    final_range=(-5.0, 80.5),
    penalty_range=(0.0, 2.5),
    fusion="sum_minus_penalty",
    moments=(StageEdge("take-off", "1st half"), StageEdge("touch-down", "1st half", is_end=True)),
    durations=(("air time", "1st half"),),
)


def written(folder, text, name="mine.yaml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_defines_a_sport(tmp_path):
    assert read_sport(written(tmp_path, FILE)) == TRAMPOLINE
    assert named_sport(str(written(tmp_path, "\N{BYTE ORDER MARK}" + FILE, "bom.yml"))) == TRAMPOLINE


@pytest.mark.parametrize("sport", [TRAMPOLINE, *SPORTS.values()], ids=lambda sport: sport.name)
def test_a_sport_goes_into_a_file_or_a_definition_and_back(sport, tmp_path):
    assert read_sport(written(tmp_path, sport_yaml(sport))) == sport
    assert get_sport(definition_of(sport)) == get_sport(kept_form(sport)) == get_sport(sport) == sport


def test_names_stand_for_sports_that_ship_alone(tmp_path):
    diving = (SHIPPED / "diving.yaml").read_text(encoding="utf-8")
    assert kept_form(read_sport(written(tmp_path, diving))) == "diving"
    other = read_sport(written(tmp_path, diving.replace("144", "145")))
    assert other.name == "diving" and get_sport(kept_form(other)) == other != get_sport("diving")
    assert differences(other, get_sport("diving")) == ["ranges.final [0.0, 145.0] instead of [0.0, 144.0]"]
    assert differences(other, other) == differences(TRAMPOLINE, dataclasses.replace(TRAMPOLINE, moments=())) == []
    assert "ranges.penalty [0.0, 2.5] instead of none" in differences(TRAMPOLINE, get_sport("vault"))


DIFFICULTY, STAGES = "difficulty: [1st half]", "[Anlauf, 1st half, landing]"
FRAGMENTS = f"  {DIFFICULTY}\n  execution: [landing, 1st half]\n"


@pytest.mark.parametrize(
    ("old", "new", "code", "named"),
    [
        ("fusion:", "fussion:", "unknown_key", "fussion"),
        ("moments:", "name: x\nmoments:", "wrong_format", "line 12"),  # a key twice
        ("name: trampoline", "? [a]\n: b", "wrong_format", "line 1"),
        ("name: trampoline", "name: ../x", "wrong_value", "name"),
        (STAGES, "[]", "wrong_value", "stages"),
        ("[Anlauf,", "[1st-half,", "duplicate", "1st-half and 1st half"),
        ("[Anlauf,", "[Unlabelled,", "wrong_value", "Unlabelled"),
        ("[Anlauf,", "[' Anlauf',", "wrong_value", "stages"),
        ("[Anlauf,", f"[{','.join(f's{i}' for i in range(70))},", "wrong_value", "72"),
        (DIFFICULTY, "difficulty: [2nd half]", "wrong_value", "fragments.difficulty"),
        ("[landing, 1st half]", "[landing, landing]", "duplicate", "fragments.execution"),
        (FRAGMENTS, "", "wrong_value", "fragments"),
        (f"  {DIFFICULTY}", f"  final: [landing]\n  {DIFFICULTY}", "unknown_key", "fragments: final"),
        ("[0, 20]", "[20, 0]", "wrong_value", "ranges.difficulty"),
        ("80.5]", "8_0]", "wrong_value", "ranges.final"),  # Python alone reads it
        *(("[0, 20]", wrong, "wrong_value", "ranges.difficulty") for wrong in ("[nan, 20]", "[0, inf]", "[0, 1:30]")),
        ("[-5, 80.5]", "[-5, 80,5]", "wrong_value", "ranges.final"),
        (": sum_minus_penalty", ": difference", "wrong_value", "fusion"),
        ("sum_minus_penalty", "sum", "penalty_unused", "ranges.penalty"),
        ("  execution: [0, 3e1]\n", "", "missing_key", "ranges: the key execution"),
        ("  penalty: [0, 2.5]\nfusion: sum_minus_penalty", "fusion: product", "wrong_value", "ranges.final"),
        ("80.5]", "805]", "wrong_value", "ranges.final"),  # nothing reaches it
        ("start of 1st half", "[1st half]", "wrong_value", "moments.take-off"),
        ("take-off:", "End:", "wrong_value", "End"),  # a performance has an end_s
        ("air time:", "take off:", "duplicate", "take-off and take off"),
        ("air time: 1st half", "air time: 2nd half", "wrong_value", "durations.air time"),
        ("durations:\n  air time: 1st half", "durations: 1st half", "wrong_value", "durations"),
        ("[0, 20]", "*x", "wrong_format", "line 7"),
        ("  difficulty: [0, 20]", "\tdifficulty: [0, 20]", "wrong_format", "line 7"),
    ],
)
def test_what_is_not_quite_right_is_refused_by_file_and_key(old, new, code, named, tmp_path):
    assert old in FILE
    path = written(tmp_path, FILE.replace(old, new, 1))
    with refused(code, path, named) as caught:
        read_sport(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("content", "code"),
    [
        *((content, "wrong_value") for content in (b"", b"diving", b"- name")),
        *((content, "wrong_format") for content in (b"\x00\xff\xfe\x00", b"name: \xff", b"%PDF-1.4\n%\xe2\xe3")),
        *((b"name: diving\n" + text, "wrong_format") for text in (b"x: &a [1]", b"x: *a", b"x: !!python/tuple [1]")),
        *((content, "wrong_format") for content in (b"[" * 12, b"[" * 60_000, b"x: [" * 10_000, b"#" * 2**17)),
    ],
)
def test_what_is_no_definition_at_all_is_refused(content, code, tmp_path):
    path = written(tmp_path, content)
    with refused(code, path) as caught:
        read_sport(path)
    assert "\n" not in str(caught.value)


def test_what_is_named_must_be_there(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    for name in ("none.yaml", "folder.yaml"):
        with refused("not_found", tmp_path / name):
            named_sport(str(tmp_path / name))
    with refused("unknown_name", "--sport", "curling", "artistic_gymnastics", ".yaml"):
        named_sport("curling")
    with refused("unknown_name", "curling", "artistic_gymnastics"):
        get_sport("curling")
    with refused("missing_key", "name"):
        get_sport({})


def test_the_example_of_the_docs_is_a_sport(tmp_path):
    page = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    example, golf = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    sport = read_sport(written(tmp_path, example, "aerials.yaml"))
    assert sport.name == "aerials" and sport.stages == ("noise", "in-run", "flight", "landing")
    assert read_sport(written(tmp_path, golf)).scores == ("final",)
