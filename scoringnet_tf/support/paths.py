"""Paths on a local disk, and those of records, which may be in an object store; and whether they can be used.

`records_path` gives a `RemotePath` for an address, which is universal_pathlib's `UPath` on fsspec. What opens a scheme
(s3fs for s3:// …) is imported with its first path.
"""

import asyncio
import collections
import glob
import os
import pathlib
import re
import sys
import tempfile
import traceback
import types
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from fsspec.asyn import sync
from upath.extensions import ProxyUPath

from scoringnet_tf.support.messages import InputError, counted

# The schemes of the `io` extra: what opens each, and what that reads its settings from.
STORES = {
    "s3": ("s3fs", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL"),
    "gs": ("gcsfs", "GOOGLE_APPLICATION_CREDENTIALS, STORAGE_EMULATOR_HOST"),
}
ADDRESS = re.compile(r"[a-z][a-z0-9+.:-]+:/", re.IGNORECASE)
NOT_STORES = ("http", "https", "file", "local")  # which fsspec knows, too
WAITING = types.SimpleNamespace(seconds=60.0)  # for a store that does not answer: --timeout


class RemotePath(ProxyUPath):
    """A `UPath` that asks the store every time, and raises the store's errors.

    fsspec answers from listings that it keeps, and takes every error for "not there". If the network were lost, records
    would then pass for missing.
    """

    __slots__ = ()

    def exists(self, **_: object) -> bool:
        """Whether the store has a file or folder with this name."""
        return self._kind() is not None

    def is_file(self, **_: object) -> bool:
        """Whether the store has a file with this name."""
        return self._kind() == "file"

    def is_dir(self, **_: object) -> bool:
        """Whether the store has anything beneath this name."""
        return self._kind() == "directory"

    def iterdir(self) -> Iterator["RemotePath"]:
        """The files and folders beneath this name."""
        self.fs.invalidate_cache()
        names = (name.rstrip("/") for name in self.fs.ls(self.path, detail=False))
        return (self / name.rpartition("/")[2] for name in names if name != self.path)  # some list the folder, too

    def _kind(self) -> str | None:
        """`"file"`, `"directory"` or None."""
        self.fs.invalidate_cache()
        try:
            return self.asked("info", self.path)["type"]
        except FileNotFoundError:
            return None

    def asked(self, method: str, *arguments: str) -> Any:
        """What a file system's method returns; TimeoutError if the store does not answer within `WAITING`."""
        if not self.fs.async_impl:
            return getattr(self.fs, method)(*arguments)
        return sync(self.fs.loop, getattr(self.fs, f"_{method}"), *arguments, timeout=WAITING.seconds)

    def upload(self, local: str | os.PathLike) -> None:
        """Copies a local file to this one."""
        self.fs.put_file(str(local), self.path)

    def download(self, local: str | os.PathLike, num_bytes: int | None = None) -> None:
        """Copies this file to a local one; InputError unless it is whole, or has `num_bytes`."""
        self.fs.invalidate_cache()
        if num_bytes is None:
            num_bytes = self.asked("info", self.path)["size"]
        self.fs.get_file(self.path, str(local))
        size = pathlib.Path(local).stat().st_size
        if size != num_bytes:
            message = f"{self}: {size} of {counted(num_bytes, 'byte')} arrived."
            raise InputError("damaged_download", message, "Try again.")

    def unlink(self, missing_ok: bool = False) -> None:
        """Deletes this file; unlike `UPath.unlink` not all those that its name is a pattern for."""
        if not missing_ok or self.is_file():
            self.fs.rm_file(self.path)

    def rmtree(self) -> None:
        """Deletes a folder with all that is in it."""
        self.fs.rm(glob.escape(self.path), recursive=True)


AnyPath: TypeAlias = str | os.PathLike | RemotePath
RecordsPath: TypeAlias = pathlib.Path | RemotePath


def as_path(path: AnyPath, flag: str = "") -> pathlib.Path:
    """The local path; InputError (`not_local`), naming the `flag`, for an address: records alone may lie elsewhere."""
    if isinstance(path, RemotePath) or ADDRESS.match(str(path)):
        named = f"--{flag}={path}" if flag else path
        raise InputError("not_local", f"{named} is an address.", "Give a local path: only records may be elsewhere.")
    return pathlib.Path(path)


def records_path(path: AnyPath) -> RecordsPath:
    """A `RemotePath` for `scheme://…`, else a `pathlib.Path`; takes either as well.

    Raises:
        InputError: a scheme of no store that fsspec knows, or a whole bucket.
    """
    if isinstance(path, RemotePath):
        return path
    if not ADDRESS.match(str(path)):
        return pathlib.Path(path)
    try:
        remote = RemotePath(re.sub(r"(?<=[^:/])/+$", "", str(path)))
        if remote.protocol in NOT_STORES:
            raise ValueError(f"{remote.protocol}:// is no object store")
    except ValueError as error:
        schemes = ", ".join(f"{scheme}://…" for scheme in STORES)
        raise InputError("unknown_scheme", f"{path}: {error}.", f"Give a local path, or one of {schemes}.") from error
    if not remote.name:
        raise InputError("whole_bucket", f"{path} is a whole bucket.", "Name a folder in it.")
    return remote


# === Names ===


def name_of(path: AnyPath) -> str:
    """A path's last part; for `.` and `..`, the folder's name."""
    path = as_path(path)
    return path.name if path.name not in ("", "..") else path.absolute().resolve().name


def told_apart(paths: Sequence[str]) -> list[str]:
    """A name for each path: its own, or the whole path if others have that name, too."""
    counts = collections.Counter(map(name_of, paths))
    return [name_of(path) if counts[name_of(path)] == 1 else str(path) for path in paths]


# === Whether a path can be used ===


def writable_path(path: AnyPath, flag: str) -> pathlib.Path:
    """The local path of what is to be written; InputError, naming `flag`, if that cannot be.

    It tries: writes a file to where the folder is or would be made.
    """
    local = as_path(path, flag)
    try:
        folder = next(parent for parent in (local, *local.absolute().parents) if os.path.lexists(parent))
        if not folder.is_dir():
            raise InputError("no_folder", f"--{flag}: {path}: {folder} is not a folder.")
        with tempfile.TemporaryFile(dir=folder):
            return local
    except OSError as error:
        raise InputError("not_writable", f"--{flag}: cannot write to {path} ({error}).") from error


def check_store(path: RemotePath, flag: str, writing: bool = False) -> None:
    """InputError, naming `flag`, if records cannot be read or written there.

    It tries: looks the path up, or writes a file beneath it and deletes that again. That nothing is at `path` is left
    to whoever reads it.
    """
    try:
        if not writing:
            path.exists()
            return
        probe = path / f".access-{os.getpid()}"
        with tempfile.NamedTemporaryFile() as file:
            probe.asked("put_file", file.name, probe.path)
        probe.unlink()
    except Exception as error:  # botocore's, aiohttp's and Google's have no class in common
        answer = answered(error, path)
        do = "write to" if writing else "read"
        raise InputError(answer.code, f"--{flag}: cannot {do} {path}: {answer}") from error


# === What a store said ===

# The classes of what TensorFlow's own file systems say of a store (`data.tfio`); of damage there is another.
OF_TENSORFLOW = ("UnknownError", "NotFoundError", "PermissionDeniedError", "UnauthenticatedError", "InternalError")
NODES = "\n\t [["  # of the graph, after what TensorFlow says of an error


def of_a_store(error: BaseException) -> bool:
    """Whether an error was raised beneath fsspec, by the store's library or the network's, or by tensorflow-io."""
    if "tensorflow_io" in sys.modules and type(error).__name__ in OF_TENSORFLOW:
        return True
    modules = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(module.partition(".")[0] == "fsspec" for module in modules)


def answered(error: Exception, path: str | RemotePath) -> InputError:
    """The `InputError` for what a store said, on one line, and what to check.

    Its code is `no_answer` within `WAITING`, `missing_package` or `unreachable`.
    """
    if isinstance(error, TimeoutError | asyncio.TimeoutError):  # one class from Python 3.11 on
        return InputError("no_answer", f"no answer within {WAITING.seconds:g} s.", "Wait longer: --timeout=SECONDS.")
    text = str(error)
    if NODES in text:
        text = text.partition(NODES)[0].rpartition("\n")[2].rpartition("}} ")[2]
    message = f"{' '.join(text.split()).strip(': .') or type(error).__name__}."
    scheme = str(path).partition("://")[0]
    opener, settings = STORES.get(scheme, ("", ""))
    if isinstance(error, ImportError):
        hint = f"pip install '.[io]' brings {opener}, which opens {scheme}://." if opener else ""
        return InputError("missing_package", message, hint)
    return InputError("unreachable", message, f"Check {settings}." if settings else "")
