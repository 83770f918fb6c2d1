"""Self-contained HTML pages: one of a scored performance, one of a session that leads to them. No network is needed."""

import base64
import dataclasses
import json
import math
import re
import urllib.parse
from collections.abc import Mapping, Sequence

import jinja2
import markupsafe
import numpy as np

from scoringnet_tf import __version__
from scoringnet_tf.bootstrap import draws_of, interval
from scoringnet_tf.inference.reliability import Reliability
from scoringnet_tf.sports import MEASURES, NOISE, SCORES, decimals
from scoringnet_tf.support.drawing import stage_color
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import remove_folder, replacing_file, replacing_folder
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.paths import AnyPath, as_path

CURVE_COLOR = "#1f5fae"
WITHHELD, FORCED = "withheld", "forced"
GRADES = (FORCED, "low", "fair", "high")  # in order of how far scores are to be relied on
OUTLIERS = 5  # performances furthest from the judges, which are listed
LEAST_FOR_AN_INTERVAL = 5  # performances: of fewer a bootstrap tells little
PAGE = re.compile(r"\d{3,}\.html")  # name of one of a session
CHARTS = 1000  # horizontal units of a curve, templates/charts.html; vertical ones are 100

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("scoringnet_tf.report"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["counted"] = counted
TEMPLATES.filters["ticks"] = lambda ends: [
    {"at": 25 * part, "text": f"{ends[0] + part * (ends[1] - ends[0]) / 4:g}"} for part in range(5)
]


@dataclasses.dataclass(frozen=True)
class ShownScore:
    """A score on the scale of its sport.

    Attributes:
        name: one of `SCORES`.
        value: points; None where it was withheld.
        range: smallest and largest that occurs in the sport, points.
        interval: lower and upper end, points; None where the model states none.
        confidence: what the interval covers, in words.
        true: of the judges, points; None where it is not known.
    """

    name: str
    value: float | None
    range: tuple[float, float]
    interval: tuple[float, float] | None = None
    confidence: str = ""
    true: float | None = None

    @property
    def text(self) -> str:
        """The value as printed."""
        return WITHHELD if self.value is None else self.printed(self.value)

    def printed(self, points: float | None, sign: str = "") -> str:
        """Points of this score, or a difference of some with its `sign` (+), as printed; "" of none."""
        is_known = points is not None and math.isfinite(points)
        return f"{points:{sign}.{decimals(self.range)}f}" if is_known else ""

    def at(self, points: float) -> float:
        """Where it lies along the scale, percent; the ends where it lies beyond them."""
        low, high = self.range
        return min(max(100 * (points - low) / (high - low), 0.0), 100.0)


@dataclasses.dataclass(frozen=True)
class ShownPerformance:
    """What a page shows of one performance; what is None or empty is left out.

    Attributes:
        name: of the video.
        sport: name.
        stage_names: in label order.
        fps: frames per second.
        first_frame: number in the file of the first frame that is shown.
        times: (L + 1,), seconds in the file, of every frame that is shown and of their end.
        scores: those that the model predicts.
        stages: contiguous runs, as in `VideoScore`; their frames are counted from the first that is shown.
        probabilities: of the stages, float (L, S).
        film: (frame, counted from the first that is shown, JPEG) of frames evenly spaced.
        attribution: score → by how many points it falls where the frames around each are hidden, float (L,).
        clips: (caption, MP4, JPEG to show before it is played, and in print) of the key fragments.
        alike: (name, score → points, distance) of performances of training, the nearest first.
        reliability: how far the scores are to be relied on; None where they are withheld.
        reasons: why the scores are withheld, or would be without force.
        notes: what could lower trust.
    """

    name: str
    sport: str
    stage_names: Sequence[str]
    fps: float
    times: np.ndarray
    scores: Sequence[ShownScore]
    first_frame: int = 0
    stages: Sequence[Mapping] = ()
    probabilities: np.ndarray | None = None
    film: Sequence[tuple[int, bytes]] = ()
    attribution: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    clips: Sequence[tuple[str, bytes, bytes]] = ()
    alike: Sequence[tuple[str, Mapping[str, float | None], float]] = ()
    reliability: Reliability | None = None
    reasons: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def num_frames(self) -> int:
        """How many frames are shown, L."""
        return len(self.times) - 1


# === One performance ===


def performance_page(
    shown: ShownPerformance, model: str, title: str | None = None, index_link: str | None = None
) -> str:
    """The page of one performance, HTML.

    Args:
        shown: what it shows.
        model: name of the model that scored it.
        title: above it; None is the name of the performance, which it says in any case.
        index_link: relative link of the page of the session.
    """
    colors = {name: stage_color(index) for index, name in enumerate(shown.stage_names)}
    return TEMPLATES.get_template("performance.html").render(
        version=__version__,
        model=model,
        title=title or shown.name,
        name=shown.name,
        sport=shown.sport,
        fps=shown.fps,
        num_frames=shown.num_frames,
        first_frame=shown.first_frame,
        times=shown.times,
        index_link=index_link,
        reasons=shown.reasons,
        withheld=all(score.value is None for score in shown.scores),
        notes=shown.notes,
        reliability=shown.reliability,
        scores=shown.scores,
        film=[{"index": index, "source": _data_uri("image/jpeg", jpeg)} for index, jpeg in shown.film],
        segments=[
            {"start": stage["start_frame"], "end": stage["end_frame"], "color": colors[stage["name"]]}
            for stage in shown.stages
        ],
        ticks=_ticks(shown.times),
        probabilities=_probability_curves(shown, colors),
        attribution=[_attribution_curve(_score(shown, name), values) for name, values in shown.attribution.items()],
        readings=_readings(shown),
        stage_colors=list(colors.items()) if shown.stages else [],
        stages=shown.stages,
        clips=[
            {"caption": caption, "source": _data_uri("video/mp4", clip), "poster": _data_uri("image/jpeg", jpeg)}
            for caption, clip, jpeg in shown.clips
        ],
        alike=[
            {"name": name, "scores": [one.printed(scores.get(one.name)) for one in shown.scores], "distance": distance}
            for name, scores, distance in shown.alike
        ],
    )


def _data_uri(kind, content):
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _ticks(times):
    """Five places along the frames of a video, in percent, and when the frame that begins there is shown."""
    places = np.linspace(0, len(times) - 1, 5)
    moments = np.interp(places, np.arange(len(times)), times)
    return [{"at": 25 * part, "text": f"{seconds:.1f} s"} for part, seconds in enumerate(moments)]


def _path(values, low, high):
    """A curve through `values` (L,), each at the centre of its frame, from `low` at the bottom to `high` at the top."""
    across = CHARTS * (np.arange(len(values)) + 0.5) / len(values)
    up = 100 * (1 - (np.asarray(values, float) - low) / (high - low))
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in zip(across, up, strict=True))


