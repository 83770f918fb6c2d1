"""Paths on a local disk and in an object store alike, and whether they can be used.

`as_path` gives a `pathlib.Path` for the one; for the other a `RemotePath`, which is universal_pathlib's `UPath` on
fsspec. What opens a scheme (s3fs for s3:// …) is imported with its first path.
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
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from fsspec.asyn import sync
from upath.extensions import ProxyUPath

from scoringnet_tf.support.messages import InputError, about, counted

# The schemes of the `io` extra: what opens each, and what that reads its settings from.
STORES = {
    "s3": ("s3fs", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL"),
    "gs": ("gcsfs", "GOOGLE_APPLICATION_CREDENTIALS, STORAGE_EMULATOR_HOST"),
    "az": ("adlfs", "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_STORAGE_CONNECTION_STRING"),
}
WAITING = types.SimpleNamespace(seconds=60.0)  # for an address that does not answer: --timeout
NOT_THERE = (404, 410)  # status codes of web servers


class RemotePath(ProxyUPath):
    """A `UPath` that asks the store every time, and raises the store's errors.

    fsspec answers from listings that it keeps, and takes every error for "not there". If the network were lost, a run
    would then begin anew instead of resuming.
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
        except FileNotFoundError as error:
            cause = error.__cause__  # fsspec says so of a web server whatever went wrong
            status = getattr(cause, "status", None)
            if cause is None or not is_of_the_web(self) or status in NOT_THERE:
                return None
            if status in (401, 403):
                raise PermissionError(f"the server answered {status}") from error
            raise cause from None

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
        if num_bytes is None and not is_of_the_web(self):  # aiohttp counts them itself
            num_bytes = self.asked("info", self.path)["size"]
        self.fs.get_file(self.path, str(local))
        size = pathlib.Path(local).stat().st_size
        if num_bytes is not None and size != num_bytes:
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


def as_path(path: AnyPath) -> pathlib.Path | RemotePath:
    """A `RemotePath` for `scheme://…`, else a `pathlib.Path`; takes either as well.

    Raises:
        InputError: a scheme that fsspec does not know, or a whole bucket.
    """
    if isinstance(path, pathlib.Path | RemotePath):
        return path
    if not re.match(r"[a-z][a-z0-9+.:-]+:/", str(path), re.IGNORECASE):
        return pathlib.Path(path)
    options: dict[str, Any] = {}
    if is_of_the_web(path):
        from aiohttp import ClientTimeout

        timeout = ClientTimeout(total=None, connect=WAITING.seconds, sock_read=WAITING.seconds)
        options = {"client_kwargs": {"timeout": timeout}}
    try:
        remote = RemotePath(re.sub(r"(?<=[^:/])/+$", "", str(path)), **options)
    except ValueError as error:
        schemes = ", ".join(f"{scheme}://…" for scheme in STORES)
        raise InputError("unknown_scheme", f"{path}: {error}.", f"Give a local path, or one of {schemes}.") from error
    if remote.protocol in ("file", "local"):
        return pathlib.Path(remote.path)
    if not remote.name:
        raise InputError("whole_bucket", f"{path} is a whole bucket.", "Name a file or folder in it.")
    return remote


# === Names ===


def name_of(path: AnyPath) -> str:
    """A path's last part; for `.` and `..`, the folder's name."""
    path = as_path(path)
    return path.name if path.name not in ("", "..") else path.absolute().resolve().name


def file_name_of(path: AnyPath) -> str:
    """A file's name; on the web without the query, such as a signature."""
    path = as_path(path)
    asked = urllib.parse.urlsplit(str(path)).path if is_of_the_web(path) else ""
    return asked.rpartition("/")[2] or path.name


def beside(path: RemotePath, name: str) -> RemotePath:
    """The file `name` in another file's folder; a web address keeps its query."""
    if not is_of_the_web(path):
        return path.with_name(name)
    asked = urllib.parse.urlsplit(path.path)
    there = asked._replace(path=f"{asked.path.rpartition('/')[0]}/{name}").geturl()
    return RemotePath(there, **path.storage_options)


