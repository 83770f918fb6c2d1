"""The web page that takes videos, as people have it."""

import pathlib

import httpx2
import pytest
from web_client import settled
from web_client import upload as upload_by_program
from web_server import web_server

CLIP = pathlib.Path(__file__).parents[1] / "clips/diving.mp4"
LONG_NAME = f"{'broken' * 12}.mp4"
WIDTHS = (390, 1280)  # CSS pixels: a phone, a desktop


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a server that is scoring, and takes two videos at the same time."""
    with web_server(tmp_path_factory.mktemp("web"), "--queue=2", "--megabytes=1") as (url, _):
        yield url


@pytest.fixture
def upload(chromium, address):
    """A function (width, files) → the page once it was told to upload them; an error in it fails the test."""
    wrong = []

    def uploading(width, *files):
        page = chromium.new_context(viewport={"width": width, "height": 844}).new_page()
        page.on("console", lambda message: "Content Security Policy" in message.text and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        page.set_input_files(
            "#videos", [{"name": name, "mimeType": "video/mp4", "buffer": content} for name, content in files]
        )
        page.get_by_role("button", name="Upload").click()
        return page

    yield uploading
    for context in chromium.contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_video_gets_its_page(width, upload, violations_of):
    page = upload(width, ("dive.mp4", CLIP.read_bytes()))
    assert violations_of(page) == []
    page.wait_for_url("**/page.html")
    assert page.title() == "dive.mp4" and page.locator("video").count() > 0
    assert violations_of(page) == []


def test_what_is_wrong_is_said_beside_each_file(upload):
    page = upload(WIDTHS[0], (LONG_NAME, b"no video"), ("large.mp4", bytes(1_000_001)), ("dive.mp4", CLIP.read_bytes()))
    page.get_by_role("link").wait_for()
    told = [item.inner_text() for item in page.get_by_role("listitem").all()]
    assert [line.partition(":")[0] for line in told] == [LONG_NAME, "large.mp4", "dive.mp4"]
    assert "1 MB" in told[1] and page.get_by_role("listitem").nth(2).get_by_role("link").count() == 1
    assert "first movement" in told[2] or "Film" in told[2]
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS[0]
    page.reload()  # the first and the last one had a place in the queue
    page.get_by_role("link").wait_for()
    page.get_by_text(told[0].partition(": ")[2]).wait_for()
    assert sorted(item.inner_text() for item in page.get_by_role("listitem").all()) == sorted([told[0], told[2]])


def test_a_full_queue_is_told_in_words(upload):
    page = upload(WIDTHS[0], *[(f"{number}.mp4", CLIP.read_bytes()) for number in range(4)])
    page.get_by_text("The queue is full").first.wait_for()


NAMES = ["<b>5,1 🤸<.mp4", "b.mp4"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The address of such a server, after two videos."""
    folder = tmp_path_factory.mktemp("kept")
    with web_server(folder, f"--keep={folder / 'videos'}") as (url, _), httpx2.Client(base_url=url) as client:
        for token in [upload_by_program(client, CLIP.read_bytes(), name=name) for name in NAMES]:
            settled(client, token)
        yield url


@pytest.mark.parametrize("width", WIDTHS)
def test_two_that_are_kept_are_compared_and_every_browser_sees_them(width, kept, chromium, violations_of):
    mine, other = (chromium.new_context(viewport={"width": width, "height": 844}).new_page() for _ in range(2))
    for page in (mine, other):
        page.goto(kept)
        page.get_by_role("link", name="Open the page").nth(1).wait_for()
    compare = mine.get_by_role("button", name="Compare the two ticked")
    assert mine.get_by_role("listitem").count() == 2 and compare.is_disabled()
    for name in NAMES:
        mine.get_by_role("checkbox", name=f"Compare {name}").check()
    assert violations_of(mine) == []
    assert mine.evaluate("document.documentElement.scrollWidth") == width
    compare.click()
    mine.wait_for_url("**/page.html")
    assert mine.locator("video").count() == 2
    title = " | ".join(reversed(NAMES))  # the newest one stands first
    mine.goto(kept)
    for page in (mine, other):
        page.get_by_text(title).wait_for()
    mine.on("dialog", lambda dialog: dialog.accept())
    mine.get_by_role("button", name=f"Delete {title}").click()
    for page in (mine, other):
        page.get_by_text(title).wait_for(state="detached")
        assert page.get_by_role("listitem").count() == 2
        page.context.close()


def test_corrections_of_two_browsers_stay_and_do_not_overwrite_each_other(kept, chromium):
    """The page is in a sandbox of its own origin, and saves all the same; a comparison that is made later has them."""
    with httpx2.Client(base_url=kept, timeout=120) as client:
        first, second = client.get("/videos").json()
        mine, other = (chromium.new_context().new_page() for _ in range(2))
        for page in (mine, other):
            page.goto(f"{kept}/{first['page']}")
            page.get_by_text("Correct the times").click()
            page.get_by_label("Athlete").fill("<i>Anna</i>, 🤸")
        for page, answer in ((mine, "Saved."), (other, "Somebody else has saved")):
            page.get_by_role("button", name="Save corrections").click()
            page.get_by_text(answer).wait_for()
        again = chromium.new_context().new_page()
        again.goto(f"{kept}/{first['page']}")
        again.wait_for_function("document.querySelector('[data-what=athlete]').value === '<i>Anna</i>, 🤸'")
        tokens = [one["token"] for one in (first, second)]
        token = client.post("/comparisons", params={"tokens": tokens}).json()["token"]
        assert settled(client, token)["state"] == "done"
        client.delete(f"/videos/{token}")
    for page in (mine, other, again):
        page.context.close()