def _probability_curves(shown, colors):
    if shown.probabilities is None:
        return []
    names = enumerate(shown.stage_names)
    return [{"path": _path(shown.probabilities[:, index], -0.02, 1.02), "color": colors[name]} for index, name in names]


def _attribution_curve(score, values):
    low, high = float(np.min(values)), float(np.max(values))
    room = 0.05 * (high - low) or 1.0
    line = {"path": _path(values, low - room, high + room), "color": CURVE_COLOR}
    name = f"{score.name} score" if score.name == SCORES[-1] else score.name
    zero = round(100 * (1 - (room - low) / (high - low + 2 * room)), 1)
    falls, rises = (score.printed(end) if end > 0 else "" for end in (high, -low))
    return {"name": name, "line": line, "falls": falls, "rises": rises, "zero": zero}


def _readings(shown):
    """JSON for the slider: what every curve says at each frame, in words; "" where there is no curve."""
    if shown.probabilities is None and not shown.attribution:
        return ""
    text = []
    for frame in range(shown.num_frames):
        said = [f"frame {shown.first_frame + frame}, {shown.times[frame]:.2f} s"]
        if shown.probabilities is not None:
            best = int(np.argmax(shown.probabilities[frame]))
            said.append(f"{shown.stage_names[best]} {100 * shown.probabilities[frame, best]:.0f} %")
        for name, values in shown.attribution.items():
            said.append(f"{name} {_score(shown, name).printed(values[frame], '+')}")
        text.append("; ".join(said))
    start = next((stage["start_frame"] for stage in shown.stages if stage["name"] != NOISE), 0)
    # Within a script nothing is unescaped: "</" must not end it.
    return markupsafe.Markup(json.dumps({"start": start, "text": text}).replace("</", "<\\/"))


# === A session ===


