"""The pages of a report as people have them: on a phone, on a desktop, by keyboard, by screen reader, in print."""

import base64
import csv
import pathlib

import av
import cv2
import numpy as np
import pytest
from page_samples import full

from scoringnet_tf.data.browser_video import encode_clip
from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.inference.result import Performance
from scoringnet_tf.inference.times import Moment
from scoringnet_tf.report.page import Picture
from scoringnet_tf.report.page_data import edges
from scoringnet_tf.report.session import write_pages
from scoringnet_tf.sports import get_sport

WIDTHS = (390, 1280)  # CSS pixels: a phone, a desktop
PAGES = {"session": 0, "scored": 1, "forced, of a long name": 2, "withheld": 4, "comparison": 5}
A4 = 718  # CSS pixels between margins of a centimetre
# Elements that are wider than the screen, or whose content is cut; a table may be scrolled in its own frame.
TOO_WIDE = """() => [...document.querySelectorAll("main, main *")].filter(one => !one.closest(".table") && (
    one.getBoundingClientRect().right > document.documentElement.clientWidth + 1 ||
    one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible"))
    .map(one => one.outerHTML)"""
SMALL = """() => [...document.querySelectorAll(
    ":is(.controls, .edges, #correct) :is(button, select, summary, .switch), .track input, .keep, th button"
)].filter(one => one.offsetParent && Math.min(one.offsetWidth, one.offsetHeight) < 40).map(one => one.outerHTML)"""
ORDER = "[...document.querySelectorAll('#ranking tbody tr')].map(row => row.cells[1].querySelector('a').textContent)"
SORTED = "[...document.querySelectorAll('#ranking [aria-sort]')].map(head => [head.innerText, head.ariaSort])"


CLIP = pathlib.Path(__file__).parents[1] / "clips/diving.mp4"
LONG_NAME = "broadcast_of_the_final_women_10_m_platform_round_3_of_5_dive_107B_seen_from_the_side_camera.mp4"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The page of a session, then those of its performances: of real frames, one has a long name, one no score."""
    with av.open(str(CLIP)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][:10]
    jpegs = [encode_jpeg(frame, 92) for frame in frames]
    clip = encode_clip(frames, np.arange(11) / 25)
    pictures = [Picture(4, "take-off", jpegs[4]), Picture(7, "", jpegs[7])]
    performances = [
        full(
            name=name,
            values=(final and 3.0, final and final / 3, final),
            reasons=reasons,
            moments={found: Moment(frame, frame / 25, 0.1) for found, frame in moments.items()},
            clip=clip,
            pictures=pictures,
            file=name,
            sha256="ab" * 32,
            edges=edges(get_sport("diving"), Performance(2, 9, 0.08, 0.36), full().stages, 0),
        )
        for name, final, reasons, moments in (
            ("a.mp4", 60.0, (), {"take-off": 4, "entry": 7}),
            (LONG_NAME, 84.0, ["No pre-starting was found."], {"take-off": 4, "entry": 7}),
            ("c10.mp4", 72.0, (), {"take-off": 6, "entry": 7}),
            ("no dive.mp4", None, ["No entry was found."], {}),
        )
    ]
    left_out = [f"{LONG_NAME}.part, which could not be scored"]
    return write_pages(tmp_path_factory.mktemp("report") / "session.html", performances, "m", "Final", left_out)


def tab_to(page, selector):
    """Presses Tab until what the selector names has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.parametrize("width", WIDTHS, ids=lambda width: f"{width} px")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_axe_finds_no_violation_all_fits_the_screen_and_what_is_pressed_is_large(
    page, scheme, width, report, open_page, violations_of
):
    opened = open_page(report[page], width, scheme)
    for fold in opened.locator("summary").all():
        fold.click()
    assert violations_of(opened) == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.evaluate(TOO_WIDE) == [] and opened.evaluate(SMALL) == []


def test_the_ranking_is_sorted_by_keyboard(report, open_page):
    page = open_page(report[0])
    ranked = page.evaluate(ORDER)
    best, middle, last, withheld = ranked
    assert (middle, last, withheld) == ("c10.mp4", "a.mp4", "no dive.mp4")
    tab_to(page, "th:nth-child(3) button")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")  # the best first, then the other way; never what has no score
    assert (page.evaluate(ORDER), page.evaluate(SORTED)) == (ranked, [["final", "descending"]])
    page.keyboard.press("Space")
    assert page.evaluate(ORDER) == [last, middle, best, withheld]
    assert page.evaluate("document.activeElement.parentElement.ariaSort") == "ascending"


