"""A browser of the system, and what axe finds wrong with a page in it."""

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REASON = "needs the extra browser: make browser"


@pytest.fixture(scope="session")
def chromium():
    """A browser of the system; Playwright's own are not downloaded."""
    playwright = pytest.importorskip("playwright.sync_api", reason=REASON)
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def violations_of():
    """A function of a page that is open → what keeps people out of it: (rule, words, elements)."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=REASON)

    def found(page):
        options = {"resultTypes": ["violations"]}
        violations = axe.Axe().run(page, options=options).response["violations"]
        return [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in violations]

    return found


@pytest.fixture
def open_page(chromium):
    """A function (path, width) → page that is open there; its errors, and any request but for itself, fail the test."""
    wrong, contexts = [], []

    def opened(path, width=1280, scheme="light", **options):
        size = {"width": width, "height": 844}
        context = chromium.new_context(viewport=size, offline=True, color_scheme=scheme, **options)
        contexts.append(context)
        context.on("request", lambda request: request.url.startswith(("file:", "data:")) or wrong.append(request.url))
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path if isinstance(path, str) else path.as_uri())
        page.wait_for_load_state("load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
