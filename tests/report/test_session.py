"""The page of a session and the files of all pages: ranking, links."""

import dataclasses
import html
import re
import urllib.parse

import pytest
from page_samples import Elements, full, session, shown
from refusals import refused

from scoringnet_tf.report import session as session_pages
from scoringnet_tf.report.session import check_pages, write_comparison, write_pages


def test_a_session_is_ranked_by_the_final_score_and_equal_scores_share_a_rank():
    finals = {"a": 70.0, "b": 80.0, "c": 70.0, "d": None, "e": 60.0}
    elements = session(*(shown(name, values=(3.0, 20.0, final)) for name, final in finals.items()))
    rows = re.findall(r"([\d–]+) ([a-e]) ([\d.]+|withheld)", elements.text())
    assert [row[:2] for row in rows] == [("1", "b"), ("2", "a"), ("2", "c"), ("4", "e"), ("–", "d")]
    assert [one["href"][0] for one in elements.of("a")] == list("baced")
    assert "1 without a score" in elements.text() and elements.open == []


def test_what_was_scored_by_force_says_so():
    forced = dataclasses.replace(shown("a"), reasons=["no performance"])
    elements = session(forced, shown("b"), shown("none", (None, None, None), reasons=["no performance"]))
    assert elements.text().count("(forced)") == 1 and "1 scored by force" in elements.text()
    assert elements.text().count("no performance") == 1  # under the name of what is withheld alone
    assert "force" not in session(shown("a"), shown("b")).text()


def test_performances_without_scores_are_listed_in_order_and_not_ranked():
    staged = [dataclasses.replace(shown(name), scores={}, model_reasons=["Simulated."]) for name in "bac"]
    elements = session(*staged)
    assert [one["href"][0] for one in elements.of("a")] == list("bac") and elements.open == []
    words = elements.text().split()
    assert words.count("Simulated.") == 1 and not {"Ranking", "rank", "withheld", "without", "final"} & {*words}
    withheld = session(*(shown(name, (None, None, None)) for name in "ba")).text()
    assert "2 without a score" in withheld and "Ranking" not in withheld


def test_what_holds_for_all_is_told_once():
    performances = [full(name="a", notes=["Of all.", "Of one."]), full(name="b", notes=["Of all."])]
    elements = session(*performances)
    assert elements.text().count("Of all.") == 1 and "Of one." not in elements.text()
    counts = [one["data-value"] for one in elements.of("td") if one["class"] == "number"]
    assert counts[-1] == "0" and elements.text().count("0.12 ± 0.16 s") == 2


def test_a_session_tells_the_spread_of_each_athlete():
    """By the names that people typed; 70 and 80 have a mean of 75 and a standard deviation of 7.07."""
    named = {"athlete": {"model": "", "corrected": "Ann, <b>"}}
    ann = [
        full(name=name, values=(3.0, 20.0, final), corrections=named, thumbnail=b"jpeg")
        for name, final in (("a", 70.0), ("b", 80.0))
    ]
    eve = full(name="c", corrections={"athlete": {"model": "", "corrected": "Eve"}}, measures={})
    elements = session(*ann, eve, full(name="d"))
    assert elements.text().count("Ann, <b>") == 3 and not elements.of("b")
    assert "Ann, <b> 2 3.00 ± 0.00 points 20.00 ± 0.00 points 75.00 ± 7.07 points 0.12 ± 0.00 s" in elements.text()
    assert "Eve 1 3.00 points 24.00 points 72.00 points – –" in elements.text()
    assert len(elements.of("img")) == 2
    assert "Athletes" not in session(full(name="d"), full(name="e")).text()


def pages_of(count):
    return [shown(f"n{number}") for number in range(count)]


@pytest.mark.parametrize("count", [1, 2])
def test_missing_videos_and_the_title_are_on_the_page_of_the_session(count, tmp_path):
    """Even if one performance is left: a page without the warning would pass for all that was asked for."""
    left_out = ["</ul><b>no.mp4, which could not be scored", "2 of 4 videos"]
    path, *pages = write_pages(tmp_path / "s.html", pages_of(count), "tiny", "Final, women", left_out)
    elements = Elements(path.read_text(encoding="utf-8"))
    assert all(one in elements.text() for one in (*left_out, "n0")) and not elements.of("b")
    assert "<h1>Final, women</h1>" in path.read_text(encoding="utf-8")
    assert len(pages) == count and "no.mp4" not in "".join(path.read_text() for path in pages)


