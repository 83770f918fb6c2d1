"""The web page that takes videos: its limits, its queue, what it says, and that it keeps nothing."""

import asyncio
import pathlib
import re
import resource
import socket
import sys
import types

import pytest
import web_workers
from refusals import refused
from web_client import code_of, settled, upload

from scoringnet_tf.serve.jobs import WORKING, Limits, Queue
from scoringnet_tf.serve.worker import Pages, Worker, page_maker
from scoringnet_tf.support.messages import Remark

pytest_plugins = ["web_fixtures"]
MEGABYTE = 10**6
CLIP = pathlib.Path(__file__).parents[1] / "clips/diving.mp4"


def test_a_video_gets_a_page_or_words_and_is_deleted(serve, folder, capsys):
    client = serve()
    told = settled(client, upload(client, b"broken"))
    assert (told["state"], told["code"]) == ("failed", "unreadable") and "page" not in told
    assert [*folder.iterdir()] == []
    told = settled(client, token := upload(client, b"frames", speed=2))
    assert (told["state"], told["page"]) == ("done", f"videos/{token}/page.html")
    assert told["message"] == "flight time 1.70 s."
    page = client.get(f"/{told['page']}")
    assert page.text == "<title>dive.mp4, {'speed': 2.0}</title>"
    assert page.headers["content-type"].startswith("text/html")
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["page.html"]
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_no_page_may_run_or_ask_for_anything_of_another_origin(serve):
    client = serve()
    start, page = client.get("/"), client.get(f"/{settled(client, upload(client, b'frames'))['page']}")
    policies = [each.headers["content-security-policy"] for each in (start, page)]
    assert all("default-src 'none'" in policy and "frame-ancestors 'none'" in policy for policy in policies)
    (nonce,) = re.findall('<script nonce="(.*?)">', start.text)
    assert f"script-src 'nonce-{nonce}'" in policies[0] and nonce not in client.get("/").text
    assert "sandbox allow-scripts allow-downloads;" in policies[1]
    assert {each.headers["referrer-policy"] for each in (start, page)} == {"no-referrer"}


def test_only_pages_are_given_out(serve, folder):
    client = serve()
    settled(client, token := upload(client, b"frames"))
    (folder / token / "other.html").touch()
    inside = [f"{token}/{name}" for name in ("other.html", "video", f"%2e%2e/{token}/page.html")]
    for path in (*inside, "unknown/page.html", "unknown"):
        assert code_of(client.get(f"/videos/{path}"), 404) == "not_found"


# === Limits ===


def test_a_full_queue_refuses_in_words_and_loses_nothing(serve, gate):
    gate.unlink()
    client = serve(queue=20)
    tokens = [upload(client, b"frames") for _ in range(19)]
    assert code_of(client.put(f"/videos/{tokens[0]}", content=b"frames"), 409) == "exists"  # it is sent once
    tokens.append(client.post("/videos").json()["token"])  # a place is one before its video is there
    response = client.post("/videos")
    assert code_of(response, 503) == "queue_full"
    assert "20 videos" in response.json()["message"] and " 10 s" in response.json()["message"]
    assert " 18 videos " in client.get(f"/videos/{tokens[18]}").json()["message"]
    client.put(f"/videos/{tokens[19]}", content=b"frames")
    gate.touch()
    assert {settled(client, token)["state"] for token in tokens} == {"done"}
    assert client.post("/videos").status_code == 200


def test_a_video_that_is_too_large_is_refused_before_or_while_it_comes(serve, folder):
    client = serve(megabytes=1)
    assert code_of(client.post("/videos", params={"size": MEGABYTE + 1}), 413) == "too_large"
    token = client.post("/videos", params={"size": MEGABYTE}).json()["token"]
    response = client.put(f"/videos/{token}", content=bytes(MEGABYTE + 1))
    assert code_of(response, 413) == "too_large" and response.headers["connection"] == "close"
    assert client.get(f"/videos/{token}").json()["code"] == "too_large"
    assert [*folder.iterdir()] == []


def test_what_is_no_speed_or_size_is_refused_and_takes_no_place(serve):
    client = serve(queue=1)
    for given, code in (
        *(
            ({"speed": 0}, "out_of_range"),
            ({"speed": "high"}, "wrong_value"),
            ({"size": ""}, "wrong_value"),
        ),
        *(({"size": 0}, "empty_file"), ({"size": -1}, "empty_file")),
    ):
        assert code_of(client.post("/videos", params=given), 400) == code
    assert client.post("/videos").status_code == 200


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, {"Sec-Fetch-Site": "cross-site"}),
        (200, {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}),
        (403, {"Origin": "http://elsewhere.example"}),
        (403, {"Origin": "null"}),
        (403, {"Origin": "http://["}),
        (200, {"Origin": "http://here.example:8000", "Host": "here.example:8000"}),
    ],
)
def test_pages_of_others_send_no_videos(status, headers, serve):
    assert serve().post("/videos", headers=headers).status_code == status


@pytest.mark.parametrize(
    "host", ["localhost:8000", "127.0.0.1:80", "[::1]:8000", "Here.Example:8000", socket.gethostname()]
)
def test_it_answers_by_addresses_and_its_own_names(host, serve):
    assert serve().get("/", headers={"Host": host}).status_code == 200


