"""The site of the documentation, opened from a folder: search finds a name, and nothing is fetched."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def test_search_finds_a_name_in_a_site_that_is_opened_from_a_folder(chromium, tmp_path):
    pytest.importorskip("mkdocs", reason="needs the extra docs: make env EXTRAS=all")
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", f"--site-dir={tmp_path}"]
    subprocess.run(build, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=True)
    page, fetched = chromium.new_page(), []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{tmp_path.as_uri()}/scaling.html")
    page.click(".md-search__input")
    page.keyboard.type("LayerwiseAdam")
    page.wait_for_selector(".md-search-result__link[href*='reference/losses.html']", state="attached")
    assert [url for url in fetched if not url.startswith("file:")] == []
    page.close()
