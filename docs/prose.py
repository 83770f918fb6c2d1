"""Measures how plain the prose of README and docs is, and fails if it is not: `python docs/prose.py`, in make lint.

Counts words a sentence, and "of" and "you" in 1,000 words; code, tables, headings and lists of links are left out.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MOST_WORDS, MOST_OF, LEAST_YOU = 14, 25, 8
NOT_PROSE = ("|", "#", "<", "!", "- [")
LONGEST = 3  # sentences to print


def sentences(text: str) -> list[str]:
    """The sentences of a Markdown page that have three words or more."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(NOT_PROSE))
    parts = re.split(r"(?<=[.!?:])\s+|\n\s*\n", text)
    return [" ".join(part.split()) for part in parts if len(part.split()) > 2]


def measure(text: str) -> tuple[float, float, float]:
    """(words a sentence, "of" in 1,000 words, "you" and "your" in 1,000 words)."""
    found = sentences(text)
    words = [word.lower().strip(".,;:()*`") for sentence in found for word in sentence.split()]
    share = 1000 / len(words)
    return len(words) / len(found), share * words.count("of"), share * (words.count("you") + words.count("your"))


def main() -> int:
    """Prints the measure and the longest sentences; returns 1 if a limit is missed."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    words, of, you = measure(text)
    print(f"Prose: {words:.1f} words a sentence (at most {MOST_WORDS}), {of:.0f} “of” (at most {MOST_OF}) and ", end="")
    print(f"{you:.1f} “you” (at least {LEAST_YOU}) in 1,000 words.")
    if words <= MOST_WORDS and of <= MOST_OF and you >= LEAST_YOU:
        return 0
    for sentence in sorted(sentences(text), key=lambda sentence: -len(sentence.split()))[:LONGEST]:
        print(f"{len(sentence.split())} words: {sentence}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
