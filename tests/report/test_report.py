"""What a report shows of a video is what was decoded and found, and its files are whole and its own."""

import dataclasses
import fractions
import html
import io
import os
import re
import subprocess
import sys
import types
import urllib.parse

import av
import keras
import numpy as np
import pytest
from command_forks import ROOT, forked
from conftest import bar_color, bar_frame, read_index, write_bars, write_images, write_streams, write_video
from refusals import refused

import scoringnet_tf
from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.checks import NO_PERFORMANCE
from scoringnet_tf.inference.inputs import stretched
from scoringnet_tf.inference.predictor import Predictor
from scoringnet_tf.inference.reliability import Reliability
from scoringnet_tf.inference.results import Performance
from scoringnet_tf.report.collecting import ONE_DEVIATION, Scenes, _within, scored_and_shown, shown_performances
from scoringnet_tf.report.film import film_of, filmed
from scoringnet_tf.report.judges import Judged, matched, read_judges, unshown_scores
from scoringnet_tf.report.page import ShownPerformance, ShownScore, performance_page, write_pages
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark

DIVING = get_sport("diving")
DAMAGED = Remark("damaged", "It is damaged.")
GAP = Remark("frames_missing", "It has no frame between 1.00 and 1.40 s.")


@pytest.fixture(scope="module")
def scorer():
    keras.utils.set_random_seed(0)
    model = scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        clip_lengths=(8, 8),
        frame_size=(36, 48),
        jpeg_quality=100,
        score_statistics={"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)},
    )
    return Predictor(model, name="tiny")


def run(name, start, end):
    return {"name": name, "start_frame": start, "end_frame": end, "start_s": start / 25, "end_s": end / 25}


def scored(scorer, path, **changes):
    """The score of a video, changed, and the scenes that are kept of the performances in it."""
    seen = []
    score = dataclasses.replace(scorer.score_file(path, path, seen=lambda *found: seen.append(found)), **changes)
    ((video, probabilities, _),) = seen
    scenes = Scenes()
    scenes(video, probabilities, score.performances)
    return score, scenes


def test_a_page_shows_the_video_and_what_was_found(scorer, tmp_path):
    write_bars(tmp_path / "dive.avi", 40)
    one = Performance(0, 40, 0.0, 1.6, 3.0, 24.0, 72.0, reasons=[Remark("stage_order", "Wrong order.")])
    score, scenes = scored(scorer, tmp_path / "dive.avi", performances=[one], further_reasons=[])
    (shown,) = shown_performances(scorer, scenes, score, [Judged({"final": 70.0})])
    assert (shown.name, shown.num_frames, shown.fps) == ("dive.avi", 40, 25)
    assert [(one.name, one.value, one.true) for one in shown.scores] == [
        ("difficulty", 3.0, None),
        ("execution", 24.0, None),
        ("final", 72.0, 70.0),
    ]
    assert [one.range for one in shown.scores] == [(1.2, 4.8), (0, 30), (0, 144)]
    assert shown.stages == [pytest.approx(stage) for stage in score.stages]
    assert [read_index(decode_jpeg(jpeg)) for _, jpeg in shown.film] == [index for index, _ in shown.film]
    np.testing.assert_allclose(shown.probabilities.sum(axis=1), np.ones(40), rtol=1e-5)
    assert {name: values.shape for name, values in shown.attribution.items()} == dict.fromkeys(
        ("difficulty", "execution", "final"), (40,)
    )
    assert list(shown.reasons) == ["Wrong order."] and shown.notes == [str(warning) for warning in score.warnings]


def test_each_performance_has_its_own_stretch(scorer, tmp_path):
    write_bars(tmp_path / "two.avi", 200)
    runs = [("noise", 0, 50), ("take-flight", 50, 60), ("entry", 60, 70), ("noise", 70, 150), ("entry", 150, 160)]
    score, scenes = scored(
        scorer,
        tmp_path / "two.avi",
        stages=[run(*one) for one in (*runs, ("noise", 160, 200))],
        performances=[Performance(50, 70, 2.0, 2.8, 3.0, 24.0, 72.0), Performance(150, 160, 6.0, 6.4)],
    )
    first, second = shown_performances(scorer, scenes, score, [None, Judged({"final": 70.0}, name="Ann")])
    assert (first.name, first.num_frames) == (
        "two.avi, performance 1 at 0:02.0",
        70,
    )  # frames 25 to 95: a second around it
    assert [(one["name"], one["start_frame"], one["end_frame"]) for one in first.stages] == [
        *(("noise", 0, 25), ("take-flight", 25, 35), ("entry", 35, 45), ("noise", 45, 70))
    ]
    assert [read_index(decode_jpeg(jpeg)) for _, jpeg in first.film] == [25 + index for index, _ in first.film]
    (flight, entry) = first.clips
    with av.open(io.BytesIO(flight[1])) as container:
        assert (flight[0], entry[0], len(list(container.decode(video=0)))) == ("take-flight", "entry", 10)
    assert read_index(decode_jpeg(flight[2])) == 55
    assert second.num_frames == 60 and second.scores[-1].value is None and second.attribution == {}
    assert {one.true for one in first.scores} == {None} and second.scores[-1].true == 70.0
    assert second.name == "Ann (two.avi, performance 2 at 0:06.0)"


