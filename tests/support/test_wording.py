"""How messages count: one of a thing is no plural, in the source and in what the commands print."""

import ast
import itertools
import pathlib
import re

import pytest

from scoringnet_tf.support.wording import clock, counted

ROOT = pathlib.Path(__file__).parents[2]
# What is counted in messages; "frames/s" is a unit.
NOUNS = (
    "result frame video problem record stage step shard file sample clip split performance row column byte value image"
)
PLURAL = re.compile(rf" ([a-z]+ )?({'|'.join(f'{noun}s' for noun in NOUNS.split())})\b(?!/| per second)")
# Constants and what is never 1; names and lists that stand before "frames" or "rows" without counting them.
NO_COUNT = re.compile(r"[A-Z_]+|2 \* FOLDS|num_bytes|self\.maximum|.*\.join\(.*\)|stage\['name'\]|.*\.upper\(\)|split")


@pytest.mark.parametrize(
    ("number", "style", "expected"),
    [(0, "", "0 frames"), (1, "", "1 frame"), (2, "", "2 frames"), (1200, ",", "1,200 frames"), (1, ">2", " 1 frame")],
)
def test_of_one_there_is_no_plural(number, style, expected):
    assert counted(number, "frame", style) == expected


def test_plural_of_its_own():
    assert [counted(number, "class", plural="classes") for number in (1, 2)] == ["1 class", "2 classes"]


def test_a_moment_is_told_as_players_show_it():
    moments = (0, 7.46, 59.96, 751, 3599.97, 3723, 36_000)
    expected = ["0:00.0", "0:07.5", "1:00.0", "12:31.0", "1:00:00.0", "1:02:03.0", "10:00:00.0"]
    assert [*map(clock, moments)] == expected


def counts_by_hand(path):
    """Where an f-string puts a number before a plural, whatever the number is: 'file:line expression'."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, text in itertools.pairwise(parts):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant) and PLURAL.match(text.value):
                expression = ast.unparse(value.value)
                if not NO_COUNT.fullmatch(expression):
                    yield f"{path.relative_to(ROOT)}:{value.lineno} {{{expression}}}{text.value[:20]}"


@pytest.mark.parametrize("package", ["data_prep", "scoringnet_tf"])
def test_messages_count_by_the_one_function(package):
    assert [found for path in sorted((ROOT / package).rglob("*.py")) for found in counts_by_hand(path)] == []
