"""What becomes of an address whose server is silent, slow, or has something else to say than the file."""

import http.server
import socket
import threading

import pytest
from command_forks import forked
from refusals import refused

from scoringnet_tf.inference.inputs import local_video
from scoringnet_tf.support import paths
from scoringnet_tf.support.model_files import check_model
from scoringnet_tf.support.paths import as_path, check_access

CONTENT = bytes(range(12))
SECONDS = 0.6


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the name that is asked for, HEAD and POST as GET; an event ends what would last for ever."""

    done: threading.Event

    def do_GET(self):
        *_, folder, file = self.path.split("/")
        name = folder if file.startswith((".access", "features.json")) else file.partition(".")[0]
        if name == "silent":
            self.done.wait()
        elif name.isdigit():
            self.send_error(int(name))
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            if self.command == "GET":
                self.send(name)

    do_HEAD = do_POST = do_GET

    def send(self, name):
        """`slow` never waits as long as the timeout, and takes longer in all; `stalled` and `cut` end halfway."""
        for byte in CONTENT[: 6 if name in ("stalled", "cut") else None]:
            self.wfile.write(bytes([byte]))
            if name == "slow":
                self.done.wait(SECONDS / 4)
        if name == "stalled":
            self.done.wait()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    """The address of the server."""
    done = threading.Event()
    handler = type("Of", (Handler,), {"done": done})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        done.set()
        found.shutdown()
        thread.join()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(paths.WAITING, "seconds", SECONDS)


def fetch(address):
    with local_video(address) as path:
        return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "code", "named"),
    [
        ("silent.mp4", "no_answer", f"{SECONDS:g} s"),
        ("stalled.mp4", "no_answer", "--timeout"),
        ("404.mp4", "not_found", "404"),
        ("500.mp4", "refused", "500"),
        ("cut.mp4", "unreachable", ""),
    ],
)
def test_an_address_that_is_not_fetched_is_named(server, impatient, name, code, named):
    with refused(code, f"{server}/{name}", named):
        fetch(f"{server}/{name}")


def test_what_comes_slowly_and_steadily_is_waited_for(server, impatient):
    assert fetch(f"{server}/slow.avi") == CONTENT


@pytest.mark.parametrize(("beside", "code"), [("403", None), ("500", "refused")])
def test_features_are_fetched_where_nobody_may_look_beside_them(server, impatient, beside, code):
    """As with a presigned address; but no answer is not taken for "there is none"."""
    if code is None:
        assert fetch(f"{server}/{beside}/whole.npy") == CONTENT
    else:
        with refused(code, f"{server}/{beside}/"):
            fetch(f"{server}/{beside}/whole.npy")


def test_nobody_at_all_is_unreachable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with refused("unreachable", address):
        fetch(f"{address}/v.mp4")
    with refused("unreachable", "--model", f"{address}/model.keras"):
        check_model(f"{address}/model.keras")


def test_models_and_records_are_waited_for_as_long(server, impatient):
    for writing in (False, True):
        with refused("no_answer", "--model_dir", f"{server}/silent"):
            check_access(f"{server}/silent", "model_dir", writing)
    with refused("not_found", f"{server}/404.keras"):
        check_model(f"{server}/404.keras")
    for ask in ("exists", "is_file", "is_dir"):
        assert getattr(as_path(f"{server}/404.keras"), ask)() is False
        with pytest.raises(Exception, match="500"):
            getattr(as_path(f"{server}/500.keras"), ask)()


def test_the_flag_reaches_whoever_fetches(server, stage_model):
    address = f"{server}/silent.mp4"
    result = forked("scoringnet_tf.predict", f"--model={stage_model}", "--timeout=0.3", address)
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert address in line and "0.3 s" in line
