"""The server of the web page under load: many videos at once, large ones, endless ones, broken ones."""

import concurrent.futures
import contextlib
import itertools
import json
import pathlib
import re
import time

import httpx2
import pytest
from conftest import write_bars
from refusals import code_printed
from test_commands import started
from web_client import settled, upload
from web_server import web_server

CLIP = (pathlib.Path(__file__).parents[1] / "clips/diving.mp4").read_bytes()
LARGE = 10**7  # bytes
QUEUE = 20
GROWTH = 5 * LARGE  # bytes that the server may need above what it has at rest, of 20 times as many that it receives


def peak(process):
    """The most memory that a process has had, bytes."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def sent(client, token, content):
    """What is told of a video in the end, whose bytes were sent as long as they were taken."""
    with contextlib.suppress(httpx2.TransportError):  # the server closed the connection within an endless one
        client.put(f"/videos/{token}", content=content)
    while (told := client.get(f"/videos/{token}").json())["state"] not in ("done", "failed"):
        time.sleep(0.2)
    return told


@pytest.mark.slow
def test_it_ends_in_one_line_whatever_it_is_doing(tmp_path):
    """Killed in the middle of its work, the process that scores leaves nothing that Python warns of."""
    with web_server(tmp_path) as (url, process), httpx2.Client(base_url=url, timeout=60) as client:
        write_bars(tmp_path / "long.avi", 6000)  # what takes many seconds
        token = client.post("/videos").json()["token"]
        client.put(f"/videos/{token}", content=(tmp_path / "long.avi").read_bytes())
        while (state := client.get(f"/videos/{token}").json()["state"]) not in ("working", "done", "failed"):
            time.sleep(0.1)
        time.sleep(1.0)
        assert state == client.get(f"/videos/{token}").json()["state"] == "working"
    assert (tmp_path / "log").read_text() == "serve: stopped by SIGTERM.\n"
    assert process.returncode == 143


@pytest.mark.slow
def test_twenty_videos_at_once_none_is_lost_and_memory_is_bounded(tmp_path):
    with (
        web_server(tmp_path, f"--queue={QUEUE}", "--megabytes=11") as (url, process),
        httpx2.Client(base_url=url, timeout=300) as client,
        concurrent.futures.ThreadPoolExecutor(QUEUE) as pool,
    ):

        def place():
            return client.post("/videos").json()["token"]

        padding = LARGE - len(CLIP)  # a box of an MP4 that shows nothing
        content = CLIP + padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
        before, tokens = peak(process), [place() for _ in range(QUEUE)]
        refused = client.post("/videos")
        assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
        told = [*pool.map(lambda token: sent(client, token, content), tokens)]
        assert {one["state"] for one in told} == {"done"}
        assert all("<video" in client.get(f"/{one['page']}").text for one in told)
        assert peak(process) - before < GROWTH

        assert sent(client, place(), itertools.repeat(bytes(64 * 1024)))["code"] == "too_large"
        assert sent(client, place(), CLIP[: len(CLIP) // 2])["code"] == "unreadable"
        assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".html"] == [tmp_path / "log"]
    assert process.returncode == 143 and "Traceback" not in (tmp_path / "log").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


@pytest.mark.parametrize(
    ("flags", "code"), [(["--host=0.0.0.0"], "missing_flag"), (["--password_file=FILE"], "wrong_value")]
)
def test_others_reach_it_by_a_password_alone(flags, code, tmp_path):
    """Which is no text in another encoding."""
    (tmp_path / "password").write_bytes("sésame".encode("latin-1"))
    words = [flag.replace("FILE", str(tmp_path / "password")) for flag in flags]
    assert code_printed(started("scoringnet_tf.serve", "--model=diving_small", "--port=0", *words).stderr) == code


@pytest.mark.slow
def test_a_killed_service_has_lost_nothing_once_it_is_restarted(tmp_path):
    """Two videos were uploaded, one is in work. A second service may not use the folder beside it."""
    keep = f"--keep={tmp_path / 'kept'}"
    with web_server(tmp_path, keep) as (url, process), httpx2.Client(base_url=url, timeout=60) as client:
        tokens = [upload(client, CLIP, name=name) for name in ("a.mp4", "b.mp4")]
        settled(client, tokens[0], ["working"])
        assert code_printed(started("scoringnet_tf.serve", keep, "--port=0").stderr) == "busy"
        process.kill()
    with web_server(tmp_path, keep) as (url, _), httpx2.Client(base_url=url, timeout=60) as client:
        pages = [settled(client, token)["page"] for token in tokens]
        assert all("<video" in client.get(f"/{page}").text for page in pages)
        results = [json.loads((tmp_path / "kept" / token / "result.json").read_text()) for token in tokens]
        assert [one["video"] for one in results] == ["a.mp4", "b.mp4"] and all(one["performances"] for one in results)
        token = client.post("/comparisons", params={"tokens": tokens}).json()["token"]
        page = client.get(f"/{settled(client, token)['page']}").text
        assert page.count("<video") == 2 and "<h1>a.mp4 | b.mp4</h1>" in page
