"""Files of sports: what they define arrives, and whatever is not quite right is refused by file and key."""

import pathlib
import re

import pytest

from scoringnet_tf.sports import (
    SPORTS,
    Marks,
    Sport,
    definition_of,
    differences,
    get_sport,
    kept_form,
    named_sport,
    read_sport,
    sport_yaml,
)
from scoringnet_tf.support.errors import InputError

ROOT = pathlib.Path(__file__).parents[2]
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
fusion: sum
marks:
  panels:
    - [3 of 5, 1 of 1]
    - [2 of 4]
  step: 0.1
  maximum: 10
  factor: 3
  penalty_off_marks: true
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
    fusion="sum",
    marks=Marks((((5, 3), (1, 1)), ((4, 2),)), step=0.1, maximum=10.0, factor=3.0, penalty_off_marks=True),
)


def written(folder, text, name="mine.yaml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_defines_a_sport(tmp_path):
    assert read_sport(written(tmp_path, FILE)) == TRAMPOLINE
    assert named_sport(str(written(tmp_path, "\N{BYTE ORDER MARK}" + FILE, "bom.yml"))) == TRAMPOLINE


def test_marks_and_the_range_of_a_penalty_may_be_left_out(tmp_path):
    text = FILE[: FILE.index("marks:")].replace("  penalty: [0, 2.5]\n", "")
    sport = read_sport(written(tmp_path, text))
    assert sport.marks is None and sport.range_of("penalty") == (0.0, float("inf"))


@pytest.mark.parametrize("sport", [TRAMPOLINE, *SPORTS.values()], ids=lambda sport: sport.name)
def test_a_sport_goes_into_a_file_or_a_definition_and_back(sport, tmp_path):
    assert read_sport(written(tmp_path, sport_yaml(sport))) == sport
    assert get_sport(definition_of(sport)) == get_sport(kept_form(sport)) == get_sport(sport) == sport


def test_a_sport_that_ships_is_a_file_of_its_name():
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == set(SPORTS)
    assert all(read_sport(SHIPPED / f"{name}.yaml") == sport for name, sport in SPORTS.items())


def test_names_stand_for_sports_that_ship_alone(tmp_path):
    """A copy that is the same is kept by its name; one that differs in a single number is kept whole."""
    diving = (SHIPPED / "diving.yaml").read_text(encoding="utf-8")
    assert kept_form(read_sport(written(tmp_path, diving))) == "diving"
    other = read_sport(written(tmp_path, diving.replace("144", "145")))
    assert other.name == "diving" and get_sport(kept_form(other)) == other != get_sport("diving")
    assert differences(other, get_sport("diving")) == ["ranges.final [0.0, 145.0] instead of [0.0, 144.0]"]


def test_differences_are_named_on_either_side():
    assert differences(TRAMPOLINE, TRAMPOLINE) == []
    assert "ranges.penalty [0.0, 2.5] instead of none" in differences(TRAMPOLINE, get_sport("vault"))
    assert "ranges.penalty none instead of [0.0, 2.5]" in differences(get_sport("vault"), TRAMPOLINE)


WRONG = {  # what is put in place of what, and what is said of it
    "an unknown key": (
        "fusion:",
        "fussion:",
        "no keys but name, stages, fragments, ranges, fusion, marks. Received: 'fussion'",
    ),
    "a key that is missing": ("fusion: sum\n", "", "expected the key fusion. Received: name, stages"),
    "a key twice": (
        "marks:",
        "name: x\nmarks:",
        "mine.yaml, line 12: expected plain YAML. Received: the key name twice.",
    ),
    "an inner key twice": (
        "  final:",
        "  execution: [0, 5]\n  final:",
        "line 9: expected plain YAML. Received: the key execution",
    ),
    "a key of a list": (
        "name: trampoline",
        "? [a]\n: b",
        "mine.yaml, line 1: expected plain YAML. Received: found unhashable key.",
    ),
    "no name": (
        "name: trampoline",
        "name:",
        "name: expected a name of at most 64 letters, digits, - and _. Received: ''",
    ),
    "a path as name": ("name: trampoline", "name: ../x", "name: expected a name of at most 64"),
    "a long name": ("name: trampoline", f"name: {'x' * 65}", "name: expected a name of at most 64"),
    "stages that are text": (
        "[Anlauf, 1st half, landing]",
        "Anlauf",
        "stages: expected a list of the sport's stages, in order. Received: 'Anlauf'",
    ),
    "no stages": ("[Anlauf, 1st half, landing]", "[]", "stages: expected a list of the sport's stages"),
    "a stage that is a list": ("[Anlauf,", "[[Anlauf],", "stages: expected a name"),
    "a stage twice": ("[Anlauf,", "[1st half,", "stages: expected every stage once. Received: 1st half and 1st half"),
    "a stage in two cases": (
        "[Anlauf,",
        "[Landing,",
        "stages: expected every stage once. Received: Landing and landing",
    ),
    "a stage in two spellings": (
        "[Anlauf,",
        "[1st-half,",
        "stages: expected every stage once. Received: 1st-half and 1st half",
    ),
    "noise as a stage": ("[Anlauf,", "[noise,", "stages: expected the stages of the sport without noise, unlabelled"),
    "a stage of frames without a label": (
        "[Anlauf,",
        "[Unlabelled,",
        "stages: expected the stages of the sport without noise, unlabelled, which every sport has. Received: 'Unlab",
    ),
    "a stage with a comma": ("[Anlauf,", "['a,b',", "stages: expected a name"),
    "a stage of space": ("[Anlauf,", "[' Anlauf',", "stages: expected a name"),
    "endless stages": (
        "[Anlauf,",
        f"[{','.join(f's{i}' for i in range(70))},",
        "stages: expected at most 64 stages. Received: 72",
    ),
    "a fragment of another stage": (
        "difficulty: [1st half]",
        "difficulty: [2nd half]",
        "fragments.difficulty: expected stages of Anlauf, 1st half, landing. Received: '2nd half'",
    ),
    "a fragment of noise": (
        "difficulty: [1st half]",
        "difficulty: [noise]",
        "fragments.difficulty: expected stages of",
    ),
    "a fragment with a stage twice": (
        "[landing, 1st half]",
        "[landing, landing]",
        "fragments.execution: expected every stage once",
    ),
    "an empty fragment": (
        "difficulty: [1st half]",
        "difficulty: []",
        "fragments.difficulty: expected a list of stages. Received: []",
    ),
    "a fragment that is a list": (
        "difficulty: [1st half]",
        "difficulty: [[1st half]]",
        "fragments.difficulty: expected stages of",
    ),
    "no fragments": (
        "  difficulty: [1st half]\n  execution: [landing, 1st half]\n",
        "",
        "fragments: expected the keys difficulty, execution, each with a value. Received: ''",
    ),
    "a fragment of the final score": (
        "  difficulty: [1st half]",
        "  final: [landing]\n  difficulty: [1st half]",
        "fragments: expected no keys but difficulty, execution. Received: 'final'",
    ),
    "a range that is reversed": (
        "[0, 20]",
        "[20, 0]",
        "ranges.difficulty: expected [smallest, largest]. Received: [20.0, 0.0]",
    ),
    "a range of one number": (
        "[0, 20]",
        "[20]",
        "ranges.difficulty: expected two numbers, [smallest, largest]. Received: ['20']",
    ),
    "a range that is a number": (
        "[0, 20]",
        "20",
        "ranges.difficulty: expected two numbers, [smallest, largest]. Received: '20'",
    ),
    "a number that Python alone reads": ("step: 0.1", "step: 0_1", "marks.step: expected a number. Received: '0_1'"),
    "a range with NaN": ("[0, 20]", "[0, .nan]", "ranges.difficulty: expected a number. Received: '.nan'"),
    "a range with Python's NaN": ("[0, 20]", "[nan, 20]", "ranges.difficulty: expected a number. Received: 'nan'"),
    "a range without end": ("[0, 20]", "[0, inf]", "ranges.difficulty: expected a number. Received: 'inf'"),
    "a range with a decimal comma": ("[-5, 80.5]", "[-5, 80,5]", "ranges.final: expected two numbers"),
    "a range with true": ("[0, 20]", "[false, true]", "ranges.difficulty: expected a number. Received: 'false'"),
    "a range in minutes": ("[0, 20]", "[0, 1:30]", "ranges.difficulty: expected a number. Received: '1:30'"),
    "another rule": (
        ": sum",
        ": difference",
        "fusion: expected one of product, sum, sum_minus_penalty. Received: 'difference'",
    ),
    "a rule that is a list": (": sum", ": [sum]", "fusion: expected one of product"),
    "a range of a penalty that no rule takes": (
        "penalty_off_marks: true",
        "penalty_off_marks: false",
        "ranges.penalty: expected none, as neither sum nor marks take one off. Received: one",
    ),
    "a penalty that is taken off twice": (
        "fusion: sum",
        "fusion: sum_minus_penalty",
        "marks.penalty_off_marks: expected false, as sum_minus_penalty takes the penalty off already. Received: True",
    ),
    "an unknown key of marks": (
        "factor:",
        "faktor:",
        "marks: expected no keys but panels, step, maximum, factor, penalty_off_marks. Received: 'faktor'",
    ),
    "marks that are missing": ("  step: 0.1\n", "", "marks: expected the key step. Received: panels"),
    "marks that are text": ("factor: 3", "factor: three", "marks.factor: expected a number. Received: 'three'"),
    "marks of no step": (
        "step: 0.1",
        "step: 0",
        "marks: expected a step, a maximum and a factor above 0. Received: 0, 10, 3",
    ),
    "a panel that is no list": ("[2 of 4]", "2 of 4", "marks.panels: expected a list of panels"),
    "a panel that is unreadable": (
        "[2 of 4]",
        "[2 from 4]",
        "marks.panels: expected a list of panels, each a list of the groups of its judges, like 3 of 5. Received: ['2",
    ),
    "marks that are not in the middle": (
        "[2 of 4]",
        "[1 of 4]",
        "marks: expected kept marks in the middle of a group's. Received: 1 of 4",
    ),
    "two panels of one size": (
        "[2 of 4]",
        "[4 of 6]",
        "marks: expected panels of one or more groups, of different sizes",
    ),
    "a truth that is none": (
        "penalty_off_marks: true",
        "penalty_off_marks: maybe",
        "marks.penalty_off_marks: expected true or false. Received: 'maybe'",
    ),
    "a list as truth": (
        "penalty_off_marks: true",
        "penalty_off_marks: [1]",
        "marks.penalty_off_marks: expected true or false",
    ),
    "an execution that marks do not make": (
        "factor: 3",
        "factor: 1",
        "ranges.execution: expected 10 as the largest, marks.factor × marks.maximum. Received: 30.0",
    ),
    "a final score of another rule": (
        ": sum",
        ": product",
        "ranges.final: expected about 600 as the largest, the product of the largest difficulty and execution. "
        "Received: 80.5",
    ),
    "a final score that nothing reaches": (
        "80.5]",
        "805]",
        "ranges.final: expected about 50 as the largest, the sum of the largest difficulty and execution. "
        "Received: 805.0",
    ),
    "an anchor": ("[0, 20]", "&x [0, 20]", "mine.yaml, line 7: expected plain YAML. Received: an anchor or alias, x."),
    "an alias": ("[0, 20]", "*x", "mine.yaml, line 7: expected plain YAML. Received: an anchor or alias, x."),
    "a tag": (
        "[0, 20]",
        "!!python/tuple [0, 20]",
        "line 7: expected plain YAML. Received: a tag, tag:yaml.org,2002:python/tuple.",
    ),
    "two documents": ("fusion:", "---\nfusion:", "expected plain YAML. Received: but found another document."),
    "a tab": ("  difficulty: [0, 20]", "\tdifficulty: [0, 20]", "mine.yaml, line 7: expected plain YAML"),
    "a list that is open": ("[0, 20]", "[0, 20", "expected plain YAML"),
    "a merge key": ("fusion:", "<<: {}\nfusion:", "no keys but"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_quite_right_is_refused_on_one_line_by_file_and_key(wrong, tmp_path):
    old, new, message = WRONG[wrong]
    assert old in FILE
    path = written(tmp_path, FILE.replace(old, new, 1))
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        read_sport(path)
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value) and len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected the keys name, stages, fragments, ranges, fusion, each with a value"),
        (b"diving", "expected the keys name"),
        (b"- name", "expected the keys name"),
        (b"\x00\xff\xfe\x00", "expected plain YAML"),
        (b"name: \xff", "expected plain YAML"),
        (b"%PDF-1.4\n%\xe2\xe3", "expected plain YAML"),
        (b"[" * 12, "expected plain YAML. Received: lists within lists without end"),
        (b"[" * 60_000, "expected plain YAML"),
        (b"x: [" * 10_000, "expected plain YAML"),
        (b"#" * 2**17, "expected at most 65,536 bytes. Received: more."),
    ],
)
def test_what_is_no_definition_at_all_is_refused(content, message, tmp_path):
    path = written(tmp_path, content)
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        read_sport(path)
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


def test_what_is_named_must_be_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: expected a file that defines a sport. Received: no such file"):
        named_sport(str(tmp_path / "none.yaml"))
    with pytest.raises(
        InputError, match=r"--sport: expected a sport, one of artistic_gymnastics, .*, or a file \.yaml"
    ):
        named_sport("curling")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(InputError, match="no such file"):
        named_sport(str(tmp_path / "folder.yaml"))
    with pytest.raises(InputError, match="Expected a sport, one of artistic_gymnastics"):
        get_sport("curling")
    with pytest.raises(InputError, match="sport: expected the key name"):
        get_sport({})


def test_the_example_of_the_docs_is_a_sport(tmp_path):
    page = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    example, golf = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    sport = read_sport(written(tmp_path, example, "aerials.yaml"))
    assert sport.name == "aerials" and sport.stages == ("noise", "in-run", "flight", "landing")
    execution = sport.marks.execution([8.1, 7.9, 9.0, 8.4, 6.5])
    assert sport.fuse(4.05, execution) == pytest.approx(4.05 * (8.1 + 7.9 + 8.4))
    assert read_sport(written(tmp_path, golf)).scores == ("final",)


def test_the_docs_name_every_sport_that_ships():
    page = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in SPORTS)