def test_a_wide_table_keeps_its_names_while_it_is_scrolled(report, open_page):
    page = open_page(report[0], WIDTHS[0])
    name = "document.querySelector('#ranking tbody .name').getBoundingClientRect().left"
    page.evaluate("document.querySelector('#ranking').parentElement.scrollLeft = 1000")
    assert page.evaluate("document.querySelector('#ranking').parentElement.scrollLeft") > 100
    assert page.evaluate(name) == page.evaluate("document.querySelector('main h1').getBoundingClientRect().left")


# === Video ===


def playing_at(page):
    """The frame at which each video stands that is shown, once it has been moved there."""
    page.wait_for_function("players.every(one => one.video.readyState > 1 && !one.video.seeking)")
    return page.evaluate("deck.players.map(one => one.frameAt(one.video.currentTime))")


def test_the_slider_the_pictures_and_the_curve_move_the_video(report, open_page):
    page = open_page(report[1])
    tab_to(page, ".track input")
    page.keyboard.press("ArrowRight")
    assert playing_at(page) == [1]
    assert page.evaluate("document.activeElement.ariaValueText") == page.inner_text(".now") == "0.04 s, frame 1"
    page.click(".strip button >> nth=1")
    assert playing_at(page) == [7] and page.inner_text(".now") == "0.28 s, frame 7, entry"
    page.keyboard.press("ArrowLeft")  # the focus is on the picture
    assert playing_at(page) == [6]
    page.click(".measures button")
    assert playing_at(page) == [6] and page.locator(".cursor").first.get_attribute("style") == "left: 65%;"
    box = page.locator(".player .chart").bounding_box()
    page.mouse.click(box["x"] + 0.42 * box["width"], box["y"] + 5)
    assert playing_at(page) == [4]
    page.click("button[data-moment=entry]")
    assert playing_at(page) == [7]


def test_the_space_bar_plays_and_a_click_on_a_button_does_not_take_it(report, open_page):
    page = open_page(report[1])
    page.click("[name=next]")
    page.select_option("[name=speed]", "0.25")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.wait_for_function("!players[0].video.paused && players[0].video.playbackRate === 0.25")
    page.keyboard.press("Space")
    assert page.evaluate("players[0].video.paused") and page.inner_text("[name=play]") == "Play"
    page.keyboard.press("Space")
    page.wait_for_function("players[0].frame === 9 && !deck.running")


def test_two_performances_stand_at_the_same_moment(report, open_page):
    """The third has its take-off two frames later; of the fourth none was found."""
    page = open_page(f"{report[-1].as_uri()}#2")
    assert playing_at(page) == [4, 6]
    assert page.inner_text("#differences tr >> nth=1").split("\t")[-1] == "+0.00 ± 0.23 s"
    page.select_option("[name=align]", "entry")
    assert playing_at(page) == [7, 7]
    page.click("[name=back]")
    page.click("[name=back]")
    assert playing_at(page) == [5, 5] and page.evaluate("now.value") == "0.08 s before entry"
    page.locator(".track input").first.fill("3")
    assert playing_at(page) == [3, 3]
    page.select_option("[name=right]", "3")
    assert playing_at(page) == [0, 0] and page.evaluate("now.value") == "0.00 s after the start"
    page.click("[name=play]")
    page.wait_for_function("!deck.running && deck.at >= deck.range[1] - 0.05")


def test_two_curves_are_aligned_at_the_moment_that_is_chosen(report, open_page):
    """Frame 3 is a frame before the one's take-off, and three before the other's."""
    page = open_page(f"{report[-1].as_uri()}#2")
    lines = "[...document.querySelectorAll('.compared path.line')]"
    starts = f"{lines}.map(one => parseFloat(one.getAttribute('d').slice(1)))"
    apart = [one - other for one, other in [page.evaluate(starts)]]
    assert apart == [pytest.approx(2 * 1000 / 7, abs=0.2)]  # seen from frame 3 to frame 8: an axis of seven frames
    page.select_option("[name=align]", "entry")
    one, other = page.evaluate(starts)
    assert one == other and page.locator(".compared .degrees").all_inner_texts()[0] == "0°"


