"""What a wrong change is, that a test must notice. The lists lie in `changes_….py`; `run.py` tries them.

Of two kinds: those that a review found to go unnoticed, and more like them. Most are in the wiring: which flag reaches
which object, which fragment, which epoch, which split, `training=`, what is warned of and what is refused.
"""

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A wrong change.

    Attributes:
        file: path in the repository.
        old: text that occurs there once.
        new: what takes its place.
        description: what is then wrong.
        tests: arguments of pytest.
    """

    file: str
    old: str
    new: str
    description: str
    tests: tuple[str, ...]

    def applied(self, text):
        """`text` with the change; ValueError where `old` does not occur just once."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: expected once: {self.old!r}. Found: {text.count(self.old)} times.")
        return text.replace(self.old, self.new)


def of(file, tests, *changes):
    """Mutants of a file: (old, new, description) each; a fourth text names the one test of `tests` that notices.

    `tests` is a file of tests, or a folder of such files.
    """
    return [
        Mutant(file, old, new, description, (f"{_holding(tests, name[0])}::{name[0]}" if name else tests,))
        for old, new, description, *name in changes
    ]


def _holding(tests, name):
    """The file of `tests` that has the test `name`; ValueError where none or several have."""
    if tests.endswith(".py"):
        return tests
    found = [path for path in sorted((ROOT / tests).glob("test_*.py")) if f"def {name}(" in path.read_text("utf-8")]
    if len(found) != 1:
        raise ValueError(f"{tests}: expected one file with {name}. Found: {len(found)}.")
    return found[0].relative_to(ROOT).as_posix()
