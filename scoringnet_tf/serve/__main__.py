r"""Serves a web page that takes videos and shows their reports.

    python -m scoringnet_tf.serve [--model=MODEL] [--host=HOST] [--port=8000]

Open the address that it prints, and choose videos. One is scored after the other, in a process of its own; a video is
deleted as soon as it is scored, its page some minutes later (--keep_seconds). It needs the extra `web`. Whoever reaches
the port can upload: for more than your own machine put a server with TLS and a password before it. Ends by Ctrl+C.
"""

import dataclasses
import functools
import pathlib
import socket
import sys
import tempfile
from typing import Any

from absl import flags

from scoringnet_tf.data.features import check_sees_frames
from scoringnet_tf.serve.jobs import Limits, Queue
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import DEFAULT_HELP, configuration, default_model, model_path

STOP_SECONDS = 3  # for requests that are answered when the server is stopped

flags.DEFINE_string("model", None, f"Model: a .keras file or its folder. {DEFAULT_HELP}")
flags.DEFINE_string("host", "127.0.0.1", "Listening address; 0.0.0.0 for every network.")
flags.DEFINE_integer("port", 8000, "Listening port; 0 for a free one.", 0, 65535)
flags.DEFINE_integer("queue", Limits.queue, "Most videos uploading, waiting and being scored at once.", 1)
flags.DEFINE_float("megabytes", Limits.megabytes, "Largest video, in MB.", 0.001)
flags.DEFINE_float("video_seconds", Limits.video_seconds, "Longest video, in seconds.", 0.1)
flags.DEFINE_float("upload_seconds", Limits.upload_seconds, "Longest upload, in seconds.", 0.1)
flags.DEFINE_float("work_seconds", Limits.work_seconds, "Longest scoring time for a video, in seconds.", 0.1)
flags.DEFINE_float("keep_seconds", Limits.keep_seconds, "Lifetime of a page, in seconds.", 1.0)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        message = f"--host={host} --port={port} cannot be listened at: {error.strerror}."
        raise InputError("busy", message, "Choose another --port, or an address of this machine.") from error


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    try:
        import uvicorn

        from scoringnet_tf.serve.app import create_app
    except ImportError as error:
        hint = "Install them with pip install '.[web]'."
        raise InputError("missing_package", f"This command needs more packages: {error}.", hint) from error
    from scoringnet_tf.serve.worker import Worker, page_maker

    values: Any = flags.FLAGS
    model = default_model() if values.model is None else values.model
    check_sees_frames(configuration(model_path(model), "model")["content"]["features"], model)
    limits = Limits(**{field.name: values[field.name].value for field in dataclasses.fields(Limits)})
    with (
        _listening(values.host, values.port) as listening,
        tempfile.TemporaryDirectory(prefix="scoringnet_") as folder,
        Worker(functools.partial(page_maker, model, limits.video_seconds)) as worker,
    ):
        queue = Queue(worker, pathlib.Path(folder), limits)
        host, port = listening.getsockname()[:2]
        greeting = f"Open http://[{host}]:{port}" if ":" in host else f"Open http://{host}:{port}"
        app = create_app(queue, model, values.host, greeting, worker.stop)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=STOP_SECONDS)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
