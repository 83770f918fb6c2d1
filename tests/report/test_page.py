"""The page of a performance: whole, harmless whatever the names, and true to its content."""

import dataclasses
import json
import re

import numpy as np
import pytest
from page_samples import BODY, Elements, full, run, shown

from scoringnet_tf.inference.times import Measure, Moment
from scoringnet_tf.report.page import BodyRow, ShownScore, comparison_page, performance_page
from scoringnet_tf.report.session import session_page


def parsed(performance):
    return Elements(performance_page(performance, "m"))


def test_a_page_needs_nothing_beside_itself():
    text = performance_page(full(), "diving_small")
    elements = Elements(text)
    sources = [value for _, found in elements.found for key, value in found.items() if key in ("src", "href", "poster")]
    assert elements.open == [] and sources and all(source.startswith("data:") for source in sources)
    assert "http" not in text


def test_a_page_shows_its_content():
    elements = Elements(performance_page(full(), "diving_small"))
    values = ("3.00", "24.00", "72.00", "Trained on simulated video.", "diving_small", "4–6")
    values += ("flight time 0.12 ± 0.16 s", "take-off at 0.16 ± 0.12 s", "entry at 0.28 s", "take-off 0.16 s")
    assert [value for value in values if value not in elements.text()] == []
    bands = [one for one in elements.of("rect") if one.get("height") == "10"]
    assert [(one["x"], one["width"]) for one in bands] == [("0", "2"), ("2", "2"), ("4", "3"), ("7", "2")]
    assert len(elements.of("video")) == 1 and len(elements.of("img")) == 3
    assert [one["style"] for one in elements.of("b")] == ["left:40.0%", "left:70.0%"]  # the moments on the band
    (script,) = elements.json
    assert script["clock"] == [round(number / 25, 6) for number in range(11)] and script["first"] == 0
    assert script["moments"] == {"take-off": 4, "entry": 7} and script["stages"][1] == ["take-flight", 4, 7]