def test_pages_of_a_session_link_to_each_other(tmp_path):
    output = tmp_path / "report.html"
    for count in (1, 3, 1, 2):  # a report leaves nothing of those before; one performance is one file
        pages = write_pages(output, pages_of(count), "tiny")
        assert sorted(tmp_path.rglob("*.html")) == sorted(pages) and len(pages) == (count if count == 1 else count + 1)
    for page in pages[1:]:
        assert f'href="./{page.relative_to(tmp_path).as_posix()}"' in output.read_text(encoding="utf-8")
        assert 'href="../report.html"' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Final: women", "session #2", "a?b", "50%25", "ä", "\udcff"])
def test_links_lead_to_pages_of_any_name(tmp_path, name):
    """As a browser takes them: relative, unquoted."""
    path, *pages = write_pages(tmp_path / f"{name}.html", [shown("a\udcff"), shown("b")], "tiny")
    links = re.findall(r'<a href="([^"]*)"', path.read_text(encoding="utf-8"))
    for page, link in zip(pages, links, strict=True):
        base = "http://host/"
        found = urllib.parse.urlsplit(urllib.parse.urljoin(base, html.unescape(link)))
        local = urllib.parse.unquote(found.path, errors="surrogateescape")
        assert found.netloc == "host" and tmp_path / local.lstrip("/") == page and not (found.query or found.fragment)
        (back,) = re.findall(r'<p><a href="([^"]*)"', page.read_text(encoding="utf-8"))
        back = urllib.parse.urljoin(base + "folder/", html.unescape(back))
        assert urllib.parse.unquote(back, errors="surrogateescape") == f"{base}{name}.html"
    assert "a\\udcff" in path.read_text(encoding="utf-8")


def test_performances_with_a_video_are_compared(tmp_path):
    """One without, of a long video that shows none, has its page and no link."""
    performances = [full(name="a"), shown("b"), full(name="c")]
    path, *pages, comparison = write_pages(tmp_path / "report.html", performances, "tiny")
    links = [re.findall(r"compare\.html#\d", page.read_text()) for page in (path, *pages)]
    assert links == [["compare.html#0", "compare.html#1"], ["compare.html#0"], [], ["compare.html#1"]]
    assert comparison.name == "compare.html" and len(Elements(comparison.read_text()).of("video")) == 2
    assert write_comparison(path, performances[::2], "tiny") == [path] == [*tmp_path.iterdir()]


def test_a_comparison_holds_the_videos_of_the_first_performances_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(session_pages, "COMPARED", 2)
    path, *_, comparison = write_pages(tmp_path / "report.html", [full(name=name) for name in "abc"], "tiny")
    assert len(Elements(comparison.read_text()).of("video")) == 2
    assert re.findall(r"compare\.html#\d", path.read_text()) == ["compare.html#0", "compare.html#1"]


@pytest.mark.parametrize("count", [1, 2])
def test_other_files_are_never_replaced(count, tmp_path):
    for name in ("report_pages", "x.html"):
        (tmp_path / name).mkdir()
    for name in ("report_pages/thesis.html", "y_pages"):
        (tmp_path / name).write_text("mine")
    with refused("exists", "report_pages", "thesis.html"):
        write_pages(tmp_path / "report.html", pages_of(count), "tiny")
    for page, named in (("x.html", "x.html"), ("y.html", "y_pages")):
        with refused("exists", named):
            check_pages(tmp_path / page)
    assert (tmp_path / "report_pages/thesis.html").read_text() == "mine"


def test_a_session_that_cannot_be_written_leaves_the_earlier_one(tmp_path):
    write_pages(tmp_path / "s.html", pages_of(2), "tiny")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.html")}
    broken = dataclasses.replace(shown("broken"), stages=[{"name": "no such stage"}])
    with pytest.raises(TypeError):
        write_pages(tmp_path / "s.html", [*pages_of(2), broken], "tiny")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.html")} == before
