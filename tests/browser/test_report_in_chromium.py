"""The pages of a report as people have them: on a phone, on a desktop, by keyboard, by screen reader, in print."""

import shutil

import pytest
from report_pages import RUNS, write_report

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


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(tmp_path_factory.mktemp("report"))


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


def test_a_phone_shows_who_is_first_and_with_how_many_points(report, open_page):
    page = open_page(report[0], WIDTHS[0])
    ranking = page.get_by_role("group", name="Ranking")
    for name in ("performance", "final"):
        box = ranking.get_by_role("columnheader", name=name, exact=True).bounding_box()
        assert box["x"] + box["width"] <= WIDTHS[0]


def test_all_pictures_are_whole(report, open_page):
    page = open_page(report[1])
    assert page.locator(".film img").count() == 12 and page.locator("video").count() == 3
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    posters = page.evaluate(
        """() => Promise.all([...document.querySelectorAll("video")].map(async video => {
            const image = new Image(); image.src = video.poster; await image.decode(); return image.naturalWidth; }))"""
    )
    assert len(posters) == 3 and min(posters) > 0


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


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("performance", ["a.mp4", "broadcast", "c10.mp4", "no dive.mp4"]),
        ("difference", ["c10.mp4", "broadcast", "a.mp4", "no dive.mp4"]),  # 3, 2.5, -2: outliers first
        ("reliability", ["c10.mp4", "a.mp4", "broadcast", "no dive.mp4"]),  # fair, low, forced, none
    ],
)
def test_each_column_begins_where_one_looks_first(head, rows, report, open_page):
    page = open_page(report[0])
    page.get_by_role("button", name=head, exact=True).click()
    assert [name.split("_")[0] for name in page.evaluate(ORDER)] == rows


def test_pages_lead_to_each_other_by_keyboard(report, open_page):
    page = open_page(report[0])
    for link in ("#ranking a", "svg a"):
        tab_to(page, link)
        page.keyboard.press("Enter")
        page.wait_for_url("**/session_pages/*.html")
        tab_to(page, "a")
        page.keyboard.press("Enter")
        page.wait_for_url("**/session.html")


def test_a_frame_stands_above_its_stage(width, report, open_page):
    page = open_page(report[1], width)
    band, length = page.locator("svg.band").bounding_box(), RUNS[-1][2]
    for image in page.locator(".film img").all():
        if image.is_visible():
            box, index = image.bounding_box(), int(image.get_attribute("alt").removeprefix("Frame "))
            assert box["x"] - 1 <= band["x"] + band["width"] * (index + 0.5) / length <= box["x"] + box["width"] + 1


def test_a_clip_plays_by_keyboard(report, open_page):
    page = open_page(report[1])
    if not page.evaluate("""document.createElement("video").canPlayType('video/mp4; codecs="avc1.64001f"')"""):
        pytest.skip("this Chromium plays no H.264")
    tab_to(page, "video")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('video').currentTime > 0.1", timeout=10_000)
    page.keyboard.press("Space")
    assert page.evaluate("document.querySelector('video').paused")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_it_can_be_printed(page, report, open_page):
    opened = open_page(report[page], A4)
    opened.emulate_media(media="print")
    assert opened.evaluate(TOO_WIDE) == []
    assert opened.evaluate("[...document.querySelectorAll('.table')].every(one => one.scrollWidth <= one.clientWidth)")
    colored = "[...document.querySelectorAll('.legend i')].map(one => getComputedStyle(one).printColorAdjust)"
    assert set(opened.evaluate(colored)) <= {"exact"}  # browsers leave backgrounds out of print, but for these
    assert opened.pdf(format="A4").startswith(b"%PDF-")