def session_page(
    title: str, performances: Sequence[tuple[ShownPerformance, str]], model: str, left_out: Sequence[str] = ()
) -> str:
    """The page of several performances: their ranking, and their agreement with the judges where that is known, HTML.

    Args:
        title: of the session.
        performances: each with the relative link of its page.
        model: name of the model that scored them.
        left_out: what is missing in it, and why.
    """
    names = [score for score in SCORES if any(_score(shown, score) for shown, _ in performances)]
    judged = any(score.true is not None for shown, _ in performances for score in shown.scores)
    last = names[-1]  # the final score wherever there is one
    ordered = sorted(performances, key=lambda one: -_value(_score(one[0], last), -math.inf))
    values = [_value(_score(shown, last), -math.inf) for shown, _ in ordered]
    ranks = [1 + values.index(value) for value in values]  # equal scores share one, as in competitions
    graded = any(shown.reliability or shown.reasons for shown, _ in performances)
    of_judges = ["judges", "difference"] if judged else []
    columns = ["rank", "performance", last, *of_judges, *names[:-1], *(["reliability"] if graded else []), "notes"]
    known = [(shown, link) for shown, link in ordered if _pair(_score(shown, last))]
    axis = _axis([_score(shown, last) for shown, _ in known]) if known else (0, 1)
    return TEMPLATES.get_template("session.html").render(
        version=__version__,
        model=model,
        title=title,
        left_out=left_out,
        last=last,
        sport=performances[0][0].sport,
        withheld=sum(_score(shown, last) is None or _score(shown, last).value is None for shown, _ in performances),
        forced=sum(bool(shown.reasons) and _value(_score(shown, last), None) is not None for shown, _ in performances),
        columns=[
            {
                "name": name,
                "number": name not in ("performance", "reliability"),
                "as": "words" if name == "performance" else "numbers",
                "first": "ascending" if name in ("rank", "performance") else "descending",
            }
            for name in columns
        ],
        rows=[{"cells": _cells(rank, *one, names, judged, graded)} for rank, one in zip(ranks, ordered, strict=True)],
        agreement=[found for name in names if (found := _agreement(name, performances))["count"]],
        furthest=_furthest(last, known),
        points=[_point(shown, link, last, axis) for shown, link in known],
        range=axis,
    )


def _score(shown, name):
    return next((score for score in shown.scores if score.name == name), None)


def _value(score, default):
    return default if score is None or score.value is None else score.value


def _pair(score):
    """(true, predicted) where both are known, else None."""
    known = score is not None and score.value is not None and score.true is not None
    return (score.true, score.value) if known else None


def _cells(rank, shown, link, names, judged, graded):
    def number(score, value, sign=""):
        return {
            "text": "" if value is None else score.printed(value, sign),
            "value": ""
            if value is None
            else repr(float(abs(value) if sign else value)),  # the largest difference first
            "number": True,
            "link": None,
        }

    *parts, last = (_score(shown, name) for name in names)
    scored = _value(last, None) is not None
    cells = [
        {"text": rank if scored else "–", "value": rank, "number": True, "link": None},
        {"text": shown.name, "value": shown.name, "number": False, "link": link},
        number(last, last.value) if scored else number(last, None) | {"text": WITHHELD},
    ]
    if judged:
        pair = _pair(last)
        cells += [number(last, last.true if last else None), number(last, pair[1] - pair[0] if pair else None, "+")]
    cells += [number(part, _value(part, None)) for part in parts]
    if graded:
        grade = shown.reliability.grade if shown.reliability else ""
        grade = FORCED if scored and shown.reasons else grade
        cells.append({"text": grade, "value": GRADES.index(grade) if grade else "", "number": False, "link": None})
    count = len(shown.reasons) + len(shown.notes)
    return [*cells, {"text": count or "", "value": count, "number": True, "link": link if count else None}]


def _agreement(name, performances):
    """SRC and MED of a score over the performances whose true one is known."""
    known = [score for shown, _ in performances if _pair(score := _score(shown, name))]
    pairs = np.array([_pair(score) for score in known]).reshape(-1, 2)
    orders = len(pairs) > 2 and np.ptp(pairs, axis=0).min() > 0  # SRC is undefined of equal scores
    found = {"src": _figure("src", pairs, ".3f") if orders else "–", "med": "–"}
    if len(pairs):
        found["med"] = _figure("med", pairs, f".{decimals(known[0].range)}f")
    return {"name": name, **found, "count": len(pairs)}


def _figure(measure, pairs, form):
    """A figure of (true, predicted) pairs; of `LEAST_FOR_AN_INTERVAL` with 95 % of a bootstrap over them."""
    truth, predicted = pairs.T
    text = f"{float(MEASURES[measure](truth, predicted)):{form}}"
    if len(pairs) < LEAST_FOR_AN_INTERVAL:
        return text
    low, high = interval(draws_of(measure, truth, {"": predicted[np.newaxis, np.newaxis]})[""])
    return f"{text} [{low:{form}}, {high:{form}}]"


