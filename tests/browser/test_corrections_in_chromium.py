"""Corrections on a page: by pointer, by keyboard, in words; out as a table that the commands read, and in again."""

import pathlib

import av
import numpy as np
import pytest
from page_samples import full, run

from scoringnet_tf.data.browser_video import encode_clip
from scoringnet_tf.data.corrections import read_corrections
from scoringnet_tf.inference.result import Performance
from scoringnet_tf.inference.times import Moment
from scoringnet_tf.report.page import performance_page
from scoringnet_tf.report.page_data import edges
from scoringnet_tf.sports import get_sport

CLIP = pathlib.Path(__file__).parents[1] / "clips/diving.mp4"
PHASES = get_sport("diving_phases")
FIRST, COUNT = 100, 40
STAGES = [
    ("noise", 0, 4),
    ("approach", 4, 9),
    ("jump", 9, 15),
    ("noise", 15, 18),
    ("flight", 18, 30),
    ("entry", 30, 36),
]
NAME = '<b onload="x">Zoë</b>, 🏊'
NOTE = 'late, "again"\n=1+1 </script><script>alert(1)</script>'


def page_of(folder, **changes):
    """A page of 40 frames from number 100 on, at 25 frames/s: take-off at 118, entry at 130."""
    with av.open(str(CLIP)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    frames = (frames * COUNT)[:COUNT]
    moments = {name: Moment(frame, frame / 25) for name, frame in (("take-off", 118), ("entry", 130))}
    performance = Performance(104, 136, 4.16, 5.44, moments=moments, corrections=changes.get("corrections", {}))
    stages = [run(*each) for each in STAGES]
    content = {
        "name": "dive.mp4",
        "first_frame": FIRST,
        "times": 4 + np.arange(COUNT + 1) / 25,
        "stage_names": PHASES.stages,
        "stages": stages,
        "probabilities": None,
        "clip": encode_clip(frames, np.arange(COUNT + 1) / 25),
        "pictures": (),
        "bodies": (),
        "curves": {},
        "moments": moments,
        "edges": edges(PHASES, performance, stages, FIRST),
        "file": "dive.mp4",
        "sha256": "ab" * 32,
        "dive": "107B",
        **changes,
    }
    path = folder / "page.html"
    path.write_text(performance_page(full(**content), "m"), encoding="utf-8")
    return path


@pytest.fixture
def page(open_page, tmp_path):
    """Such a page, with the corrections open."""
    opened = open_page(page_of(tmp_path))
    opened.click("#correct summary")
    return opened


def frames(page):
    return page.evaluate("players[0].edges.map(one => one.frame)")


def saved(page, folder):
    """What the page saves."""
    with page.expect_download() as download:
        page.click("[name=save]")
    download.value.save_as(folder / download.value.suggested_filename)
    return folder / download.value.suggested_filename


def test_corrections_go_out_and_in_again(page, open_page, tmp_path):
    assert frames(page) == [104, 109, 118, 130, 136]
    page.focus(".edge >> nth=2")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert frames(page)[2] == 121 and page.inner_text(".now") == "4.84 s, frame 121, flight"
    page.mouse.move(0, 0)
    box, lane = page.locator(".edge >> nth=3").bounding_box(), page.locator(".edges").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(lane["x"] + lane["width"] * 28 / COUNT, box["y"] + 5, steps=5)
    page.mouse.up()
    assert frames(page)[3] == 128
    page.fill(".track input", "34")
    page.click("tbody tr:nth-child(5) button >> nth=0")  # here
    assert frames(page) == [104, 109, 121, 128, 134]
    page.fill("[data-what=athlete]", NAME)
    page.fill("[data-what=note]", NOTE)
    told = [" ".join(one.split()) for one in page.locator(".figures .corrected").all_inner_texts()]
    assert "Flight time 0.28 s model 0.48 s" in told and "Entry at 5.12 s model 5.20 s" in told
    path = saved(page, tmp_path)
    (one,) = read_corrections(path)
    assert (path.name, one.video, one.performance) == ("dive.mp4.corrections.csv", "dive.mp4", 1)
    assert [*one.checked(PHASES).frames.values()] == [104, 109, 121, 128, 134]
    assert [*one.model.values()] == [104, 109, 118, 130, 136]
    assert one.texts == {"athlete": ("", NAME), "dive": ("107B", "107B"), "note": ("", NOTE)}
    again = open_page(page_of(tmp_path))
    again.set_input_files("#correct [type=file]", path)
    again.wait_for_function("players[0].edges[4].frame === 134")
    assert frames(again) == [104, 109, 121, 128, 134] and again.input_value("[data-what=note]") == NOTE
    assert "0.28 s" in again.inner_text("[data-duration='flight time']")


def test_an_edge_stays_between_its_neighbours_and_goes_back_to_the_model(page):
    page.focus(".edge >> nth=2")
    for _ in range(3):
        page.keyboard.press("PageUp")
    assert frames(page)[2] == 129 and "Frame 129 is as far as it goes" in page.inner_text("#correct output")
    page.click("tbody tr:nth-child(3) [name=undo]")
    assert frames(page)[2] == 118 and not page.locator(".corrected").count()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("ab" * 32, "cd" * 32), "another video"),
        (lambda text: text.replace("end,136,136", "end,136,999"), "beyond"),
        (lambda text: text.replace("end,136,136", "end,x,136"), "no frame"),
        (lambda text: text.replace("entry,130,130", "entry,130,117"), "order"),
        (lambda text: text.replace("model,", "modell,"), "columns"),
        (lambda text: "\n".join(line for line in text.split("\n") if "start of jump" not in line), "missing"),
        (lambda text: text[: len(text) // 2], ""),
        (lambda text: text.replace("end,136,136", 'end,136,1"136'), ""),
        (lambda text: text + "x" * 10**7, "large"),
    ],
)
def test_a_table_that_is_nearly_right_changes_nothing(page, tmp_path, change, why):
    path = saved(page, tmp_path)
    path.write_bytes(change(path.read_bytes().decode()).encode())
    page.keyboard.press("ArrowRight")
    page.set_input_files("#correct [type=file]", path)
    page.wait_for_function("document.querySelector('#correct output').value.startsWith('Not opened')")
    assert why in page.inner_text("#correct output") and frames(page) == [104, 109, 118, 130, 136]