def test_a_page_shows_nothing_of_the_performance_beside_its_own(scorer, tmp_path):
    """Two, ten frames apart: what is around each ends where the other begins, its clips and stages too."""
    write_bars(tmp_path / "two.avi", 120)
    stages = [("noise", 0, 40), ("take-flight", 40, 50), ("entry", 50, 60), ("noise", 60, 70), ("take-flight", 70, 90)]
    score, scenes = scored(
        scorer,
        tmp_path / "two.avi",
        stages=[run(*one) for one in (*stages, ("entry", 90, 95), ("noise", 95, 120))],
        performances=[Performance(40, 60, 1.6, 2.4, warnings=[GAP]), Performance(70, 95, 2.8, 3.8)],
        warnings=[DAMAGED, GAP],
        further_reasons=[],
    )
    first, second = shown_performances(scorer, scenes, score)
    assert (first.notes, second.notes) == ([DAMAGED, GAP], [DAMAGED])
    assert (first.first_frame, first.num_frames, second.first_frame, second.num_frames) == (15, 55, 60, 60)
    assert [clip[0] for clip in first.clips] == [clip[0] for clip in second.clips] == ["take-flight", "entry"]
    assert [(one["name"], one["start_frame"], one["start_s"]) for one in second.stages] == [
        *(("noise", 0, pytest.approx(2.4)), ("take-flight", 10, pytest.approx(2.8))),
        *(("entry", 30, pytest.approx(3.6)), ("noise", 35, pytest.approx(3.8))),
    ]
    text = performance_page(second, "tiny")
    assert "60 frames, 25 frames/s, 2.4 s; from frame 60 of the file on, 2.4 s after its first" in text
    assert '<td class="number">2.80 s</td><td class="number">3.60 s</td><td class="number">70–89</td>' in text
    assert '"start": 10, "text": ["frame 60, 2.40 s;' in text and ">4.8 s</span>" in text


def test_stages_of_another_performance_are_none_of_a_page():
    """Of one that was found in the part before, of which its own part knows nothing but the frames."""
    stages = [run("take-flight", 0, 8), run("entry", 8, 12), run("noise", 12, 20), run("entry", 20, 30)]
    found = _within(stages, Performance(20, 30, 0.8, 1.2), 5, np.arange(5, 35) / 25)
    assert [(one["name"], one["start_frame"], one["end_frame"]) for one in found] == [
        ("noise", 7, 15),
        ("entry", 15, 25),
    ]


def test_times_of_a_page_are_those_of_the_file(scorer, tmp_path):
    """A second of 50 frames and then one of 10: what begins at frame 50 begins at one second."""
    write_bars(tmp_path / "dive.avi", 60)
    video = scorer.read(tmp_path / "dive.avi")
    times = np.concatenate([np.arange(50) / 50, 1 + np.arange(10) / 10])
    varying = dataclasses.replace(video, fps=30.0, timestamps=times, first_time=5.0)
    scenes = Scenes()
    score = scorer.score(varying, "dive.avi", force=True, seen=scenes)
    stages = [run("take-flight", 0, 50), run("entry", 50, 60)]
    score = dataclasses.replace(score, stages=stages, performances=[Performance(0, 60, 5.0, 7.0)])
    (shown,) = shown_performances(scorer, scenes, score)
    assert [one["start_s"] for one in shown.stages] == pytest.approx([5, 6])
    assert shown.stages[1]["end_s"] == pytest.approx(6.9 + 1 / 30)
    text = performance_page(shown, "tiny")
    assert [f">{seconds} s</span>" in text for seconds in ("5.0", "5.3", "5.6", "5.9", "6.9")] == [True] * 5
    assert "frame 59, 6.90 s;" in text


