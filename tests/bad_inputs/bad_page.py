"""The page of bad input:

python tests/bad_inputs/bad_page.py    writes docs/bad_inputs.md, which a test holds against the cases
"""

import pathlib

from bad_case import Case
from bad_data import DATA
from bad_exports import OTHERS
from bad_models import MODELS
from bad_records import RECORDS
from bad_videos import PREDICT, VIDEOS

PAGE = pathlib.Path(__file__).parents[2] / "docs/bad_inputs.md"
CASES = (*PREDICT, *MODELS, *RECORDS, *OTHERS, *DATA)
OPENING = """\
# What bad input gives

Each command (after `python -m`) is run by a test on what the first column says; this is its exit status, and all that
it says. `…` stands for what differs from machine to machine, or is the word of a library. Nothing half-written is
left, and what else was given in the same call is still done. The rows are those of `tests/bad_inputs`, and
`python tests/bad_inputs/bad_page.py` writes this page from them.
"""
HEADING = "| given | command | status | it says |\n|---|---|---|---|\n"


def page():
    """The page of the documentation."""
    of_videos = [
        Case(video.given, f"scoringnet_tf.predict --json {_short(video.argument)}", _short(video.says))
        for video in VIDEOS
    ]
    parts = {
        "Videos": (
            "All of them in one call, with `--json` and a sound video among them, which is scored. Where no error is "
            "meant, this is the reason why the score is withheld.",
            of_videos,
        ),
        "The rest of the command line of `predict`": ("", PREDICT),
        "Models and features": ("", MODELS),
        "Records, evaluation, training": ("", RECORDS),
        "Exports, weights, reports, tables": ("", OTHERS),
        "Preparing data": ("", DATA),
    }
    text = OPENING
    for title, (words, cases) in parts.items():
        text += f"\n## {title}\n\n" + (f"{words}\n\n" if words else "") + HEADING
        text += "".join(
            f"| {case.given} | `{_cell(case.command, '|')}` | {case.status} | {_cell(_said(case))} |\n"
            for case in cases
        )
    return text


def _said(case):
    """What is said of it, wherever."""
    return case.prints if case.says in ("", "…") else case.says


def _short(text):
    return text.replace("a" * 300, "aaa…")


def _cell(text, specials="\\|*<"):
    """Text on one line, in which Markdown finds nothing special."""
    line = " ".join(text.split())
    for character in specials:
        line = line.replace(character, f"\\{character}")
    return line


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
