"""What the web page keeps: listed, compared, corrected, deleted, and whole whatever happens; and its password."""

import errno
import hashlib
import json

import pytest
from web_client import code_of, settled, upload

from scoringnet_tf.serve import kept
from scoringnet_tf.sports import get_sport

pytest_plugins = ["web_fixtures"]
ORIGIN = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}  # of a page of a video, which is in a sandbox


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def names(client):
    return [one["name"] for one in client.get("/videos").json()]


def test_a_video_and_its_page_stay_over_a_restart_until_they_are_deleted(serve, folder):
    client = serve(keeps=True)
    tokens = [upload(client, b"frames", name=name, speed=2) for name in ("a.mp4", "notes")]
    told = [settled(client, token) for token in tokens]
    client = serve(keeps=True)
    assert client.get("/videos").json() == told
    assert client.get(f"/{told[0]['page']}").text == "<title>a.mp4, {'speed': 2.0}</title>"
    assert {path.name for path in (folder / tokens[0]).iterdir()} == {"a.mp4", "page.html", kept.ENTRY}
    assert client.delete(f"/videos/{tokens[0]}").json() == {} and names(client) == ["notes"]
    assert code_of(client.delete(f"/videos/{tokens[0]}"), 404) == "not_found"
    assert [path.name for path in folder.iterdir()] == [tokens[1]]
    assert code_of(serve().get("/videos"), 404) == "not_found"  # where nothing is kept nothing is listed


@pytest.mark.parametrize(
    ("given", "shown", "file"),
    [
        ("../../etc/passwd", "passwd", "video"),
        ("C:\\a\\dive.mp4", "dive.mp4", "dive.mp4"),
        ("a\x1b[31m\n.mp4", "a[31m.mp4", "a[31m.mp4"),
        ("", "your video", "video"),
        (".mp4", ".mp4", "video"),
        ("entry.json", "entry.json", "video"),
        ("<b>5,1 🤸.MP4", "<b>5,1 🤸.MP4", "<b>5,1 🤸.MP4"),
        ("🤸" * 90 + ".mp4", "🤸" * 90 + ".mp4", "video"),
        ("x" * 9000 + ".mp4", "x" * 100, "video"),
    ],
)
def test_the_name_of_a_file_is_shown_and_is_no_path(given, shown, file, serve, folder):
    client = serve(keeps=True)
    token = upload(client, b"frames", name=given)
    settled(client, token)
    assert names(client) == [shown] and [path.name for path in folder.iterdir()] == [token]
    assert (folder / token / file).read_bytes() == b"frames"


def test_what_failed_stays_with_its_reason(serve, folder):
    client = serve(keeps=True)
    told = settled(client, upload(client, b"broken"))
    assert serve(keeps=True).get("/videos").json() == [told] and told["code"] == "unreadable"
    assert (folder / told["token"] / "dive.mp4").read_bytes() == b"broken"


def test_two_that_are_ticked_are_compared(serve, gate):
    client = serve(keeps=True)
    first, second, broken = (upload(client, content) for content in (b"frames", b"frames", b"broken"))
    for token in (first, second, broken):
        settled(client, token)
    gate.unlink()
    token = client.post("/comparisons", params={"tokens": [second, first]}).json()["token"]
    assert settled(client, token, ["working"])["is_comparison"]
    assert code_of(client.delete(f"/videos/{token}"), 409) == "busy"
    gate.touch()
    page = client.get(f"/{settled(client, token)['page']}").text
    assert page == "<title>dive.mp4, {'speed': 1.0}; dive.mp4, {'speed': 1.0}</title>"
    for tokens in ([first], [first, first], [first, broken], [first, token], [first, second, second]):
        assert code_of(client.post("/comparisons", params={"tokens": tokens}), 400) == "wrong_value"
    assert code_of(client.post("/comparisons", params={"tokens": [first, "unknown"]}), 404) == "not_found"
    assert len(names(serve(keeps=True))) == 4


def test_a_comparison_of_a_video_that_was_deleted_meanwhile_is_none(serve, gate):
    client = serve(keeps=True)
    first, second = (upload(client, b"frames") for _ in range(2))
    for token in (first, second):
        settled(client, token)
    gate.unlink()
    settled(client, upload(client, b"frames"), ["working"])
    token = client.post("/comparisons", params={"tokens": [first, second]}).json()["token"]
    client.delete(f"/videos/{second}")
    gate.touch()
    assert settled(client, token)["code"] == "not_found"


def test_what_a_killed_service_left_is_worked_on_or_deleted(serve, gate, folder, monkeypatch):
    """A full disk at the end of the work is the same: no page is known of. What others have there is left alone."""
    client = serve(keeps=True)
    with monkeypatch.context() as patch:
        gate.unlink()
        token = upload(client, b"frames")
        patch.setattr(kept, "write_json", full)
        gate.touch()
        settled(client, token)
    assert json.loads((folder / token / kept.ENTRY).read_text())["pages"] == []
    half, others, damaged = (folder / name for name in ("x" * 22 + ".part", "my dives", "y" * 22))
    for path in (half, others, damaged):
        path.mkdir()
        (path / kept.ENTRY).write_text("{")
    client = serve(keeps=True)
    assert settled(client, token)["state"] == "done" and names(client) == ["dive.mp4"]
    assert {*folder.iterdir()} == {folder / token, others, damaged}