# === Long videos, which are read part by part ===

DIVE = np.repeat([1, 2, 3], [4, 12, 6])
PARTS = {"part": 200, "overlap": 100}


def script(monkeypatch, scorer, starts, length):
    """Makes KFS of a scorer find dives that start at these frames of a file, surely."""
    labels = np.zeros(length, int)
    for start in starts:
        labels[start : start + len(DIVE)] = DIVE

    def segmented(video, samples):
        of_part = labels[video.first_frame + samples.astype(int)]
        return np.eye(4, dtype="float32")[of_part] * 0.96 + 0.01, np.zeros((len(samples), 2), "float32")

    monkeypatch.setattr(scorer, "segment", segmented)


def pages_of(scorer, path):
    """(what is shown of a video, the scenes that were kept, the length of each part that was read)."""
    scenes, lengths = Scenes(), []

    def seen(video, *found):
        lengths.append(len(video.frames))
        scenes(video, *found)

    score = scorer.score_file(path, path, force=True, seen=seen)
    return shown_performances(scorer, scenes, score), scenes, lengths


def test_where_a_score_comes_from_goes_by_the_stages_that_gave_it(scorer, tmp_path, monkeypatch):
    """Of each performance its own alone; KFS, which saw the whole video, is not asked about a part."""
    write_bars(tmp_path / "dive.avi", 60)
    names, edges = ("pre-starting", "take-flight", "entry"), ((5, 10, 20, 26), (30, 34, 44, 50))
    stages = [run("noise", 0, 5), run("noise", 26, 30), run("noise", 50, 60)]
    stages += [run(name, *edges[n][i : i + 2]) for n in range(2) for i, name in enumerate(names)]
    two = [Performance(first, last, first / 25, last / 25, 3.0, 24.0, 72.0) for first, *_, last in edges]
    score, scenes = scored(scorer, tmp_path / "dive.avi", performances=two, stages=stages)
    given = []

    def attribute(model, frames, width, labels):
        given.append(labels)
        return types.SimpleNamespace(by_frame={})

    monkeypatch.setattr("scoringnet_tf.report.collecting.attribute", attribute)
    shown_performances(scorer, scenes, score)
    for labels, (first, take_off, entry, last), window in zip(given, edges, ((0, 30), (26, 60)), strict=True):
        expected = np.zeros(60)
        expected[first:take_off], expected[take_off:entry], expected[entry:last] = 1, 2, 3
        np.testing.assert_array_equal(labels, expected[slice(*window)])


def test_where_a_score_comes_from_is_told_of_the_frames_of_a_video_of_twice_the_rate(scorer, tmp_path, monkeypatch):
    """What hides a sample hides the two frames that it stands for; its stage is that of the frame that it shows."""
    half = Predictor(scorer.model.with_dtype("float32", provenance={"frame_rate": 12.5}), name="half")
    write_bars(tmp_path / "dive.avi", 40)
    names = ("pre-starting", "take-flight", "entry", "noise")
    stages = [run(name, 10 * index, 10 * index + 10) for index, name in enumerate(names)]
    one = Performance(0, 40, 0.0, 1.6, 3.0, 24.0, 72.0)
    score, scenes = scored(half, tmp_path / "dive.avi", performances=[one], stages=stages)
    given = []

    def attribute(model, frames, width, labels):
        given.append((len(frames), labels))
        return types.SimpleNamespace(by_frame={"final": np.arange(20.0)})

    monkeypatch.setattr("scoringnet_tf.report.collecting.attribute", attribute)
    (found,) = shown_performances(half, scenes, score)
    ((number, labels),) = given
    assert number == 20
    np.testing.assert_array_equal(labels, [1] * 5 + [2] * 5 + [3] * 5 + [0] * 5)
    assert np.abs(found.attribution["final"] - np.arange(40) / 2).max() <= 1


def test_scores_of_judges_that_the_model_does_not_give_are_told():
    judges = {"a.mp4": [Judged({"difficulty": 3.0})], "b.mp4": [Judged({"difficulty": 3.1, "final": 70.0})]}
    assert unshown_scores("j.csv", judges, ["final"]) == ["difficulty"] and unshown_scores("j.csv", {}, ["final"]) == []
    with pytest.raises(InputError, match=r"--judges=j\.csv: expected execution, .* Received: difficulty, final\."):
        unshown_scores("j.csv", judges, ["execution"])


