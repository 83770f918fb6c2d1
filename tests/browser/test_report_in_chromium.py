"""The pages of a report as people have them: on a phone, on a desktop, by keyboard, by screen reader, in print."""

import pathlib
import shutil

import av
import pytest
from page_samples import full

from scoringnet_tf.data.browser_video import encode_clip
from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.report.session import write_pages

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (390, 1280)  # CSS pixels: a phone, a desktop
PAGES = {"session": 0, "scored": 1, "forced, of a long name": 2, "withheld": 4}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
A4 = 718  # CSS pixels between margins of a centimetre
# Elements that are wider than the screen, or whose content is cut; a table may be scrolled in its own frame.
TOO_WIDE = """() => [...document.querySelectorAll("main, main *")].filter(one => !one.closest(".table") && (
    one.getBoundingClientRect().right > document.documentElement.clientWidth + 1 ||
    one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible"))
    .map(one => one.outerHTML)"""
ORDER = "[...document.querySelectorAll('#ranking tbody tr')].map(row => row.cells[1].textContent)"
SORTED = "[...document.querySelectorAll('#ranking [aria-sort]')].map(head => [head.innerText, head.ariaSort])"


CLIP = pathlib.Path(__file__).parents[1] / "clips/diving.mp4"
LONG_NAME = "broadcast_of_the_final_women_10_m_platform_round_3_of_5_dive_107B_seen_from_the_side_camera.mp4"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The page of a session, then those of its performances: of real frames, one has a long name, one no score."""
    with av.open(str(CLIP)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][:10]
    jpegs = [encode_jpeg(frame, 92) for frame in frames]
    pictures = {"film": [*enumerate(jpegs)], "clips": [("take-flight", encode_clip(frames[4:7], 25.0), jpegs[5])]}
    performances = [
        full(
            name=name,
            values=(final and 3.0, final and final / 3, final),
            true=(None, None, final and final - 2),
            reasons=reasons,
            **pictures,
        )
        for name, final, reasons in (
            ("a.mp4", 60.0, ()),
            (LONG_NAME, 84.0, ["No pre-starting was found."]),
            ("c10.mp4", 72.0, ()),
            ("no dive.mp4", None, ["No entry was found."]),
        )
    ]
    left_out = [f"{LONG_NAME}.part, which could not be scored"]
    return write_pages(tmp_path_factory.mktemp("report") / "session.html", performances, "m", "Final", left_out)


@pytest.fixture(scope="module")
def chromium():
    """A browser of the system; Playwright's own are not downloaded."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser: make browser")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """A function (path, width) → page that is open there; its errors, and any request but for itself, fail the test."""
    wrong, contexts = [], []

    def opened(path, width=WIDTHS[-1]):
        context = chromium.new_context(viewport={"width": width, "height": 844}, offline=True)
        contexts.append(context)
        context.on("request", lambda request: request.url.startswith(("file:", "data:")) or wrong.append(request.url))
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_load_state("load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def tab_to(page, selector):
    """Presses Tab until what the selector names has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width} px")
def width(request):
    return request.param


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_axe_finds_no_violation_of_wcag(page, width, report, open_page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra browser: make browser")
    options = {"runOnly": WCAG, "resultTypes": ["violations"]}
    violations = axe.Axe().run(open_page(report[page], width), options=options).response["violations"]
    assert [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in violations] == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_nothing_reaches_beyond_the_screen(page, width, report, open_page):
    opened = open_page(report[page], width)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.evaluate(TOO_WIDE) == []


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


def test_pages_lead_to_each_other_by_keyboard(report, open_page):
    page = open_page(report[0])
    tab_to(page, "#ranking a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/session_pages/*.html")
    tab_to(page, "a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/session.html")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_it_can_be_printed(page, report, open_page):
    opened = open_page(report[page], A4)
    opened.emulate_media(media="print")
    assert opened.evaluate(TOO_WIDE) == []
    assert opened.evaluate("[...document.querySelectorAll('.table')].every(one => one.scrollWidth <= one.clientWidth)")
    colored = "[...document.querySelectorAll('.legend i')].map(one => getComputedStyle(one).printColorAdjust)"
    assert set(opened.evaluate(colored)) <= {"exact"}  # browsers leave backgrounds out of print, but for these
    assert opened.pdf(format="A4").startswith(b"%PDF-")