NOTE = '"<b>a, ""🤸""\n</b>"'
COLUMNS = "video,sha256,performance,what,model,corrected,date"


def table(*rows):
    return "\r\n".join([COLUMNS, *rows, ""]).encode()


def row(performance, what, corrected, day, content=b"frames"):
    return f"a.mp4,{hashlib.sha256(content).hexdigest()},{performance},{what},,{corrected},2026-12-{day:02d}"


def frames(performance, end, day, content=b"frames"):
    """The rows of a performance whose last stage ends at a frame."""
    starts = [f"start of {stage}" for stage in get_sport("diving").stages[1:]]
    return [row(performance, what, at, day, content) for what, at in zip((*starts, "end"), (0, 2, 4, end), strict=True)]


def test_corrections_are_saved_beside_the_video_and_nobody_overwrites_what_they_have_not_seen(serve, folder):
    """Each page of a video saves the rows of its own performance."""
    client = serve(keeps=True)
    settled(client, token := upload(client, b"frames"))
    path, file = f"/videos/{token}/corrections.csv", folder / token / kept.CORRECTIONS
    assert code_of(client.get(path, headers=ORIGIN), 404) == "not_found"
    (folder / token / kept.RESULT).write_text('{"num_frames": 9, "performances": [{}, {}]}')
    first, second, later = (*frames(1, 9, 1), row(1, "note", NOTE, 1)), frames(2, 9, 1), frames(1, 8, 2)
    for one in (first, second):
        assert client.post(path, content=table(*one), headers=ORIGIN).headers["access-control-allow-origin"] == "null"
    assert client.get(path).content == file.read_bytes() == table(*first, *second)
    for seen in ("", "2026-11-30"):
        response = client.post(path, params={"seen": seen}, content=table(*later), headers=ORIGIN)
        assert code_of(response, 409) == "changed" and response.headers["access-control-allow-origin"] == "null"
    inside = path.replace("corrections", "page_pages/corrections")
    assert client.post(inside, params={"seen": "2026-12-01"}, content=table(*later), headers=ORIGIN).status_code == 200
    assert client.get(inside).content == table(*second, *later)
    for content, code, status in (
        (bytes(10**6 + 1), "too_large", 413),
        (b"\xff", "wrong_encoding", 400),
        (b"a,b\n1,2\n", "missing_column", 400),
        (table("a.mp4,1"), "malformed_rows", 400),
        (table(row(1, "end", "high", 3)), "malformed_rows", 400),
        (table(row(1, "end", 8, 3)), "missing_rows", 400),
        (table(*frames(1, 2, 3)), "not_in_order", 400),
        (table(*frames(1, 8, 3, b"others")), "other_video", 400),
        (table(*frames(1, 10, 3)), "out_of_range", 400),
        (table(*frames(3, 8, 3)), "out_of_range", 400),
    ):
        response = client.post(path, params={"seen": "2026-12-02"}, content=content, headers=ORIGIN)
        assert code_of(response, status) == code and str(folder) not in response.text
        assert ".corrections.csv" not in response.text
        assert code != "malformed_rows" or response.json()["message"].startswith("corrections.csv, row 2: ")
    foreign = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert code_of(client.post(path, content=table(*later), headers=foreign), 403) == "foreign_origin"
    assert client.get(path).content == table(*second, *later)
    gone = serve()
    settled(gone, token := upload(gone, b"frames"))
    assert code_of(gone.post(f"/videos/{token}/corrections.csv", content=table(*later)), 404) == "not_found"


def test_a_password_is_asked_for_everything_but_corrections_of_an_address_that_is_known(serve):
    client = serve(keeps=True, password="sesame")
    client.auth = ("coach", "sesame")
    settled(client, token := upload(client, b"frames"))
    for auth in (None, ("coach", "wrong"), ("sesame", ""), ("coach", "sésame")):
        client.auth = auth
        for method, path in (("GET", ""), ("GET", "videos"), ("POST", "videos"), ("POST", "comparisons?tokens=a")):
            response = client.request(method, f"/{path}")
            assert code_of(response, 401) == "wrong_password" and response.headers["www-authenticate"] == "Basic"
        for method, path in (("GET", token), ("DELETE", token), ("PUT", token), ("GET", f"{token}/page.html")):
            assert code_of(client.request(method, f"/videos/{path}"), 401) == "wrong_password"
        assert code_of(client.get(f"/videos/{token}/corrections.csv", headers=ORIGIN), 404) == "not_found"
    client.auth = ("anyone", "sesame")
    assert len(names(client)) == 1
