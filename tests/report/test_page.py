"""The HTML pages: whole, harmless whatever the names, and true to what they are given."""

import html.parser
import io
import json
import re

import av
import numpy as np
import pytest

from scoringnet_tf.bootstrap import draws_of, interval
from scoringnet_tf.inference.reliability import Reliability
from scoringnet_tf.report import film, page
from scoringnet_tf.support.errors import InputError

STAGES = ("noise", "pre-starting", "take-flight", "entry")
RANGES = {"difficulty": (1.0, 5.0), "execution": (0.0, 30.0), "final": (0.0, 150.0)}


def shown(name="dive.mp4", values=(3.0, 24.0, 72.0), true=(None, None, None), **kwargs):
    scores = [
        page.ShownScore(score, value, RANGES[score], true=judged)
        for score, value, judged in zip(RANGES, values, true, strict=True)
    ]
    return page.ShownPerformance(name, "diving", STAGES, fps=25.0, times=np.arange(11) / 25, scores=scores, **kwargs)


class Elements(html.parser.HTMLParser):
    """The (tag, attributes) of a page, its words, and what is left open at its end."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]

    def text(self):
        return " ".join(" ".join(self.words).split())


def run(name, start, end):
    return {"name": name, "start_frame": start, "end_frame": end, "start_s": start / 25, "end_s": end / 25}


def full():
    probabilities = np.full((10, 4), 0.1)
    probabilities[np.arange(10), [0, 0, 1, 1, 2, 2, 2, 3, 3, 0]] = 0.7
    return shown(
        stages=[run("noise", 0, 2), run("pre-starting", 2, 4), run("take-flight", 4, 7), run("entry", 7, 9)],
        probabilities=probabilities,
        film=[(2, b"jpeg"), (7, b"jpeg")],
        attribution={"execution": np.linspace(-1, 2, 10)},
        clips=[("take-flight", b"mp4", b"jpeg")],
        alike=[("017", {"difficulty": 3.2, "execution": 25.5}, 0.5)],
        notes=["Trained on simulated video."],
    )


def test_a_page_needs_nothing_beside_itself():
    text = page.performance_page(full(), "diving_small")
    elements = Elements(text)
    assert elements.open == []
    sources = [value for _, found in elements.found for key, value in found.items() if key in ("src", "href", "poster")]
    assert sources and all(source.startswith("data:") for source in sources)
    assert "http" not in text


def test_what_is_given_is_on_the_page():
    elements = Elements(page.performance_page(full(), "diving_small"))
    text = elements.text()
    for said in (
        "3.00",
        "24.00",
        "72.00",
        "Trained on simulated video.",
        "017",
        "3.20",
        "25.50",
        "diving_small",
        "4–6",
    ):
        assert said in text
    bands = [one for one in elements.of("rect") if one.get("height") == "10"]
    assert [(one["x"], one["width"]) for one in bands] == [("0", "2"), ("2", "2"), ("4", "3"), ("7", "2")]
    assert len(elements.of("video")) == 1 and len(elements.of("img")) == 2


def test_intervals_and_the_grade_are_on_the_page():
    scores = [page.ShownScore("final", 72.0, (0.0, 150.0), (60.0, 84.0), "where the true score lies")]
    one = page.dataclasses.replace(shown(), scores=scores, reliability=Reliability("fair", ["wide_interval", "aspect"]))
    elements = Elements(page.performance_page(one, "m"))
    assert "60.00 – 84.00, where the true score lies" in elements.text()
    assert "Reliability: fair (wide interval, aspect)" in elements.text()
    band = next(rect for rect in elements.of("rect") if rect.get("height") == "8")
    assert (float(band["x"]), float(band["width"])) == (40.0, 16.0)
    high = Elements(page.performance_page(page.dataclasses.replace(one, reliability=Reliability("high")), "m"))
    assert "Reliability: high" in high.text() and "(" not in high.text()


def of_unit_range(name, value, true):
    """A performance of a sport whose only score lies in 0…1."""
    score = page.ShownScore("final", value, (0.0, 1.0), (value - 0.0614, value + 0.05), "so sure", true)
    attribution, alike = {"final": np.array([-0.0214, 0.0317])}, [("017", {"final": 0.8768}, 0.5)]
    others = {"scores": [score], "times": np.arange(3) / 25, "attribution": attribution, "alike": alike}
    return page.dataclasses.replace(shown(name), **others)


def test_scores_of_a_small_range_have_the_digits_that_tell_them_apart():
    one = Elements(page.performance_page(of_unit_range("a", 0.9032, 0.8961), "m"))
    said = ("0.903", "0.842 – 0.953", "judges: 0.896", "falls by up to 0.032", "rises by up to 0.021", "0.877")
    assert [text for text in said if text not in one.text()] == []
    both = session(of_unit_range("a", 0.9032, 0.8961), of_unit_range("b", 0.9044, 0.8912))
    said = ("0.903", "0.904", "0.896", "0.891", "+0.007", "+0.013", "0.010")  # the last is the mean error
    assert [text for text in said if text not in both.text()] == []
    assert "a: 0.903, judges 0.896" in [found.get("aria-label") for found in both.of("a")]


def test_a_session_shows_the_grades_where_there_are_any():
    graded = page.dataclasses.replace(shown("a"), reliability=Reliability("low", ["damaged"]))
    elements = session(graded, shown("b", (None, None, None)))
    (column,) = (at for at, name in enumerate(elements.of("th")) if name.get("class") == "" and at > 1)
    assert "reliability" in elements.text() and "low" in elements.text() and column == 5
    assert "reliability" not in session(shown("b")).text()


def test_grades_are_sorted_by_how_far_scores_are_to_be_relied_on():
    """As numbers, as a browser compares them: high, fair, low, by force; what has no score has none, and comes last."""
    grades = ("fair", "low", "high")
    graded = [page.dataclasses.replace(shown(grade), reliability=Reliability(grade)) for grade in grades]
    forced = page.dataclasses.replace(graded[2], name="forced", reasons=["no performance"])
    elements = session(*graded, forced, shown("none", (None, None, None), reasons=["no performance"]))
    head, cells = elements.of("th")[5], elements.of("td")
    assert head["data-first"] == "descending" and head["data-as"] == "numbers" and head["class"] == ""
    values = {cells[row + 1]["data-value"]: cells[row + 5]["data-value"] for row in range(0, len(cells), 7)}
    assert values.pop("none") == ""
    assert sorted(values, key=lambda name: -float(values[name])) == ["high", "fair", "low", "forced"]
    assert elements.of("th")[1]["data-as"] == "words" and elements.of("th")[2]["data-as"] == "numbers"


def test_scores_by_force_are_called_that():
    forced = page.dataclasses.replace(shown("a", (3, 20, 60), (3, 21, 63)), reasons=["no performance"])
    others = [shown(name, (3, 22, score), (3, 21, score + 1)) for name, score in (("b", 66), ("c", 69), ("d", 72))]
    elements = session(forced, *others)
    assert "1 scored by force, which count in all that follows" in elements.text() and "forced" in elements.text()
    assert "forced" not in session(*others).text()


def test_what_is_not_given_is_left_out():
    elements = Elements(page.performance_page(shown(), "diving_small"))
    assert not elements.of("video") and not elements.of("input") and not elements.of("path")
    assert not {"Stages", "trust", "Reliability:", "alike"} & set(elements.text().split())


def test_a_withheld_score_is_no_number():
    elements = Elements(page.performance_page(shown(values=(None, None, None)), "m"))
    assert elements.text().count("withheld") == 3
    assert not [one for one in elements.of("rect") if one.get("width") == "1.4"]  # no mark on a scale


def test_the_slider_reads_the_curves():
    text = page.performance_page(full(), "m")
    readings = json.loads(re.search(r'id="readings">(.*?)</script>', text, re.DOTALL)[1])
    assert len(readings["text"]) == 10 and readings["start"] == 2
    assert readings["text"][4] == "frame 4, 0.16 s; take-flight 70 %; execution +0.33"


@pytest.mark.parametrize(
    "name", ["<b>dive</b>.mp4", "</script><script>alert(1)</script>", '"onload="x', "Tauchen & Öl"]
)
def test_names_are_text(name):
    one = full()
    for text in (
        page.performance_page(page.dataclasses.replace(one, name=name), name, name, "index.html"),
        page.session_page(name, [(page.dataclasses.replace(one, name=name), "1.html")], name),
    ):
        elements = Elements(text)
        assert name in elements.text() and not elements.of("b")
        assert not any("alert" in str(attributes) for attributes in elements.of("script"))
        assert not any("onload" in attributes for _, attributes in elements.found)


@pytest.mark.parametrize(("points", "percent"), [(1.0, 0), (5.0, 100), (2.0, 25), (0.0, 0), (9.0, 100)])
def test_a_score_lies_on_its_scale(points, percent):
    assert page.ShownScore("difficulty", points, (1.0, 5.0)).at(points) == percent


def test_a_curve_goes_through_the_centres_of_its_frames():
    assert page._path([0, 1], 0, 1) == "M250.0 100.0 L750.0 0.0"


def test_each_stage_has_the_curve_of_its_own_probabilities():
    """Of ten frames the last of the flight is the seventh: 0.7 lies at 30.8 of 100 from above, 0.1 at 88.5."""
    one = page.dataclasses.replace(full(), attribution={})
    curves = [found["d"].split() for found in Elements(page.performance_page(one, "m")).of("path")]
    assert [curve[12:14] for curve in curves] == [["L650.0", y] for y in ("88.5", "88.5", "30.8", "88.5")]


def test_a_page_says_whether_there_is_no_score_or_one_in_spite_of_the_reasons():
    for values, said, other in (
        ((None, None, None), "Why there is no score", "Scored by force"),
        ((3.0, 24.0, 72.0), "Scored by force, in spite of", "Why there is no score"),
    ):
        text = page.performance_page(shown(values=values, reasons=["Wrong order."]), "m")
        assert said in text and other not in text


def session(*performances):
    return Elements(page.session_page("Final", [(one, f"{one.name}.html") for one in performances], "m"))


def test_what_is_left_out_of_a_session_is_said_on_its_page(tmp_path):
    """Also where one is left: a page that looks like all that was asked for would take the place of a ranking."""
    left_out = ["</ul><b>no.mp4, which could not be scored", "2 of 4 videos, for it was stopped"]
    for count in (1, 2):
        session, *pages = page.write_pages(tmp_path / "s.html", pages_of(count), "tiny", left_out=left_out)
        elements = Elements(session.read_text())
        assert f"What is missing {' '.join(left_out)} Ranking" in elements.text() and not elements.of("b")
        assert len(pages) == count and "missing" not in "".join(path.read_text() for path in pages)
    (whole, *_) = page.write_pages(tmp_path / "s.html", pages_of(2), "tiny")
    assert "missing" not in whole.read_text()


def test_equal_scores_share_a_rank():
    finals = {"a": 70.0, "b": 80.0, "c": 70.0, "d": None, "e": 60.0}
    found = session(*(shown(name, values=(3.0, 20.0, final)) for name, final in finals.items()))
    words = re.findall(r"([\d–]+) ([a-e]) (?:[\d.]+|withheld)", found.text())
    assert words == [("1", "b"), ("2", "a"), ("2", "c"), ("4", "e"), ("–", "d")]


def test_a_session_is_ranked_by_the_final_score():
    elements = session(
        shown("a", (3, 20, 60)), shown("b", (3, 28, 84)), shown("c", (None, None, None)), shown("d", (3, 22, 66))
    )
    links = [one["href"] for one in elements.of("a")]
    assert [link[0] for link in links] == ["b", "d", "a", "c"]
    assert "– c withheld" in elements.text() and "3 a 60.00" in elements.text()
    assert "1 without a score" in elements.text() and "judges" not in elements.text()


def test_agreement_with_the_judges():
    true = [(3, 21, 63), (3, 27, 81), (3, 23, 69), (3, 25, 75)]
    predicted = [(3, 22, 66), (3, 26, 78), (3, 24, 72), (3, 23, 69)]  # of the finals 2 and 3 are exchanged
    elements = session(*(shown(name, p, t) for name, p, t in zip("abcd", predicted, true, strict=True)))
    # ranks of truth 1 4 2 3, predicted 1 4 3 2: SRC = 1 - 6·2/(4·15)
    assert "final 0.800 3.75 4" in elements.text()
    assert "difficulty – 0.00 4" in elements.text()  # one value: no order
    assert len(elements.of("circle")) == 4
    circle = next(one for one in elements.of("circle"))
    assert (float(circle["cx"]), float(circle["cy"])) == (70.0, 40.0)  # b, 81 and 78 of 60 to 90
    elements = session(*(shown(name, p, t) for name, p, t in zip("ab", predicted, true, strict=False)))
    assert "final – 3.00 2" in elements.text()  # two in order say nothing


def test_a_difference_in_the_ranking_is_by_how_much_a_performance_was_scored_too_high():
    elements = session(shown("a", (3, 22, 66), (3, 21, 63)), shown("b", (3, 20, 60), (3, 27, 81)))
    assert "a 66.00 63.00 +3.00" in elements.text() and "b 60.00 81.00 -21.00" in elements.text()


def test_those_furthest_from_the_judges_come_first_and_figures_have_intervals():
    true = [(3, 20 + number, 60 + 3 * number) for number in range(7)]
    apart = [1.0, -9.0, 2.0, 0.5, 6.0, -3.0, 0.25]
    rows = [shown(f"n{n}", (3, t[1], t[2] + more), t) for n, (t, more) in enumerate(zip(true, apart, strict=True))]
    text = page.session_page("Final", [(row, f"{row.name}.html") for row in rows], "tiny")
    table = text[text.index('id="furthest"') :]
    table = table[: table.index("</table>")]
    assert re.findall(r">(n\d)</a>", table) == ["n1", "n4", "n5", "n2", "n0"]
    assert re.findall(r">([+-][\d.]+)<", table) == ["-9.00", "+6.00", "-3.00", "+2.00", "+1.00"]
    truth, predicted = np.array([(t[2], t[2] + more) for t, more in zip(true, apart, strict=True)]).T
    low, high = interval(draws_of("med", truth, {"": predicted[None, None]})[""])
    assert f"{np.abs(apart).mean():.2f} [{low:.2f}, {high:.2f}]" in text and low < high
    assert 'id="furthest"' not in page.session_page("Final", [(rows[0], "a.html")], "tiny")


@pytest.mark.parametrize(
    ("points", "ends"),
    [((66, 63, 78, 81), (60, 90)), ((60, 60), (59, 61)), ((3.1, 3.6), (3.0, 3.7)), ((0, 100), (-100, 200))],
)
def test_the_scatter_has_round_ends_around_all_points(points, ends):
    scores = [page.ShownScore("final", value, (0, 150), true=value) for value in points]
    assert page._axis(scores) == pytest.approx(ends)


def pages_of(count):
    return [shown(f"n{number}", (3, 21, 63)) for number in range(count)]


def test_what_lies_where_pages_go_is_known_before_anything_is_scored(tmp_path):
    (tmp_path / "x.html").mkdir()
    with pytest.raises(InputError, match=r"x\.html: expected a file to write, or to replace\. Received: a folder"):
        page.check_pages(tmp_path / "x.html")
    (tmp_path / "y_pages").write_text("mine")
    with pytest.raises(InputError, match=r"y_pages: expected a folder of pages, or nothing\. Received: a file"):
        page.check_pages(tmp_path / "y.html")


def test_the_page_of_an_earlier_session_never_lies_beside_pages_of_another(tmp_path, monkeypatch):
    page.write_pages(tmp_path / "s.html", pages_of(2), "tiny")
    before = (tmp_path / "s.html").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(page, "session_page", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            page.write_pages(tmp_path / "s.html", pages_of(3), "tiny")
    assert (tmp_path / "s.html").read_bytes() == before and len(list((tmp_path / "s_pages").iterdir())) == 2
    monkeypatch.setattr(page, "_write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page.write_pages(tmp_path / "s.html", pages_of(3), "tiny")
    assert not (tmp_path / "s.html").exists() and len(list((tmp_path / "s_pages").iterdir())) == 3


def test_no_change_lies_at_zero():
    curve = page._attribution_curve(shown().scores[1], [-1.0, 0.0, 3.0])
    assert curve["line"]["path"].split()[2:4] == ["L500.0", str(curve["zero"])]


def test_a_clip_holds_its_frames():
    frames = [np.full((35, 47, 3), value, np.uint8) for value in (0, 80, 160, 240)]
    with av.open(io.BytesIO(film.encode_clip(frames, 25.0))) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert float(container.streams.video[0].average_rate) == 25
    assert [frame.shape for frame in decoded] == [(34, 46, 3)] * 4
    assert [round(frame.mean() / 80) for frame in decoded] == [0, 1, 2, 3]


@pytest.mark.parametrize(("fps", "rate"), [(12.5, 12.5), (30000 / 1001, 30000 / 1001), (0.4, 0.4), (0.0003, 1)])
def test_a_clip_is_played_at_its_rate(fps, rate):
    """A frame an hour has a clip that can be looked at."""
    with av.open(io.BytesIO(film.encode_clip([np.zeros((36, 48, 3), np.uint8)] * 3, fps))) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(rate)


def test_film_frames_are_at_the_centres_of_equal_spans():
    assert film.film_frames(120, 4) == [15, 45, 75, 105]
    assert film.film_frames(2, 4) == [0, 0, 1, 1]
