r"""Serves a web page that takes videos and shows their reports.

    scoringnet serve [--model=MODEL] [--port=8000] [--keep=FOLDER] [--host=HOST --password_file=FILE]

Open the address that it prints, and choose videos. One is scored after the other, in a process of its own; a video is
deleted as soon as it is scored, its page some minutes later (--keep_seconds). With --keep all stays in FOLDER, where
you can list, compare and delete it; a restarted service goes on with it. It needs the extra `web`.

Other machines reach it with --host and a password, which a browser asks for. A password travels unencrypted: put a
server with TLS before it. Ends by Ctrl+C.
"""

import contextlib
import dataclasses
import functools
import ipaddress
import pathlib
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from absl import flags

from scoringnet_tf.data.features import check_sees_video, finder_of
from scoringnet_tf.serve.jobs import Limits, Queue
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import locked
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import DEFAULT_HELP, configuration, default_model, model_path
from scoringnet_tf.support.paths import as_path

STOP_SECONDS = 3  # for requests that are answered when the server is stopped

flags.DEFINE_string("model", None, f"Model: a .keras file or its folder. {DEFAULT_HELP}")
flags.DEFINE_string("host", "127.0.0.1", "Listening address; 0.0.0.0 for every network.")
flags.DEFINE_string("keep", None, "Folder where videos, results and pages stay.")
flags.DEFINE_string("password_file", None, "File with the password for HTTP Basic authentication.")
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


def _password(file: str | None, address: str) -> str | None:
    """The password in a file; InputError without one if others reach the address."""
    if file is None:
        if not ipaddress.ip_address(address).is_loopback:
            message = f"Other machines reach this server at {address}."
            raise InputError("missing_flag", message, "Give it a password: --password_file=FILE.")
        return None
    password = pathlib.Path(file).read_text(encoding="utf-8", errors="replace").strip()
    if not password or not password.isascii():  # FastAPI reads no others
        raise InputError("wrong_value", f"--password_file={file} needs a password in ASCII letters.")
    return password


@contextlib.contextmanager
def _folder(keep: str | None) -> Iterator[pathlib.Path]:
    """The folder for videos and pages, which no other service uses: a temporary one unless they are kept."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="scoringnet_") as name:
            yield pathlib.Path(name)
        return
    path = as_path(keep, "keep").absolute()
    path.mkdir(parents=True, exist_ok=True)
    with locked(path, f"--keep={keep}: another service uses this folder."):
        yield path


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
    of_model = configuration(model_path(model), "model")
    check_sees_video(of_model["content"]["features"], model)
    limits = Limits(**{field.name: values[field.name].value for field in dataclasses.fields(Limits)})
    with _listening(values.host, values.port) as listening, _folder(values.keep) as folder:
        host, port = listening.getsockname()[:2]
        password, keeps = _password(values.password_file, host), values.keep is not None
        with Worker(functools.partial(page_maker, model, limits.video_seconds, keeps)) as worker:
            queue = Queue(worker, folder, limits, get_sport(finder_of(of_model)["sport"]) if keeps else None)
            greeting = f"Open http://[{host}]:{port}" if ":" in host else f"Open http://{host}:{port}"
            app = create_app(queue, model, values.host, greeting, worker.stop, password)
            config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=STOP_SECONDS)
            uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
