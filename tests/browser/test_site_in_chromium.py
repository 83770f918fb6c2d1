"""The site of the documentation, opened from a folder: search finds a name, pictures show, and nothing is fetched."""

import os
import subprocess
import sys

import pytest
from command_forks import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs", reason="needs the extra docs: make env EXTRAS=all")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", f"--site-dir={folder}"]
    subprocess.run(build, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=True)
    return folder


def test_it_is_built_without_a_warning(site):
    assert (site / "index.html").is_file()


def test_a_site_that_is_opened_from_a_folder_has_search_and_pictures(chromium, site):
    page, fetched = chromium.new_page(), []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{site.as_uri()}/scaling.html")
    page.click(".md-search__input")
    page.keyboard.type("LayerwiseAdam")
    page.wait_for_selector(".md-search-result__link[href*='reference/losses.html']", state="attached")
    for address in ("index", "start"):
        page.goto(f"{site.as_uri()}/{address}.html")
        assert page.get_by_role("link", name="Start here").count() > 0
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        page.goto(f"{site.as_uri()}/tutorials/{notebook.stem}.html")
        assert page.get_by_role("img", name="What this draws").first.evaluate("one => one.naturalWidth") > 0
    assert [url for url in fetched if not url.startswith("file:")] == []
    page.close()