def is_of_the_web(path: AnyPath) -> bool:
    """Whether that is an http:// or https:// address."""
    return str(path).startswith(("http://", "https://"))


def told_apart(paths: Sequence[str]) -> list[str]:
    """A name for each path: its own, or the whole path if others have that name, too."""
    counts = collections.Counter(map(name_of, paths))
    return [name_of(path) if counts[name_of(path)] == 1 else str(path) for path in paths]


# === Whether a path can be used ===


def local_path(path: AnyPath, flag: str) -> pathlib.Path:
    """The `pathlib.Path` of what is written to disks alone; InputError, naming `flag`, for an address."""
    with about(f"--{flag}"):
        local = as_path(path)
    if isinstance(local, RemotePath):
        raise InputError("not_local", f"--{flag}={path} is an address.", "Give a local path.")
    return local


def check_access(path: AnyPath, flag: str, writing: bool = False) -> None:
    """InputError, naming `flag`, if a path cannot be read or written.

    It tries: looks a remote path up, or writes a file beneath it and deletes that again; writes one to where a local
    folder is or would be made. That nothing is at `path` is left to whoever reads it.
    """
    try:
        path = as_path(path)
        if isinstance(path, RemotePath) and writing:
            probe = path / f".access-{os.getpid()}"
            with tempfile.NamedTemporaryFile() as file:
                probe.asked("put_file", file.name, probe.path)
            probe.unlink()
        elif isinstance(path, RemotePath):
            path.exists()
        elif writing:
            folder = next(parent for parent in (path, *path.absolute().parents) if os.path.lexists(parent))
            if not folder.is_dir():
                raise InputError("no_folder", f"{path}: {folder} is not a folder.")
            with tempfile.TemporaryFile(dir=folder):
                pass
    except InputError as error:
        raise InputError(error.code, f"--{flag}: {error}") from error
    except Exception as error:  # botocore's, aiohttp's, Google's and Azure's have no class in common
        if not isinstance(path, RemotePath):
            raise InputError("not_writable", f"--{flag}: cannot write to {path} ({error}).") from error
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


def answered(error: Exception, path: AnyPath) -> InputError:
    """The `InputError` for what a store or a web server said, on one line, and what to check.

    Its code is `no_answer` within `WAITING`, `not_found`, `refused` (a web server's status), `missing_package` or
    `unreachable`.
    """
    # fsspec says of an address nothing but itself, whatever went wrong.
    cause = error.__cause__ if isinstance(error.__cause__, Exception) and str(error) == str(path) else error
    status = getattr(cause, "status", None) if is_of_the_web(path) else None
    if isinstance(cause, TimeoutError | asyncio.TimeoutError):  # one class from Python 3.11 on
        return InputError("no_answer", f"no answer within {WAITING.seconds:g} s.", "Wait longer: --timeout=SECONDS.")
    if is_of_the_web(path) and (isinstance(cause, FileNotFoundError) or status in NOT_THERE):
        return InputError("not_found", f"not found ({status or 404}).")
    if status:
        return InputError("refused", f"the server answered {status} ({getattr(cause, 'message', '')}).")
    if type(cause).__name__ == "ClientPayloadError":
        return InputError("unreachable", "the connection was lost before the end.")
    text = str(cause)
    if NODES in text:
        text = text.partition(NODES)[0].rpartition("\n")[2].rpartition("}} ")[2]
    message = f"{' '.join(text.split()).strip(': .') or type(cause).__name__}."
    scheme = str(path).partition("://")[0]
    opener, settings = STORES.get(scheme, ("", ""))
    if isinstance(cause, ImportError):
        hint = f"pip install '.[io]' brings {opener}, which opens {scheme}://." if opener else ""
        return InputError("missing_package", message, hint)
    return InputError("unreachable", message, f"Check {settings}." if settings else "")