def _furthest(name, known):
    """Of the performances that the judges scored too those that were predicted worst, the worst first."""
    rows = [(shown.name, link, _score(shown, name)) for shown, link in known]
    rows.sort(key=lambda row: -abs(row[2].value - row[2].true))
    return [
        {
            "name": called,
            "link": link,
            "judges": score.printed(score.true),
            "value": score.text,
            "more": score.printed(score.value - score.true, "+"),
        }
        for called, link, score in rows[:OUTLIERS]
    ]


def _axis(scores):
    """The ends of a chart of scores and those of the judges, points: round numbers around all of them."""
    values = [points for score in scores for points in (score.value, score.true)]
    lowest, highest = min(values), max(values)
    step = 10 ** math.floor(math.log10(highest - lowest)) if highest > lowest else 1
    return step * math.floor(lowest / step - 0.25), step * math.ceil(highest / step + 0.25)


def _point(shown, link, name, axis):
    score = _score(shown, name)
    drawn = dataclasses.replace(score, range=axis)
    return {
        "x": round(drawn.at(score.true), 2),
        "y": round(drawn.at(score.value), 2),
        "link": link,
        "title": f"{shown.name}: {score.text}, judges {score.printed(score.true)}",
    }


# === Files ===


def write_pages(
    output: AnyPath,
    performances: Sequence[ShownPerformance],
    model: str,
    title: str | None = None,
    left_out: Sequence[str] = (),
) -> list[AnyPath]:
    """Writes the page of one performance; of several that of the session, and theirs into a folder beside it.

    One that is left of several, of which others are missing, has a session too, which says so.

    Args:
        output: of the one page, or of that of the session. What was there is replaced, pages in the folder too.
        performances: in the order in which their pages are numbered.
        model: name of the model that scored them.
        title: of the one page, or of that of the session; None is the name of the performance, or of `output`.
        left_out: as of `session_page`.

    Returns:
        The paths of the pages, that of the session first.

    Raises:
        InputError: in the folder lies something else.
    """
    output = as_path(output)
    folder = _folder_of_pages(output)
    if len(performances) == 1 and not left_out:
        _write(output, performance_page(performances[0], model, title))
        _remove_if_there(folder)
        return [output]
    names = [f"{number:03d}.html" for number in range(1, len(performances) + 1)]
    links = [f"./{_link(folder.name)}/{name}" for name in names]
    session = session_page(title or output.stem, list(zip(performances, links, strict=True)), model, left_out)
    with replacing_folder(folder) as temporary:
        for name, shown in zip(names, performances, strict=True):
            back = f"../{_link(output.name)}"
            _write_text(temporary / name, performance_page(shown, model, index_link=back))
        output.unlink(missing_ok=True)  # of another session, whose links would lead to these pages
    _write(output, session)
    return [output, *(folder / name for name in names)]


def remove_pages(output: AnyPath) -> None:
    """Removes what `write_pages` left of an earlier call with this `output`; raises as it does."""
    output = as_path(output)
    _remove_if_there(_folder_of_pages(output))
    output.unlink(missing_ok=True)


def check_pages(output: AnyPath) -> None:
    """InputError where `write_pages` would not write there."""
    _folder_of_pages(as_path(output))


def _folder_of_pages(output):
    """The folder beside the page of a session; InputError where something else is there, or lies in it."""
    folder = output.with_name(f"{output.stem}_pages")
    if output.is_dir():
        raise InputError("todo", f"{output}: expected a file to write, or to replace. Received: a folder.")
    if folder.is_file():
        raise InputError("todo", f"{folder}: expected a folder of pages, or nothing. Received: a file.")
    others = [path.name for path in folder.iterdir() if not PAGE.fullmatch(path.name)] if folder.is_dir() else []
    if others:
        raise InputError(
            "todo", f"{folder}: expected a folder of pages, which is replaced. Received: {others[0]} in it."
        )
    return folder


def _remove_if_there(folder):
    if folder.is_dir():
        remove_folder(folder)


def _write(path, text):
    with replacing_file(path) as temporary:
        _write_text(temporary, text)


def _write_text(path, text):
    """A name that is no UTF-8 is told by its bytes, and ends no page."""
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def _link(name):
    """The name of a file or folder in a link, where `#`, `?` and `%` mean something else."""
    return urllib.parse.quote(name, errors="surrogateescape")