def test_without_scripts_the_videos_stand_over_their_bands(report, open_page):
    for number, count in ((1, 1), (-1, 4)):
        page = open_page(report[number], java_script_enabled=False)
        assert page.locator("video[controls]").count() == page.locator(".band").count() == count
        assert not page.locator("input:visible, form:visible").count()


def test_joints_and_angles_are_switched_on_and_off(report, open_page):
    """Over the video and its pictures: the one bone of the samples is yellow, an angle white."""
    page = open_page(report[1])
    playing_at(page)

    def colors(selector):
        encoded = page.evaluate("selector => document.querySelector(selector).toDataURL()", selector)
        png = np.frombuffer(base64.b64decode(encoded.partition(",")[2]), np.uint8)
        pixels = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
        return [(pixels == (*color, 255)).all(axis=-1).any() for color in ((77, 225, 255), (255, 255, 255))]

    assert [colors(selector) for selector in (".drawn", ".strip canvas")] == [[True, False]] * 2
    page.uncheck("#joints")
    page.check("#angles")
    assert [colors(selector) for selector in (".drawn", ".strip canvas")] == [[False, True]] * 2


def test_each_stage_has_the_curve_of_its_own_probabilities(report, open_page):
    """The last of three flight frames is the seventh of ten: 0.7 lies at 30.8 of 100 from above, 0.1 at 88.5."""
    page = open_page(report[1])
    curves = page.evaluate("[...document.querySelectorAll('#sure path.line')].map(one => one.getAttribute('d'))")
    assert [curve.partition("L650.0 ")[2].partition("L")[0] for curve in curves] == ["88.5", "88.5", "30.8", "88.5"]


def test_a_picture_and_the_tables_can_be_kept(report, open_page, tmp_path):
    page = open_page(report[1])
    page.click(".strip button >> nth=0")
    playing_at(page)
    with page.expect_download() as download:
        page.click("[name=keep]")
    assert download.value.suggested_filename == "a.mp4, 0.16 s, frame 4, take-flight.png"
    download.value.save_as(tmp_path / "a.png")
    pixels = cv2.imread(str(tmp_path / "a.png"))
    assert [*pixels.shape[:2]] == page.evaluate("[players[0].video.videoHeight, players[0].video.videoWidth]")
    assert (pixels == (77, 225, 255)).all(axis=-1).any()
    page = open_page(report[0])
    given = ("=1+1", "-2+3|x", "+0.12 ± 0.03 s", "−1.5 s")
    for number, text in enumerate(given):
        page.evaluate(f"document.querySelector('#ranking').rows[2].cells[{number}].textContent = {text!r}")
    with page.expect_download() as download:
        page.click(".keep")
    download.value.save_as(tmp_path / "a.csv")
    head, first, second, *_ = csv.reader((tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines())
    assert head[:3] == ["rank", "performance", "final"]
    assert first[0] == "1" and LONG_NAME in first[1] and len(head) == len(first) and "comparison" not in head
    assert second[:4] == ["'=1+1", "'-2+3|x", *given[2:]]  # a spreadsheet runs none of them


def test_pages_lead_to_each_other_by_keyboard(report, open_page):
    page = open_page(report[0])
    for selector, address in (
        ("#ranking a", "**/session_pages/*.html"),
        ("a[href*=compare]", "**/session_pages/compare.html#1"),
        ("a", "**/session.html"),
    ):
        tab_to(page, selector)
        page.keyboard.press("Enter")
        page.wait_for_url(address)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_it_can_be_printed(page, report, open_page):
    opened = open_page(report[page], A4)
    opened.emulate_media(media="print")
    assert opened.evaluate(TOO_WIDE) == []
    assert opened.evaluate("[...document.querySelectorAll('.table')].every(one => one.scrollWidth <= one.clientWidth)")
    colored = "[...document.querySelectorAll('.legend i')].map(one => getComputedStyle(one).printColorAdjust)"
    assert set(opened.evaluate(colored)) <= {"exact"}  # browsers leave backgrounds out of print, but for these
    assert opened.pdf(format="A4").startswith(b"%PDF-")