def test_what_was_corrected_is_marked_when_a_report_shows_it(open_page, tmp_path):
    corrections = {"start of flight": {"model": 115, "corrected": 118}, "athlete": {"model": "", "corrected": NAME}}
    corrections["end"] = {"model": 999, "corrected": 136}  # beyond what is shown
    page = open_page(page_of(tmp_path, corrections=corrections))
    page.click("#correct summary")
    assert page.inner_text("#correct tbody tr:last-child td >> nth=0") == "frame 999"
    assert " ".join(page.inner_text(".corrected >> nth=1").split()) == "Take-off at 4.72 s model 4.60 s"
    assert NAME in page.inner_text("main") and page.locator("main b:not([data-moment])").count() == 0


def test_a_server_keeps_corrections_and_says_if_someone_else_did(chromium, tmp_path):
    html, kept, asked = page_of(tmp_path).read_text(encoding="utf-8"), [], []
    html = html.replace('"save": null', '"save": "corrections"')

    def answer(route):
        request = route.request
        if not request.url.endswith("page.html"):
            asked.append((request.method, request.url.partition("?")[2]))
        if request.url.endswith("page.html"):
            route.fulfill(body=html, content_type="text/html")
        elif request.method == "GET":
            route.fulfill(status=200 if kept else 404, body=kept[-1] if kept else "{}")
        elif request.url.endswith("seen=") or len(kept) == 1:
            kept.append(request.post_data)
            route.fulfill(status=204)
        else:
            route.fulfill(status=409, json={"code": "edited", "message": "Somebody else did."})

    page = chromium.new_page()
    page.route("**/*", answer)
    page.goto("http://host.test/page.html")
    page.click("#correct summary")
    page.fill("[data-what=note]", "kept")
    page.dblclick("[name=save]")
    page.wait_for_function("document.querySelector('#correct output').value === 'Saved.'")
    with page.expect_response("**/corrections?*"):  # what is typed before the server answers is not saved
        page.evaluate("() => { save(); texts[2].value = 'more'; texts[2].dispatchEvent(new Event('input')); }")
    page.wait_for_function("!correct.querySelector('[name=save]').disabled")
    assert page.evaluate("[isSaved, status.value]") == [False, "Not saved yet."]
    page.evaluate("isSaved = true")
    page.reload()
    page.wait_for_function("document.querySelector('[data-what=note]').value === 'kept'")
    page.click("#correct summary")
    page.click("[name=save]")
    page.wait_for_function("document.querySelector('#correct output').value === 'Not saved: Somebody else did.'")
    assert [method for method, _ in asked] == ["GET", "POST", "POST", "GET", "POST"] and asked[-1][1] > "seen=2"
    page.close()
