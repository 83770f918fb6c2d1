"""A folder in which videos arrive, such as a camera's: each is named once it is whole. No TensorFlow."""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from scoringnet_tf.data.video_files import VIDEO_SUFFIXES, videos_in
from scoringnet_tf.inference.inputs import Named

POLL = 0.5  # seconds between two looks at the folder
STILL = 2.0  # seconds without a change after which a video counts as whole
LONG = 60.0  # seconds of changes after which the user is told


class Arrivals:
    """The videos of a local folder, at any depth, without an end: those that are there, then those that arrive.

    A video is named once its size and time of change have stood still for `STILL` seconds, and again if they change.
    Files with the `suffixes` count, and folders of numbered images.
    """

    def __init__(self, folder: Path, suffixes: Sequence[str] = VIDEO_SUFFIXES) -> None:
        self._folder, self._suffixes = folder, suffixes
        self._named: dict[Path, tuple] = {}  # in which state
        self._changing: dict[Path, tuple[tuple, float, float]] = {}  # (state, seen since, changes seen since)

    def __iter__(self) -> Iterator[Named]:
        while True:
            for path in self.look(time.monotonic()):
                yield str(path), None
            time.sleep(POLL)

    def look(self, now: float) -> Iterator[Path]:
        """The videos, by name, that are whole at a time in seconds, and not named yet; OSError if the folder is gone.

        Scoring one may take minutes: each is looked at again before it is named.
        """
        whole = [(path, state) for path, state in self._states() if self._is_whole(path, state, now)]
        for path, state in whole:
            if state == _state(path):
                self._named[path] = state
                self._changing.pop(path)
                yield path

    def _is_whole(self, path: Path, state: tuple, now: float) -> bool:
        """Whether a video that is not named in this state has had it for long enough."""
        if state == self._named.get(path):
            return False
        before, since, begun = self._changing.get(path, (None, now, now))
        since = since if state == before else now
        if now - since < STILL and now - begun >= LONG:
            tqdm.write(f"predict: {path} does not stop changing. It is scored once it stands still.", sys.stderr)
            begun = math.inf
        self._changing[path] = state, since, begun
        return now - since >= STILL

    def _states(self) -> list[tuple[Path, tuple]]:
        """(path, state) of each video in the folder."""
        try:
            return [(path, _state(path)) for path in videos_in(self._folder, self._suffixes)]
        except FileNotFoundError:
            if self._folder.is_dir():  # what lay in it is gone: the next look shows what is left
                return []
            raise


def _state(path: Path) -> tuple:
    """Number, size and last change of the files of a video; nothing if they are gone."""
    try:
        files = [file.stat() for file in (path.iterdir() if path.is_dir() else [path])]
    except FileNotFoundError:
        return ()
    return len(files), sum(file.st_size for file in files), max((file.st_mtime_ns for file in files), default=0)
