"""A session's page, which lists its performances and links to their pages; and writing all pages."""

import collections
import itertools
import math
import re
import shutil
import statistics
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from scoringnet_tf.inference.times import Measure
from scoringnet_tf.report.page import ShownPerformance, comparison_page, performance_page, rendered, shared_notes
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.files import replacing_folder, write_text
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, as_path

COMPARED = 50  # performances: their comparison holds the video of each
COMPARISON = "compare.html"
# A performance, the relative link of its page, and of its comparison with others if there is one.
Listed: TypeAlias = tuple[ShownPerformance, str, str | None]
PAGE = re.compile(rf"\d{{3,}}\.html|{re.escape(COMPARISON)}")  # name of a page in the folder


# === The page ===


def session_page(title: str, performances: Sequence[Listed], model: str, left_out: Sequence[str] = ()) -> str:
    """The page for several performances, HTML: ranked if they have scores; it says what is left out, and why."""
    names = [name for name in SCORES if any(name in shown.scores for shown, *_ in performances)]
    last = names[-1] if names else ""  # the final score if there is one
    ranked = sorted(performances, key=lambda one: -_points(one[0], last))
    points = [_points(shown, last) for shown, *_ in ranked]
    scores = [score for shown, *_ in performances for score in shown.known_scores.values()]
    return rendered(
        "session.html",
        model=model,
        title=title,
        left_out=left_out,
        of_all=shared_notes([shown for shown, *_ in ranked]),
        model_reasons=sorted({reason for shown, *_ in performances for reason in shown.model_reasons}),
        sport=performances[0][0].sport,
        names=names,
        last=last,
        parts=names[:-1],
        measures=list(dict.fromkeys(name for shown, *_ in performances for name in shown.measures)),
        athletes=spreads([shown for shown, *_ in performances]),
        confidence=next((score.confidence for score in scores if score.confidence), ""),
        is_ranked=any(value > -math.inf for value in points),
        withheld=points.count(-math.inf) if names else 0,
        # Equal scores share a rank, as in competitions.
        rows=[
            (1 + points.index(value), shown, link, bool(shown.reasons) and value > -math.inf, compare_link)
            for value, (shown, link, compare_link) in zip(points, ranked, strict=True)
        ],
    )


def spreads(performances: Sequence[ShownPerformance]) -> list[tuple[str, int, dict[str, Measure]]]:
    """(athlete, number of dives, score or measure → its mean ± its standard deviation) for the names that people typed.

    A dive in which it is not seen does not count; of one dive alone there is no deviation.
    """
    values: dict[str, dict[str, list[Measure]]] = {}
    counts = collections.Counter(one.typed["athlete"] for one in performances if one.typed["athlete"])
    for shown in performances:
        scores = {name: Measure(score.value, "points") for name, score in shown.known_scores.items()}
        for name, measure in (scores | dict(shown.measures)).items():
            values.setdefault(shown.typed["athlete"], {}).setdefault(name, []).append(measure)
    return [
        (athlete, count, {name: _spread(ones) for name, ones in values.get(athlete, {}).items()})
        for athlete, count in sorted(counts.items())
    ]


def _spread(measures: Sequence[Measure]) -> Measure:
    numbers = [one.value for one in measures]
    deviation = statistics.stdev(numbers) if len(numbers) > 1 else None
    return Measure(statistics.fmean(numbers), measures[0].unit, deviation)


def _points(shown: ShownPerformance, name: str) -> float:
    """A score; −∞ if there is none."""
    score = shown.known_scores.get(name)
    return score.value if score else -math.inf


# === Files ===


def write_pages(
    output: AnyPath,
    performances: Sequence[ShownPerformance],
    model: str,
    title: str | None = None,
    left_out: Sequence[str] = (),
    save_link: str | None = None,
) -> list[Path]:
    """Writes one performance's page; for several, or if some are left out, a session with their pages in a folder.

    Pages keep their corrections at `save_link`, see `performance_page`.

    Earlier pages are replaced; InputError if something else lies in the folder. Returns all paths, the session's first.
    """
    output = as_path(output)
    folder = check_pages(output)
    if len(performances) == 1 and not left_out:
        return _write_only(output, performance_page(performances[0], model, title, save_link=save_link))
    names = [f"{number:03d}.html" for number in range(1, len(performances) + 1)]
    compared, links = _compared(performances)
    inside, back = f"./{_link(folder.name)}", f"../{_link(output.name)}"
    listed = [
        (shown, f"{inside}/{name}", link and f"{inside}/{link}")
        for shown, name, link in zip(performances, names, links, strict=True)
    ]
    session = session_page(title or output.stem, listed, model, left_out)
    with replacing_folder(folder) as temporary:
        for name, shown, link in zip(names, performances, links, strict=True):
            others = {"index_link": back, "compare_link": link, "save_link": save_link}
            write_text(temporary / name, performance_page(shown, model, **others))
        if compared:
            names.append(COMPARISON)
            write_text(temporary / COMPARISON, comparison_page(compared, model, "Comparison", back))
        output.unlink(missing_ok=True)  # an earlier session, whose links would lead to these pages
    write_text(output, session)
    return [output, *(folder / name for name in names)]


def _compared(performances: Sequence[ShownPerformance]) -> tuple[list[ShownPerformance], list[str | None]]:
    """The first performances that have a video, none if that is one; and each performance's link there."""
    shown = [number for number, one in enumerate(performances) if one.clip][:COMPARED]
    if len(shown) < 2:
        return [], [None] * len(performances)
    link_of = {number: f"{COMPARISON}#{place}" for place, number in enumerate(shown)}
    return [performances[number] for number in shown], [link_of.get(one) for one in range(len(performances))]


def comparable(of_videos: Sequence[Sequence[ShownPerformance]]) -> list[ShownPerformance]:
    """The performances that can be compared; the first ones of all videos come first."""
    return [one for row in itertools.zip_longest(*of_videos) for one in row if one and one.clip]


def write_comparison(
    output: AnyPath, performances: Sequence[ShownPerformance], model: str, title: str | None = None
) -> list[Path]:
    """Compares two or more performances on a page; arguments and result as in `write_pages`."""
    return _write_only(as_path(output), comparison_page(performances, model, title))


def _write_only(output: Path, text: str) -> list[Path]:
    """Writes a page, and removes an earlier session's folder at its place."""
    folder = check_pages(output)
    write_text(output, text)
    if folder.is_dir():
        shutil.rmtree(folder)
    return [output]


def check_pages(output: AnyPath) -> Path:
    """The folder for pages beside `output`; InputError if something else is there, or lies in it."""
    output = as_path(output)
    folder = output.with_name(f"{output.stem}_pages")
    if output.is_dir():
        raise InputError("exists", f"{output} is a folder, not a file to write.")
    if folder.is_file():
        raise InputError("exists", f"{folder} is a file, but the pages need a folder of this name.")
    others = [path.name for path in folder.iterdir() if not PAGE.fullmatch(path.name)] if folder.is_dir() else []
    if others:
        raise InputError("exists", f"{folder} would be replaced, but holds {others[0]}.", "Choose another place.")
    return folder


def _link(name: str) -> str:
    """A file's or folder's name in a link, with `#`, `?` and `%` escaped."""
    return urllib.parse.quote(name, errors="surrogateescape")