def test_a_page_shows_what_the_body_shows():
    """The dive is the title; the curve has gaps where it was not seen, and a rule at every 90 degrees."""
    elements = parsed(full())
    dive = "207C, back 3½ somersaults, tuck: 3.3"
    assert elements.text().startswith(dive) and "Probability 0.80" in elements.text()
    assert "position tuck probability 0.90 entry angle −4 ± 8° not seen opening" in elements.text()
    (script,) = elements.json
    assert script["curves"] == {"trunk's angle": [None, None, None, 0, 90, 200, 300, None, 350, None]}
    assert script["bodies"] == [BODY] * 10
    crops = [json.loads(one["data-crop"]) for one in elements.of("canvas") if "data-crop" in one]
    assert crops == [[0.25, 0.25, 0.5, 0.5], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert {"joints", "angles"} <= {one.get("id") for one in elements.of("input")}
    plain = parsed(full(pictures=(), bodies=(), body=[BodyRow("not seen", "", "opening")]))
    assert not [one for one in plain.of("input") if one.get("id") == "joints"] and "not seen opening" in plain.text()


def test_warnings_come_before_numbers_and_times_before_scores():
    text = parsed(full(reasons=["Wrong order."])).text()
    places = [text.index(one) for one in ("Wrong order.", "Trained on", "flight time", "72.00")]
    assert places == sorted(places)


def test_a_gap_between_stages_is_listed_and_what_is_around_them_is_not():
    stages = [run("noise", 0, 2), run("take-flight", 2, 5), run("noise", 5, 7), run("entry", 7, 9), run("noise", 9, 10)]
    names = re.findall("take-flight|no stage|entry", parsed(full(stages=stages)).text())
    assert names[-3:] == ["take-flight", "no stage", "entry"] and names.count("no stage") == 2  # the other: its colour


def test_a_comparison_shows_every_performance_and_its_times():
    later = {"moments": {"entry": Moment(17, 0.68)}, "first_frame": 10, "measures": {}}
    performances = [full(name="a"), full(name="b", **later), shown("c", clip=b"mp4", reasons=["No entry."])]
    elements = Elements(comparison_page(performances, "m"))
    assert len(elements.of("video")) == 3 and elements.open == []
    assert [one["moments"] for one in elements.json] == [{"take-off": 4, "entry": 7}, {"entry": 7}, {}]
    assert re.findall(r"Not found: (.+?)\.", elements.text()) == ["take-off", "take-off, entry"]
    text = elements.text()
    assert (text.count("Trained on simulated video."), text.count("No entry.")) == (2, 1)
    assert Elements(comparison_page(performances[:2], "m")).text().count("Trained on simulated video.") == 1  # of both
    assert "flight time 0.12 ± 0.16 s – –" in text
    stages = Elements(comparison_page(performances[1:], "m")).text()  # without measures
    assert "pre-starting 0.08 s – take-flight 0.12 s – entry 0.08 s –" in stages


def test_a_summary_has_the_results_or_why_there_are_none():
    dive = "207C, back 3½ somersaults, tuck: 3.3"
    assert full().summary == f"{dive}, difficulty 3.00, execution 24.00, final 72.00, flight time 0.12 ± 0.16 s."
    assert full(reasons=["Wrong order.", "Too long."]).summary == "Wrong order."
    times = {"values": (None, None, None), "measures": {}, "dives": {}}
    assert full(**times).summary == "take-off 0.16 ± 0.12 s, entry 0.28 s."
    assert full(**times, moments={}).summary == "No moment was found."


def test_a_page_leaves_out_what_is_missing_and_shows_intervals():
    scores = {"final": ShownScore(72.0, (0.0, 150.0), (60.0, 84.0), "confidence")}
    elements = parsed(dataclasses.replace(shown(), scores=scores))
    assert not elements.of("video") and not elements.of("input") and not elements.of("path")
    assert not {"Stages", "trust"} & set(elements.text().split())
    assert "60.00 – 84.00, confidence" in elements.text()
    band = next(rect for rect in elements.of("rect") if rect.get("height") == "8")
    assert (float(band["x"]), float(band["width"])) == (40.0, 16.0)


def test_a_withheld_score_is_no_number():
    elements = parsed(shown(values=(None, None, None)))
    assert "Final" not in elements.text() and not elements.of("svg")


def test_scores_that_are_no_measurement_say_so_or_are_left_out():
    reasons = {"model_reasons": ["Learned from simulation."]}
    forced = parsed(shown(**reasons)).text()
    assert forced.count("not a measurement") == 3 and forced.count("Learned from simulation.") == 1
    none = parsed(dataclasses.replace(full(**reasons), scores={})).text()
    assert "Learned from simulation." in none and "take-flight" in none
    assert not {"withheld", "Final", "measurement"} & set(none.split())


def test_frames_and_times_count_from_the_beginning_of_the_file():
    stages = [run("noise", 0, 4), run("take-flight", 4, 7), run("entry", 7, 10)]
    late = {"first_frame": 60, "times": 2.4 + np.arange(11) / 25}
    stages = [{**one, "start_s": 2.4 + one["start_s"], "end_s": 2.4 + one["end_s"]} for one in stages]
    elements = parsed(dataclasses.replace(full(stages=stages), **late))
    assert "take-flight 2.56 s 2.68 s 0.12 s 64–66" in elements.text() and "2.8 s" in elements.text()
    assert [one["alt"] for one in elements.of("img")] == ["Frame 66, entry angle", "Frame 64", "Frame 67"]


def test_a_moment_has_one_time_wherever_the_page_shows_it():
    """Half-way between two hundredths, by the clock of the file a little before."""
    clock = np.arange(11) / 25
    clock[4], clock[7] = 0.1349996, 0.2750004
    stages = [run("noise", 0, 4), {**run("take-flight", 4, 7), "start_s": clock[4], "end_s": clock[7]}]
    moments = {"take-off": Moment(4, 0.135), "entry": Moment(7, 0.275)}
    shown = full(stages=stages, times=clock, moments=moments, measures={"flight time": Measure(0.14, "s")})
    text = performance_page(shown, "m")
    at = {f"{second:.2f} s" for second in (0.135, 0.275, 0.14)}
    assert set(re.findall(r"0\.1[34] s|0\.2[78] s", text)) == at


@pytest.mark.parametrize(
    "name", ["<b>dive</b>.mp4", "</script><script>alert(1)</script>", '"onload="x', "Tauchen & Öl"]
)
def test_names_are_text(name):
    one = full(name=name)
    pages = (
        performance_page(one, name, name, "index.html"),
        session_page(name, [(one, "1.html", "compare.html#1")], name),
        comparison_page([one, one], name, name),
    )
    for text in pages:
        elements = Elements(text)
        assert name in elements.text() and not [one for one in elements.of("b") if not one]
        assert not any("alert" in str(attributes) for attributes in elements.of("script"))
        assert not any("onload" in attributes for _, attributes in elements.found)


@pytest.mark.parametrize(("points", "percent"), [(1.0, 0), (5.0, 100), (2.0, 25), (0.0, 0), (9.0, 100)])
def test_a_score_lies_on_its_scale(points, percent):
    assert ShownScore(points, (1.0, 5.0)).at(points) == percent
