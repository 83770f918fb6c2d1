"""Measures how plain the prose of pages, docstrings and help is: `python docs/prose.py`, in make lint.

In README and docs it counts words a sentence, and "of" and "you" in 1,000 words; code, tables, headings and lists of
links are left out. In docstrings and the help of flags it counts "of", by folder. It fails if the pages miss a limit;
with --strict also if docstrings or help do.
"""

import ast
import collections
import pathlib
import re
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = ("scoringnet_tf", "data_prep")
MOST_WORDS, MOST_OF, LEAST_YOU = 14, 25, 8
MOST_IN_CODE = {"docstrings": 35, "help": 40}  # "of" in 1,000 words
LONGEST_HELP = 15  # words
NOT_PROSE = ("|", "#", "<", "!", "- [")
LONGEST = 3  # sentences to print


def sentences(text: str) -> list[str]:
    """The sentences of a Markdown page that have three words or more."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(NOT_PROSE))
    parts = re.split(r"(?<=[.!?:])\s+|\n\s*\n", text)
    return [" ".join(part.split()) for part in parts if len(part.split()) > 2]


def words_in(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return [word.lower().strip(".,;:()*`") for word in text.split()]


def measure(text: str) -> tuple[float, float, float]:
    """(words a sentence, "of" in 1,000 words, "you" and "your" in 1,000 words)."""
    found = sentences(text)
    words = words_in(" ".join(found))
    share = 1000 / len(words)
    return len(words) / len(found), share * words.count("of"), share * (words.count("you") + words.count("your"))


# === Docstrings and help ===


def docstrings(tree: ast.Module) -> Iterator[str]:
    """Every docstring of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def helps(tree: ast.Module) -> Iterator[str]:
    """The help of every flag that a module defines, by absl or as a field of a configuration."""
    for node in ast.walk(tree):
        name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        if name == "setting" or name.startswith("DEFINE_"):
            place = 1 if name == "setting" else 3 if name == "DEFINE_enum" else 2
            parts = ast.walk(node.args[place])  # type: ignore[attr-defined]
            yield "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))


def in_code() -> bool:
    """Prints the measures of docstrings and help, by folder; whether a limit is missed."""
    paths = [path.relative_to(ROOT) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    trees = {path: ast.parse((ROOT / path).read_text(encoding="utf-8")) for path in paths}
    missed = False
    for kind, read in (("docstrings", docstrings), ("help", helps)):
        words: dict[str, list[str]] = collections.defaultdict(list)
        for path, tree in trees.items():
            found = words_in(" ".join(read(tree)))
            for folder in ("all", "/".join(path.parts[:-1][:2])):
                words[folder] += found
        shares = {folder: 1000 * each.count("of") / max(len(each), 1) for folder, each in words.items()}
        missed |= shares["all"] > MOST_IN_CODE[kind]
        print(f"{kind}, “of” in 1,000 words (at most {MOST_IN_CODE[kind]}):", end=" ")
        print(", ".join(f"{folder} {share:.0f}" for folder, share in sorted(shares.items()) if share))
    for path, text in ((path, text) for path, tree in trees.items() for text in helps(tree)):
        if len(text.split()) > LONGEST_HELP:
            missed = True
            print(f"{path}: {len(text.split())} words of help (at most {LONGEST_HELP}): {text}")
    return missed


def main(arguments: list[str]) -> int:
    """Prints the measures and the longest sentences; returns 1 if a limit is missed."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    words, of, you = measure(text)
    print(f"Prose: {words:.1f} words a sentence (at most {MOST_WORDS}), {of:.0f} “of” (at most {MOST_OF}) and ", end="")
    print(f"{you:.1f} “you” (at least {LEAST_YOU}) in 1,000 words.")
    missed = in_code() and "--strict" in arguments
    if words <= MOST_WORDS and of <= MOST_OF and you >= LEAST_YOU:
        return int(missed)
    for sentence in sorted(sentences(text), key=lambda sentence: -len(sentence.split()))[:LONGEST]:
        print(f"{len(sentence.split())} words: {sentence}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
