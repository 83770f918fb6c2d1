"""The server of the web page under load: many videos at once, large ones, endless ones, broken ones."""

import concurrent.futures
import contextlib
import pathlib
import re
import time

import httpx2
import pytest
from web_server import web_server

CLIP = (pathlib.Path(__file__).parents[1] / "clips/diving.mp4").read_bytes()
LARGE = 10**7  # bytes
QUEUE = 20
GROWTH = 5 * LARGE  # bytes that the server may need above what it has at rest, of 20 times as many that it receives


def padded(content, size):
    """An MP4 of this size that shows the same."""
    return content + (size - len(content)).to_bytes(4, "big") + b"free" + bytes(size - len(content) - 8)


def peak(process):
    """The most memory that a process has had, bytes."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def endless():
    while True:
        yield bytes(64 * 1024)


def settled(client, token):
    """The state of a video once it is done or has failed."""
    while (told := client.get(f"/videos/{token}").json())["state"] not in ("done", "failed"):
        time.sleep(0.2)
    return told


def uploaded(client, content):
    """The token of a video, which a place was reserved for, and whose bytes were sent as long as they were taken."""
    token = client.post("/videos").json()["token"]
    with contextlib.suppress(httpx2.TransportError):  # the server closed the connection within an endless one
        client.put(f"/videos/{token}", content=content)
    return token


@pytest.mark.slow
def test_twenty_videos_at_once_none_is_lost_and_memory_is_bounded(tmp_path):
    with (
        web_server(tmp_path, f"--queue={QUEUE}", "--megabytes=11") as (url, process),
        httpx2.Client(base_url=url, timeout=300) as client,
        concurrent.futures.ThreadPoolExecutor(QUEUE) as pool,
    ):
        before, content = peak(process), padded(CLIP, LARGE)
        tokens = [client.post("/videos").json()["token"] for _ in range(QUEUE)]
        refused = client.post("/videos")
        assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
        sent = [pool.submit(client.put, f"/videos/{token}", content=content) for token in tokens]
        assert {each.result().status_code for each in sent} == {200}
        told = [settled(client, token) for token in tokens]
        assert {one["state"] for one in told} == {"done"}
        assert all("<video" in client.get(f"/{one['page']}").text for one in told)
        assert peak(process) - before < GROWTH

        assert settled(client, uploaded(client, endless()))["code"] == "too_large"
        assert settled(client, uploaded(client, CLIP[: len(CLIP) // 2]))["code"] == "unreadable"
        assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".html"] == [tmp_path / "log"]
    assert process.returncode == 143 and "Traceback" not in (tmp_path / "log").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
