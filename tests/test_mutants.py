"""`make mutate` is not run here; that each of its changes still fits the code, and each of its tests exists, is."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/mutation"))

from mutants import MUTANTS  # noqa: E402


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.description)
def test_the_change_fits_the_code(mutant):
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.applied(text) != text
    if mutant.file.endswith(".py"):
        compile(mutant.applied(text), mutant.file, "exec")
    for test in mutant.tests:
        file, _, name = test.partition("::")
        expected = f"def {name}(" if name else ""
        assert expected in (ROOT / file).read_text(encoding="utf-8"), test