STOPPED = """
import signal, sys
from scoringnet_tf.inference import inputs
from scoringnet_tf.support.errors import Stopped
real, calls = inputs.attempted, []
def attempted(*given):
    calls.append(given)
    if len(calls) == 2:
        raise Stopped(signal.SIGINT)
    return real(*given)
inputs.attempted = attempted
import scoringnet_tf.report.__main__ as command
from scoringnet_tf.support import cli
sys.exit(cli.run(command.main, positional=True))
"""


@pytest.mark.slow
def test_a_report_that_is_stopped_keeps_what_was_scored(tmp_path, stage_model):
    for name in ("a", "b", "c"):
        write_bars(tmp_path / f"{name}.avi", 40)
    (tmp_path / "r.html").write_text("of a session that is whole")
    words = [f"--model={stage_model}", "--force", "--output=r.html", "a.avi", "b.avi", "c.avi"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", STOPPED, *words]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    said = "report: r_stopped.html, in place of r.html, is of 1 of 3 videos.\n"
    assert done.returncode == 130 and said in done.stderr, done.stderr
    assert (tmp_path / "r.html").read_text() == "of a session that is whole"
    text = (tmp_path / "r_stopped.html").read_text()
    assert ">a.avi</a>" in text and "<li>2 of 3 videos, for it was stopped</li>" in text
    assert done.stdout.split() == ["r_stopped.html", "r_stopped_pages/001.html"]
    (tmp_path / "r_stopped_pages/notes.txt").touch()  # is known before anything is scored
    result = forked("scoringnet_tf.report", *words, folder=tmp_path)
    assert result.stderr.startswith("report: r_stopped_pages: expected a folder of pages")


@pytest.mark.slow
def test_the_pages_of_a_long_video_are_those_of_the_whole(scorer, monkeypatch, tmp_path):
    """Performances in the first part, over the edge of a part, in the overlap of two and at the very end."""
    starts = [10, 135, 230, 377]
    write_bars(tmp_path / "v.avi", 400)
    in_parts = Predictor(scorer.model, name="tiny", **PARTS)
    for each in (scorer, in_parts):
        script(monkeypatch, each, starts, 400)
    expected, _, (whole,) = pages_of(scorer, tmp_path / "v.avi")
    found, scenes, parts = pages_of(in_parts, tmp_path / "v.avi")
    assert whole == 400 and parts == [200, 200, 200]
    assert len(found) == len(expected) == 4
    for one, other in zip(found, expected, strict=True):
        assert (one.name, one.num_frames, one.scores) == (other.name, other.num_frames, other.scores)
        assert (one.stages, one.film, one.fps) == (other.stages, other.film, other.fps)
        assert [(name, poster) for name, _, poster in one.clips] == [(name, jpeg) for name, _, jpeg in other.clips]
        np.testing.assert_allclose(one.probabilities, other.probabilities)
        for name, values in other.attribution.items():
            np.testing.assert_allclose(one.attribution[name], values, atol=1e-5)
    assert [len(video.frames) for video, _ in scenes.kept] == [57, 72, 72, 48]  # a dive, and a second around it


def test_a_long_video_of_one_performance_shows_it_and_not_the_rest(scorer, monkeypatch, tmp_path):
    write_bars(tmp_path / "v.avi", 300)
    in_parts = Predictor(scorer.model, name="tiny", **PARTS)
    script(monkeypatch, in_parts, [220], 300)
    (page,), _, _ = pages_of(in_parts, tmp_path / "v.avi")
    assert (page.name, page.num_frames) == ("v.avi", 72)
    assert [read_index(decode_jpeg(jpeg)) for _, jpeg in page.film] == [(195 + index) % 256 for index, _ in page.film]


def test_a_long_video_without_a_performance_is_a_page_that_says_so(scorer, monkeypatch, tmp_path):
    write_bars(tmp_path / "v.avi", 250)
    in_parts = Predictor(scorer.model, name="tiny", **PARTS)
    script(monkeypatch, in_parts, [], 250)
    (page,), scenes, _ = pages_of(in_parts, tmp_path / "v.avi")
    assert scenes.kept == [] and page.reasons == [str(NO_PERFORMANCE)]
    assert [read_index(decode_jpeg(jpeg)) for _, jpeg in page.film] == [index for index, _ in page.film] != []
    assert write_pages(tmp_path / "report.html", [page], "tiny") == [tmp_path / "report.html"]


@pytest.mark.parametrize(("starts", "said"), [([30], ""), ([30, 110], "may be of any of its 2 performances")])
def test_scores_of_judges_are_of_one_performance(scorer, monkeypatch, tmp_path, starts, said):
    write_bars(tmp_path / "v.avi", 200)
    script(monkeypatch, scorer, starts, 200)
    rows = [Judged({"final": 71.23})]
    shown, found = scored_and_shown(scorer, tmp_path / "v.avi", tmp_path / "v.avi", rows, force=True)
    assert len(shown) == len(starts) and [words.endswith(said) for words in found] == [True] * bool(said)
    assert [each.true for one in shown for each in one.scores if each.name == "final"] == (
        [None, None] if said else [71.23]
    )


def test_what_is_known_of_trust_is_shown(scorer, tmp_path):
    write_bars(tmp_path / "dive.avi", 12)
    one = Performance(
        *(0, 12, 0.0, 0.48, 3.0, 24.0, 72.0),
        deviations={"execution": 2.0, "final": 6.0},
        intervals={"final": (60.0, 84.0)},
        reliability=Reliability("low", ["damaged"]),
        alike=[{"id": "017", "distance": 0.5, "difficulty": 3.1, "execution": None, "final": 70.5}],
    )
    score, scenes = scored(scorer, tmp_path / "dive.avi", performances=[one], interval_level=0.9)
    (shown,) = shown_performances(scorer, scenes, score, name="a/dive")
    assert [(each.interval, each.confidence) for each in shown.scores] == [
        (None, ""),
        ((22.0, 26.0), ONE_DEVIATION),
        ((60.0, 84.0), "where the true score lies in 90 of 100 such performances"),
    ]
    assert shown.alike == [("017", {"difficulty": 3.1, "execution": None, "final": 70.5}, 0.5)]
    assert (shown.name, shown.reliability) == ("a/dive", one.reliability)


def shown(name):
    return ShownPerformance(
        name, "diving", ("noise",), 25.0, np.arange(11) / 25, [ShownScore("final", 70.0, (0.0, 150.0))]
    )


def test_one_performance_is_one_file(tmp_path):
    assert write_pages(tmp_path / "new/report.html", [shown("a")], "tiny") == [tmp_path / "new/report.html"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]


def test_a_title_stands_above_and_the_name_remains(tmp_path):
    for performances in ([shown("a.mp4")], [shown("a.mp4"), shown("b.mp4")]):
        write_pages(tmp_path / "report.html", performances, "tiny", "Final, women")
        text = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert "<h1>Final, women</h1>" in text and "a.mp4" in text


def test_pages_of_a_session_lead_to_each_other(tmp_path):
    output = tmp_path / "report.html"
    for names in ("abc", "ab"):  # the second run leaves nothing of the first
        pages = write_pages(output, [shown(name) for name in names], "tiny")
        assert sorted(tmp_path.rglob("*.html")) == sorted(pages) and len(pages) == len(names) + 1
    session = output.read_text(encoding="utf-8")
    for page in pages[1:]:
        assert f'href="./{page.relative_to(tmp_path).as_posix()}"' in session
        assert 'href="../report.html"' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Final: women", "session #2", "a?b", "50%25", "ä", "\udcff"])
def test_links_lead_to_pages_of_any_name(tmp_path, name):
    """As a browser takes them: relative, unquoted."""
    session, *pages = write_pages(tmp_path / f"{name}.html", [shown("a\udcff"), shown("b")], "tiny")
    links = re.findall(r'<a href="([^"]*)"', session.read_text(encoding="utf-8"))
    for page, link in zip(pages, links, strict=True):
        base = "http://host/"
        found = urllib.parse.urlsplit(urllib.parse.urljoin(base, html.unescape(link)))
        local = urllib.parse.unquote(found.path, errors="surrogateescape")
        assert found.netloc == "host" and tmp_path / local.lstrip("/") == page and not (found.query or found.fragment)
        (back,) = re.findall(r'<p><a href="([^"]*)"', page.read_text(encoding="utf-8"))
        back = urllib.parse.urljoin(base + "folder/", html.unescape(back))
        assert urllib.parse.unquote(back, errors="surrogateescape") == f"{base}{name}.html"
    assert "a\\udcff" in session.read_text(encoding="utf-8")


def test_one_performance_leaves_nothing_of_a_session(tmp_path):
    output = tmp_path / "report.html"
    write_pages(output, [shown("a"), shown("b")], "tiny")
    write_pages(output, [shown("a")], "tiny")
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("names", ["a", "ab"])
def test_a_folder_of_something_else_is_left_alone(names, tmp_path):
    (tmp_path / "report_pages").mkdir()
    (tmp_path / "report_pages/thesis.html").write_text("mine")
    with pytest.raises(InputError, match=r"expected a folder of pages.*thesis\.html"):
        write_pages(tmp_path / "report.html", [shown(name) for name in names], "tiny")
    assert (tmp_path / "report_pages/thesis.html").read_text() == "mine"


def test_judges(tmp_path):
    (tmp_path / "j.csv").write_text("video,final,difficulty\na.mp4,70.5,3.0\nb.mp4,,2.8\n")
    assert read_judges(tmp_path / "j.csv", DIVING) == {
        "a.mp4": [Judged({"final": 70.5, "difficulty": 3.0}, where=f"{tmp_path / 'j.csv'}:2")],
        "b.mp4": [Judged({"difficulty": 2.8}, where=f"{tmp_path / 'j.csv'}:3")],
    }
    (tmp_path / "j.csv").write_text("name,video,start,final\nAnn,v.mp4,1:02.5,70.5\nEve,v.mp4,100,66\n,w.mp4,,50\n")
    rows = read_judges(tmp_path / "j.csv", DIVING)
    assert [(row.name, row.start, row.scores) for row in rows["v.mp4"]] == [
        ("Ann", 62.5, {"final": 70.5}),
        ("Eve", 100.0, {"final": 66.0}),
    ]
    assert (rows["w.mp4"][0].name, rows["w.mp4"][0].start) == ("", None)


def performances(*spans, final=70.0):
    return [Performance(round(25 * start), round(25 * end), start, end, None, None, final) for start, end in spans]


def test_rows_of_judges_are_of_the_performances_at_their_times():
    """Within one, a little before one, and one of none; each is said that is left out, whatever their order."""
    found = performances((10, 14), (40, 43), (70, 74), (100, 104))
    rows = [
        Judged({"final": 3.0}, 68.0, "c"),
        Judged({"final": 1.0}, 12.5, "a"),
        Judged({"final": 9.0}, 57.0, where="j:4"),
    ]
    judged, said = matched(rows, found)
    assert [row and row.name for row in judged] == ["a", None, "c", None]
    assert said == [
        "j:4 is left out: no performance at 0:57.0, nor within 5 s of it",
        "2 of its 4 scored performances have no row of --judges",
    ]
    judged, said = matched([Judged({}, 11.0, where="j:2"), Judged({}, 15.0, where="j:3")], found[:1])
    assert judged == [None] and said[0] == "j:2 and j:3 are left out: both are of the performance at 0:10.0"
    nearest = performances((10, 14), (16, 20))
    assert [row and row.start for row in matched([Judged({}, 15.5)], nearest)[0]] == [None, 15.5]
    between = performances((10, 14), (18, 22))
    assert [row and row.start for row in matched([Judged({}, 15.0)], between)[0]] == [None, 15.0]
    within = performances((10, 20), (21, 25))
    assert [row and row.start for row in matched([Judged({}, 18.0)], within)[0]] == [18.0, None]
    assert matched([], found) == ([None] * 4, [])
    withheld = performances((10, 14), (40, 43), final=None)
    assert matched([Judged({}, 41.0)], withheld)[1] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,final\na,1\n", r"expected the columns video and any of .* Received: name, final"),
        ("video,start,name\na,1,b\n", r"expected the columns video and any of .* Received: video, start, name"),
        ("video,start,final\na,1,70\na,1,71\n", r"j\.csv:3: expected each start of a video once\. Received: 1 again"),
        ("video,start,final\na,1,70\na,,71\n", r"j\.csv:3: expected each video once, or a start in each of its rows"),
        ("video,start,final\na,,70\na,1,71\n", r"j\.csv:3: expected each video once, or a start in each of its rows"),
        ("video,start,final\na,soon,70\n", r"j\.csv:2: expected seconds or a timecode as start\. Received: 'soon'"),
        ("video,start,final\na,-1,70\n", r"j\.csv:2: expected a start of 0 s or more"),
        ("video,points\na,1\n", "Received: video, points"),
        ("video\na\n", "Received: video"),
        ("", "Received: none"),
        ("video,final\na,70\na,71\n", r"j\.csv:3: expected each video once, .* Received: a again"),
        ("video,final\na,70\nb,many\n", r"j\.csv:3: expected a number as final. Received: 'many'"),
        ("video,execution\na,2_5\n", r"j\.csv:2: expected a number as execution. Received: '2_5'"),
        ("video,execution\na,٢٠\n", r"j\.csv:2: expected a number as execution."),
        (
            "video,difficulty,final\na,1.2,144\n",
            r"j\.csv:2: expected a final score of up to 36\.00 \(product rule\). Received: 144\.00\.$",
        ),
        (
            "video,execution,final\na,30,20\n",
            r"j\.csv:2: expected a final score of 36\.00 or more \(product rule\). Received: 20\.00\.$",
        ),
        ("video,final\na,nan\n", r"j\.csv:2: expected a number as final. Received: 'nan'"),
        ("video,final\na,70,5\n", r"j\.csv:2: expected 2 cells"),
        ("video,final,final\na,70,71\n", "each once. Received: video, final, final"),
        ("video,final\na,7200\n", r"j\.csv:2: expected final of diving from 0 to 144. Received: 7200\.$"),
        (
            "video,difficulty\na,3\nb,8.5\n",
            r"j\.csv:3: expected difficulty of diving from 1\.2 to 4\.8. Received: 8\.5",
        ),
        (
            "video,difficulty,execution,final\na,3.2,25,60\n",
            r"j\.csv:2: expected a final score of 80\.00 \(product rule\). Received: 60\.00\.$",
        ),
        ("video,final\na,\n", r"--judges=.*j\.csv: expected a score in one row or more. Received: none"),
        (f"video,final\n{'a' * 200_000},70\n", r"j\.csv: expected CSV in UTF-8. Received: field larger"),
    ],
)
def test_wrong_judges_are_refused(text, message, tmp_path):
    (tmp_path / "j.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_judges(tmp_path / "j.csv", DIVING)


def test_what_judges_took_off_is_not_in_their_table(tmp_path):
    """A final score of a vault may lie below difficulty + execution, and not above it."""
    (tmp_path / "j.csv").write_text("video,difficulty,execution,final\na,5.2,9.1,14.2\nb,5.2,9.1,14.4\n")
    with pytest.raises(InputError, match=r":3: expected a final score of up to 14\.30 \(sum_minus_penalty rule\)"):
        read_judges(tmp_path / "j.csv", get_sport("vault"))


def test_pictures_are_as_they_were_filmed(scorer, tmp_path):
    """Of 640×480, of which the model is shown 48×36: no more than 360 lines, in the aspect that is shown."""
    frames = np.zeros((40, 480, 640, 3), np.uint8)
    frames[:, :, :320] = 255
    for index in range(40):
        frames[index, :, 320 : 320 + 8 * index] = 128
    write_video(tmp_path / "dive.mp4", frames, codec="libx264")
    (shown,), _ = scored_and_shown(scorer, tmp_path / "dive.mp4", "dive.mp4", force=True)
    pictures = {index: decode_jpeg(jpeg) for index, jpeg in shown.film}
    assert len(pictures) == 12 and {picture.shape for picture in pictures.values()} == {(360, 480, 3)}
    for index, picture in pictures.items():
        grey = (np.abs(picture[180, 240:, 0].astype(int) - 128) < 40).sum()
        assert abs(grey - 6 * index) <= 2
    assert shown.clips
    for name, clip, poster in shown.clips:
        runs = [stage for stage in shown.stages if stage["name"] == name]
        with av.open(io.BytesIO(clip)) as container:
            decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert decoded[0].shape == (360, 480, 3) and decode_jpeg(poster).shape == (360, 480, 3)
        assert len(decoded) in {stage["end_frame"] - stage["start_frame"] for stage in runs}
    small = next(filmed(tmp_path / "dive.mp4", 30, 31))
    assert abs((np.abs(small[180, 240:, 0].astype(int) - 128) < 40).sum() - 180) <= 2


def test_pictures_of_anamorphic_video_are_as_wide_as_it_is_shown(tmp_path):
    with av.open(str(tmp_path / "v.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = fractions.Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 48, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    assert [picture.shape for picture in filmed(tmp_path / "v.mkv", 0, 1)] == [(48, 64, 3)]


def test_the_stream_that_is_scored_is_shown(scorer, tmp_path):
    write_streams(tmp_path / "v.mkv", [(48, 64, 12), (96, 128, 30)])
    for stream, size, length in ((None, (48, 64, 3), 12), (0, (48, 64, 3), 12), (1, (96, 128, 3), 30)):
        (shown,), _ = scored_and_shown(scorer, tmp_path / "v.mkv", "v.mkv", force=True, stream=stream)
        assert shown.num_frames == length and {decode_jpeg(jpeg).shape for _, jpeg in shown.film} == {size}
        assert scorer(tmp_path / "v.mkv", force=True, stream=stream).num_frames == length
        assert len(scorer.read(tmp_path / "v.mkv", stream).frames) == length


def test_images_are_shown_whatever_their_first_number(scorer, tmp_path):
    write_images(tmp_path / "frames", 30, first=100)
    (shown,), _ = scored_and_shown(scorer, tmp_path / "frames", "frames", force=True)
    assert [read_index(decode_jpeg(jpeg)) for _, jpeg in shown.film] == [index for index, _ in shown.film] != []


def test_clips_are_of_their_stages_where_runs_leave_a_gap():
    """As where a run of the performance before lies between; frames of another size are brought to the first's."""
    frames = [bar_frame(index, bar_color(0)) for index in range(30)]
    stages = [run("noise", 5, 8), run("take-flight", 10, 18), run("entry", 20, 28)]
    found = film_of(iter(frames), 30, stages, 25.0)
    for (name, clip, poster), first in zip(found.clips, (10, 20), strict=True):
        with av.open(io.BytesIO(clip)) as container:
            shown = [read_index(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
        assert shown == list(range(first, first + 8)) and read_index(decode_jpeg(poster)) == first + 4, name


def test_the_same_part_of_a_file_is_shown_that_is_scored(scorer, tmp_path):
    write_bars(tmp_path / "v.mp4", 60, codec="libx264")
    source = stretched(tmp_path / "v.mp4", 0.8, 2.0)
    (shown,), _ = scored_and_shown(scorer, source, "v.mp4", force=True)
    assert (shown.first_frame, shown.num_frames, shown.times[0]) == (20, 30, pytest.approx(0.8))
    assert [read_index(decode_jpeg(jpeg)) for _, jpeg in shown.film] == [20 + index for index, _ in shown.film]
    found = scorer(tmp_path / "v.mp4", force=True, start=0.8, end=2.0)
    assert [score.value for score in shown.scores] == [found.difficulty, found.execution, found.final]
    assert (found.num_frames, found.final) == (30, scorer.score_file(source, "v.mp4", force=True).final)
    with refused("flags_conflict", "v.mp4", "end=1"):
        scorer(Clip(tmp_path / "v.mp4"), end=1.0)
    with refused("out_of_range", "v.mp4", "9"):
        scorer(tmp_path / "v.mp4", start=9.0)


@pytest.mark.slow
def test_the_command_tells_all_and_shows_what_there_is(tmp_path):
    """What cannot be an address, and what is not there, end nothing; videos of one name are told apart."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_bars(tmp_path / folder / "v.avi", 30, number=len(folder))
    words = ["httq://a/b.mp4", "none.mp4", "a/v.avi", "b/v.avi", "--output=r.html", "--force"]
    result = forked("scoringnet_tf.report", *words, folder=tmp_path)
    said = [line for line in result.stderr.splitlines() if line.startswith("report: ")]
    assert result.returncode == 1 and len(said) == 2 and "Traceback" not in result.stderr
    assert said[0].startswith("report: httq://a/b.mp4: expected a local path") and "none.mp4" in said[1]
    text = (tmp_path / "r.html").read_text()
    assert all(f">{name}</a>" in text for name in ("a/v.avi", "b/v.avi"))
    missing = ["httq://a/b.mp4, which could not be scored", "none.mp4, which could not be scored"]
    assert re.findall("<li>(.*?)</li>", text) == missing
    (tmp_path / "r_pages/notes.txt").touch()  # is known before anything is scored
    result = forked("scoringnet_tf.report", "none.mp4", "--output=r.html", folder=tmp_path)
    assert result.stderr.startswith("report: r_pages: expected a folder of pages") and "none" not in result.stderr


@pytest.mark.parametrize(("num_frames", "kept"), [(60, (0, 60)), (150, (0, 150)), (151, (35, 110)), (3000, (35, 110))])
def test_of_a_long_file_with_one_dive_the_dive_is_shown(num_frames, kept):
    """And a second around it; of one that is mostly the dive all of it."""
    frames = np.zeros((num_frames, 2, 2, 3), np.uint8)
    video = Video(frames, 25.0, np.arange(num_frames) / 25, (2, 2), 1.0)
    scenes = Scenes()
    scenes(video, None, [Performance(min(60, num_frames - 25), min(85, num_frames), 2.4, 3.4)])
    ((shown, _),) = scenes.kept
    assert (shown.first_frame, shown.first_frame + len(shown.frames)) == kept
