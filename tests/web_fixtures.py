"""The web page before a worker that looks at the content of a file alone: fixtures for `pytest_plugins`."""

import pytest
import web_workers
from fastapi.testclient import TestClient

from scoringnet_tf.serve.app import create_app
from scoringnet_tf.serve.jobs import Limits, Queue
from scoringnet_tf.sports import get_sport


@pytest.fixture
def gate(tmp_path):
    """While it is shut no video is worked on."""
    (tmp_path / "gate").touch()
    return tmp_path / "gate"


@pytest.fixture
def folder(tmp_path):
    """Where videos and pages lie."""
    (tmp_path / "videos").mkdir()
    return tmp_path / "videos"


@pytest.fixture
def serve(folder, gate):
    """A function of limits → a client; what the worker would do is done in a thread. An earlier server is stopped."""
    clients = []

    def stop():
        while clients:
            clients.pop().__exit__(None, None, None)

    def started(keeps=False, password=None, **limits):
        stop()
        work = web_workers.waiting_for(str(gate))
        queue = Queue(lambda _, *task: work(*task), folder, Limits(**limits), get_sport("diving") if keeps else None)
        app = create_app(queue, "diving_small", "here.example", "Open it.", password=password)
        clients.append(TestClient(app, "http://here.example").__enter__())
        return clients[-1]

    yield started
    gate.touch()
    stop()
