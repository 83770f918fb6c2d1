"""Performances for the pages, and a parser of what the pages show."""

import html.parser
import json

import numpy as np

from scoringnet_tf.inference.times import Measure, Moment
from scoringnet_tf.report.page import BodyRow, Picture, ShownPerformance, ShownScore
from scoringnet_tf.report.session import session_page

STAGES = ("noise", "pre-starting", "take-flight", "entry")
BODY = {"paths": {"left side": "M375 500L450 600", "not seen": "M0 0L10 10"}, "angles": [[450, 600, "85°"]]}
RANGES = {"difficulty": (1.0, 5.0), "execution": (0.0, 30.0), "final": (0.0, 150.0)}


def run(name, start, end):
    """A run of frames of one stage, 25 a second."""
    return {"name": name, "start_frame": start, "end_frame": end, "start_s": start / 25, "end_s": end / 25}


def shown(name="dive.mp4", values=(3.0, 24.0, 72.0), **kwargs):
    """A performance of ten frames: difficulty, execution and final."""
    points = zip(RANGES, values, strict=True)
    scores = {score: None if value is None else ShownScore(value, RANGES[score]) for score, value in points}
    content = {"first_frame": 0, "fps": 25.0, "times": np.arange(11) / 25, "scores": scores, "stage_names": STAGES}
    return ShownPerformance(name=name, sport="diving", **content | kwargs)


def full(**kwargs):
    """A performance with all that a page can show."""
    probabilities = np.full((10, 4), 0.1)
    probabilities[np.arange(10), [0, 0, 1, 1, 2, 2, 2, 3, 3, 0]] = 0.7
    content = {
        "stages": [run("noise", 0, 2), run("pre-starting", 2, 4), run("take-flight", 4, 7), run("entry", 7, 9)],
        "probabilities": probabilities,
        "clip": b"mp4",
        "pictures": [Picture(4, "take-off", b"jpeg"), Picture(7, "entry", b"jpeg")],
        "moments": {"take-off": Moment(4, 0.16, 0.12), "entry": Moment(7, 0.28)},
        "measures": {"flight time": Measure(0.12, "s", 0.16), "entry angle": Measure(-4.0, "°", 8.0, 6)},
        "dives": {"207C, back 3½ somersaults, tuck: 3.3": "probability 0.80"},
        "body": [
            BodyRow("position", "tuck", "probability 0.90"),
            BodyRow("entry angle", "−4 ± 8°", "", Picture(6, "", b"jpeg", (0.25, 0.25, 0.5, 0.5))),
            BodyRow("not seen", "", "opening"),
        ],
        "curves": {"trunk's angle": np.array([*([np.nan] * 3), 0, 90, 200, 300, np.nan, 350, np.nan])},
        "bodies": [BODY] * 10,
        "notes": ["Trained on simulated video."],
    }
    return shown(**{**content, **kwargs})


class Elements(html.parser.HTMLParser):
    """The (tag, attributes) of a page, its text, what its scripts are given, and the tags that are open at its end."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words, self.json, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)
        elif dict(self.found[-1][1]).get("type") == "application/json":
            self.json.append(json.loads(data))

    def of(self, tag):
        """The attributes of all elements of a tag."""
        return [attributes for name, attributes in self.found if name == tag]

    def text(self):
        """The text of the page."""
        return " ".join(" ".join(self.words).split())


def session(*performances):
    """The page of a session, parsed."""
    return Elements(session_page("Final", [(one, f"{one.name}.html", None) for one in performances], "m"))
