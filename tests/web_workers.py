"""What a `Worker` of the web page runs in place of a model; each file says by its content what happens to it."""

import functools
import os
import pathlib
import time

from scoringnet_tf.serve.worker import Pages
from scoringnet_tf.support.messages import InputError, Remark


def page_of_content(videos, title, folder):
    """A page with names and options, or what the content of a file says: slow, crash, broken."""
    content = videos[0][0].read_bytes()
    if content == b"slow":
        time.sleep(60)
    if content == b"crash":
        os._exit(1)
    if content == b"broken":
        return Remark("unreadable", "The file is no video.")
    shown = "; ".join(f"{name}, {options}" for _, name, options in videos)
    (folder / "page.html").write_text(f"<title>{shown}</title>", encoding="utf-8")
    return Pages(["page.html"], "flight time 1.70 s.")


def contents():
    """A `Make` of `page_of_content`."""
    return page_of_content


def waiting_for(gate: str):
    """A `Make` that waits until there is a file `gate`."""
    return functools.partial(_waited, pathlib.Path(gate))


def _waited(gate, *task):
    while not gate.exists():
        time.sleep(0.01)
    return page_of_content(*task)


def crashing():
    """Ends the process while it prepares."""
    os._exit(1)


def without_a_model():
    """Fails to prepare."""
    raise InputError("not_found", "There is no such model.")
