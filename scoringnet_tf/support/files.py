"""Files and folders, written so that nothing half-written looks whole; JSON and CSV that anyone may have damaged.

Write beside, then rename. Of records in an object store there are local copies.
"""

import atexit
import contextlib
import csv
import functools
import hashlib
import itertools
import json
import math
import pathlib
import re
import shutil
import tempfile
import threading
import uuid
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two processes out of one folder
    fcntl = None  # type: ignore[assignment]

from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, RecordsPath, RemotePath, as_path

LOCK = "lock"
TIMECODE = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)", re.ASCII)


@contextlib.contextmanager
def replacing_file(path: AnyPath) -> Iterator[pathlib.Path]:
    """Yields a temporary local path, which replaces `path` if the block ends without an error."""
    path = as_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # All suffixes stay: libraries choose formats by them. Threads, and machines, may write the same file.
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: AnyPath) -> Iterator[pathlib.Path]:
    """The same for a folder; an older folder at `path` is moved aside, and deleted once the new one is in place."""
    path = as_path(path)
    path = path.resolve() if path.is_symlink() else path  # the folder is replaced where it lies, and the link stays
    path.parent.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex[:8]  # processes of two containers may have one number
    temporary, old = (path.with_name(f".{path.name}.{token}.{kind}") for kind in ("new", "old"))
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            path.replace(old)
        try:
            temporary.replace(path)
        except OSError:
            if old.exists():
                old.replace(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def new_folder(path: AnyPath) -> Iterator[pathlib.Path]:
    """`replacing_folder` for a new `path`; InputError if it exists, before or after the block."""
    _check_new(path)
    with replacing_folder(path) as temporary:
        yield temporary
        _check_new(path)


def _check_new(path: AnyPath) -> None:
    if as_path(path).exists():
        raise InputError("exists", f"{path} exists already.", "Choose another folder.")


def tidy_up_beside(path: AnyPath) -> None:
    """Deletes what killed processes left by `replacing_folder`; an older folder goes back if nothing is at `path`."""
    path = as_path(path)
    if not path.parent.is_dir():
        return
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.(new|old)")
    for left in [left for left in path.parent.iterdir() if name.fullmatch(left.name)]:
        if left.suffix == ".old" and not path.exists():
            left.replace(path)
        else:
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def local_file(path: AnyPath) -> Iterator[pathlib.Path]:
    """Yields a local file with the content at `path`, for libraries that know no other: `path` itself or a copy."""
    if not isinstance(path, RemotePath):
        yield as_path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, path.name)
        path.download(copy)
        yield copy


def file_sha256(path: AnyPath) -> str:
    """A file's hash, hexadecimal."""
    with local_file(path) as local:
        return hashlib.sha256(local.read_bytes()).hexdigest()


def cached_file(path: RecordsPath, version: str, num_bytes: int) -> pathlib.Path:
    """A local file with the content at `path`, until the process ends: `path` itself, or a whole copy in `TMPDIR`.

    Each version, e.g. a hash, is copied once; InputError if it has not `num_bytes`.
    """
    if not isinstance(path, RemotePath):
        return path
    copy = _cache() / version / path.name
    if not copy.is_file():
        with replacing_file(copy) as temporary:
            path.download(temporary, num_bytes)
    return copy


@functools.cache
def _cache() -> pathlib.Path:
    folder = tempfile.mkdtemp(prefix="scoringnet-tf-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


def locked(folder: pathlib.Path, refusal: str) -> TextIO:
    """A file in a local folder that one process at a time holds, until it closes it or dies.

    InputError with the `refusal` if another one holds it; not in a file system without locks.
    """
    file = (folder / LOCK).open("a")
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise InputError("busy", refusal) from error
    except OSError:  # no locks there
        pass
    return file


class Spooled(Sequence[bytes]):
    """Byte strings that lie on disk, not in memory, in a temporary file that goes when this does. Threads share it."""

    def __init__(self, items: Iterable[bytes]) -> None:
        self._file, self._reading = tempfile.TemporaryFile(), threading.Lock()  # noqa: SIM115 closed when this goes
        weakref.finalize(self, self._file.close)
        self._ends = [0, *itertools.accumulate(map(self._file.write, items))]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: Any) -> Any:
        number = range(len(self))[index]
        with self._reading:
            self._file.seek(self._ends[number])
            return self._file.read(self._ends[number + 1] - self._ends[number])


# === Small files of text; an error names the file ===


def read_json(path: RecordsPath) -> dict:
    """The JSON object in a file; InputError if it holds none, OSError if it cannot be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # of bytes that are no UTF-8, too
        raise InputError("damaged_json", f"{path} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise InputError("wrong_format", f"{path} holds a JSON {type(value).__name__}, not an object.")
    return value


def read_csv(path: AnyPath) -> list[tuple[int, list[str]]]:
    """(its last line's number, cells) for every row in a CSV file but blank ones; InputError, OSError as above."""
    try:
        with as_path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader if cells]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("damaged_csv", f"{path} is not CSV in UTF-8: {error}.") from error


def write_csv(path: AnyPath, rows: Iterable[Iterable[Any]]) -> None:
    """Writes rows, the header first, as CSV in UTF-8; None becomes an empty cell."""
    with replacing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def write_json(path: AnyPath, value: object) -> None:
    """Writes `value` as indented JSON; NaN becomes null, and names that are no UTF-8 stand as JSON escapes them."""
    write_text(path, json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def write_text(path: AnyPath, text: str) -> None:
    """Writes text in UTF-8; bytes that are no text stand as escapes."""
    with replacing_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def plain(value: Any) -> Any:
    """The same without what JSON has no word for: NaN and infinity become null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def real_number(text: str) -> float:
    """The number in a text; ValueError for anything else, such as 1_000, which only Python reads."""
    if "_" in text or not text.isascii():
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def whole_number(text: str) -> int:
    """The integer in a text; ValueError likewise."""
    real_number(text)
    return int(text)


def seconds_of(text: str) -> float:
    """The seconds in a timecode (hh:mm:ss.fff or mm:ss) or a number; ValueError for anything else."""
    timecode = TIMECODE.fullmatch(text)
    if timecode is None:
        return real_number(text)
    hours, minutes, seconds = timecode.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds.replace(",", "."))