def test_a_name_that_was_made_to_lead_here_reaches_nothing(serve, folder):
    """Its page has the origin of the server in the eyes of the browser."""
    client = serve()
    token = client.post("/videos").json()["token"]
    foreign = {"Host": "elsewhere.example:8000", "Origin": "http://elsewhere.example:8000"}
    for method, path in (("GET", "/"), ("POST", "/videos"), ("PUT", f"/videos/{token}"), ("GET", f"/videos/{token}")):
        assert code_of(client.request(method, path, headers=foreign), 421) == "unknown_host"
    for malformed in ("e{vil.example:8000", "[", "127.0.0.1:99999@elsewhere.example"):
        assert code_of(client.get("/", headers={"Host": malformed}), 421) == "unknown_host"
    assert [*folder.iterdir()] == []


def test_a_video_that_the_disk_has_no_room_for_is_refused(serve, folder):
    client, limits = serve(), resource.getrlimit(resource.RLIMIT_FSIZE)
    token = client.post("/videos").json()["token"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, limits[1]))
    try:
        response = client.put(f"/videos/{token}", content=bytes(2 * MEGABYTE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code_of(response, 507) == client.get(f"/videos/{token}").json()["code"] == "not_writable"
    assert [*folder.iterdir()] == []


def test_a_log_that_is_closed_stops_no_queue(serve, monkeypatch):
    def closed(*_):
        raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", types.SimpleNamespace(write=closed, flush=closed))
    client = serve()
    assert [settled(client, upload(client, b"frames"))["state"] for _ in range(2)] == ["done", "done"]


def test_an_upload_that_never_ends_loses_its_place(serve, folder):
    client = serve(queue=1, upload_seconds=0.1)
    token = client.post("/videos").json()["token"]
    assert settled(client, token)["code"] == "upload_timeout"
    assert code_of(client.put(f"/videos/{token}", content=b"frames"), 409) == "exists"
    assert [*folder.iterdir()] == []
    token = client.post("/videos").json()["token"]
    assert code_of(client.put(f"/videos/{token}", content=b""), 400) == "empty_file"


def test_an_upload_that_begins_late_has_what_is_left_of_its_time(folder):
    async def endless():
        while True:
            came.append(b"frame")
            yield came[-1]
            await asyncio.sleep(0.01)

    async def sent():
        queue = Queue(None, folder, Limits(upload_seconds=1.0))
        job = queue.reserve()
        job.since -= 5
        with refused("upload_timeout"):
            await queue.receive(job, endless())

    came = []
    asyncio.run(sent())
    assert len(came) <= 1 and [*folder.iterdir()] == []


def test_a_place_takes_as_long_as_the_work_has_taken_by_now(folder):
    async def told():
        queue = Queue(None, folder, Limits())
        job = queue.reserve()
        job.state, before = WORKING, queue.seconds_to_a_place
        job.since -= 40
        return before, queue.seconds_to_a_place

    assert asyncio.run(told()) == (10, 40)


def test_a_page_is_kept_for_a_while(serve, folder):
    client = serve(keep_seconds=0.2)
    token = upload(client, b"frames")
    settled(client, token, states=[None])
    assert code_of(client.get(f"/videos/{token}/page.html"), 404) == "not_found"
    assert [*folder.iterdir()] == []


# === The process ===


def test_whatever_a_video_does_to_the_process_the_next_one_is_scored(tmp_path):
    video = tmp_path / "video"

    def made(worker, content):
        video.write_bytes(content)
        result = worker(20.0 if content != b"slow" else 0.1, [(video, "dive.mp4", {})], "dive.mp4", tmp_path)
        return result.code if isinstance(result, Remark) else result.names

    with Worker(web_workers.contents) as worker:
        found = [made(worker, content) for content in (b"", b"crash", b"", b"slow", b"broken", b"")]
    assert found == [["page.html"], "worker_ended", ["page.html"], "work_timeout", "unreadable", ["page.html"]]


def test_what_is_scored_is_the_video_and_no_longer_than_is_allowed(stage_model, tmp_path):
    make = page_maker(str(stage_model), 60.0)
    (tmp_path / "broken").write_bytes(b"no video")
    scored, refused_speed = (make([(CLIP, "", options)], "dive.mp4", tmp_path) for options in ({}, {"speed": 0.0}))
    assert isinstance(scored, Pages) and "<title>dive.mp4</title>" in (tmp_path / scored.names[0]).read_text()
    broken = make([(tmp_path / "broken", "", {})], "dive.mp4", tmp_path)
    assert (refused_speed.code, broken.code) == ("out_of_range", "unreadable") and str(tmp_path) not in broken
    assert page_maker(str(stage_model), 0.5)([(CLIP, "", {})], "dive.mp4", tmp_path).code == "too_long"


@pytest.mark.parametrize(
    ("prepare", "code"), [(web_workers.without_a_model, "not_found"), (web_workers.crashing, "worker_ended")]
)
def test_a_model_that_cannot_be_loaded_is_told_at_the_start(prepare, code):
    with refused(code), Worker(prepare):
        pass
