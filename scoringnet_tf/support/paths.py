"""Paths on a local disk and in an object store alike, and whether what is behind them can be used.

`as_path` gives a `pathlib.Path` for the one; for the other a `RemotePath`, which is universal_pathlib's `UPath` on
fsspec. What opens a scheme (s3fs for s3:// …) is imported when a path of it is first used.
"""

import asyncio
import collections
import dataclasses
import glob
import os
import pathlib
import re
import stat
import sys
import tempfile
import traceback
import types
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from fsspec.asyn import sync
from upath.extensions import ProxyUPath

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

# The schemes of the `io` extra: what opens each, and what that reads its settings from.
STORES = {
    "s3": (
        "s3fs",
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, AWS_REGION, and for a server that is not Amazon's "
        "AWS_ENDPOINT_URL",
    ),
    "gs": (
        "gcsfs",
        "GOOGLE_APPLICATION_CREDENTIALS, and for a server that is not Google's STORAGE_EMULATOR_HOST",
    ),
    "az": ("adlfs", "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_STORAGE_CONNECTION_STRING"),
}
# All that gcsfs says of a bucket that is not there: the address that it asked, to look up or to write.
NO_BUCKET = re.compile(r"(?:https?://.*/)?b/([^/]+)/o(?:\?.*)?")


WAITING = types.SimpleNamespace(seconds=60.0)  # for an address that does not answer: --timeout
NOT_THERE = (404, 410)  # of what web servers answer


class RemotePath(ProxyUPath):
    """A `UPath` that asks the store every time, and says that something is not there only where the store said so.

    fsspec answers from listings that it keeps, and takes every error for "not there": where the network is lost, a run
    would begin anew instead of going on.
    """

    __slots__ = ()

    def exists(self, **_: object) -> bool:
        """Whether the store has a file or folder of this name; its errors are raised."""
        return self._kind() is not None

    def is_file(self, **_: object) -> bool:
        """Whether the store has a file of this name."""
        return self._kind() == "file"

    def is_dir(self, **_: object) -> bool:
        """Whether the store has anything beneath this name."""
        return self._kind() == "directory"

    def iterdir(self) -> Iterator["RemotePath"]:
        """The files and folders beneath this name."""
        self.fs.invalidate_cache()
        names = (name.rstrip("/") for name in self.fs.ls(self.path, detail=False))
        return (self / name.rpartition("/")[2] for name in names if name != self.path)  # some list the folder, too

    def _kind(self):
        """`"file"`, `"directory"` or None; FileNotFoundError where not even the bucket is there, if the store tells."""
        self.fs.invalidate_cache()
        bucket, _, key = self.path.partition("/")
        names = (self.path, f"b/{bucket}/o/{urllib.parse.quote(key, safe='')}")  # gcsfs: the address that it asked
        try:
            return self._asked("info", self.path)["type"]
        except FileNotFoundError as error:
            if NO_BUCKET.fullmatch(str(error)) or not any(name in str(error) for name in names):  # so s3fs of a bucket
                raise
            cause = error.__cause__  # fsspec says so of a web server whatever went wrong
            status = getattr(cause, "status", None)
            if cause is None or not is_of_the_web(self) or status in NOT_THERE:
                return None
            if status in (401, 403):
                raise PermissionError(f"the server answered {status}") from error
            raise cause from None

    def _asked(self, method, *arguments):
        """What a method of the file system gives; TimeoutError where the store does not answer within `WAITING`."""
        if not self.fs.async_impl:
            return getattr(self.fs, method)(*arguments)
        return sync(self.fs.loop, getattr(self.fs, f"_{method}"), *arguments, timeout=WAITING.seconds)

    def upload(self, local: str | os.PathLike) -> None:
        """Writes this file with the content of a local one."""
        self.fs.put_file(str(local), self.path)

    def download(self, local: str | os.PathLike, num_bytes: int | None = None) -> None:
        """Writes a local file with the content of this one; InputError unless it is whole, or has `num_bytes`."""
        self.fs.invalidate_cache()
        expected = num_bytes
        if num_bytes is None and not is_of_the_web(self):  # aiohttp counts them itself
            expected = self._asked("info", self.path)["size"]
        self.fs.get_file(self.path, str(local))
        found = pathlib.Path(local).stat().st_size
        if expected is not None and found != expected:
            raise InputError(
                "damaged_download", f"{self}: {found} of {counted(expected, 'byte')} arrived.", "Try again."
            )

    def unlink(self, missing_ok: bool = False) -> None:
        """Deletes this file; unlike `UPath.unlink` not all those that its name is a pattern for."""
        if not missing_ok or self.is_file():
            self.fs.rm_file(self.path)

    def rmtree(self) -> None:
        """Deletes a folder with all that is in it."""
        self.fs.rm(glob.escape(self.path), recursive=True)


def what_went_wrong(error: Exception) -> str:
    """What the system says of an `OSError`, without the path."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a FIFO, which is no file",
    stat.S_ISSOCK: "a socket, which is no file",
    stat.S_ISCHR: "a device, which is no file",
    stat.S_ISBLK: "a device, which is no file",
}


def what_is_at(path: pathlib.Path) -> str:
    """What a local path that is no file leads to, in words, such as "no such file"."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a symbolic link to what is not there" if path.is_symlink() else "no such file"
    except OSError as error:
        return what_went_wrong(error)
    except ValueError as error:  # a null byte
        return str(error)
    return next((words for is_kind, words in KINDS.items() if is_kind(mode)), "a file")


AnyPath: TypeAlias = str | os.PathLike | RemotePath


@dataclasses.dataclass(frozen=True)
class _WebClient:
    """Makes the client that fsspec asks web servers with: it waits so many seconds for a connection, and for bytes."""

    seconds: float

    async def __call__(self, **options):
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, connect=self.seconds, sock_read=self.seconds)
        return aiohttp.ClientSession(**{**options, "timeout": timeout})


def as_path(path: AnyPath) -> pathlib.Path | RemotePath:
    """A `RemotePath` for `scheme://…`, else a `pathlib.Path`; takes either as well.

    Raises:
        InputError: a scheme that fsspec does not know, or a whole bucket.
    """
    if isinstance(path, pathlib.Path | RemotePath):
        return path
    if not re.match(r"[a-z][a-z0-9+.:-]+:/", str(path), re.IGNORECASE):
        return pathlib.Path(path)
    options: dict[str, Any] = {"get_client": _WebClient(WAITING.seconds)} if is_of_the_web(path) else {}
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


def local_path(path: AnyPath, flag: str) -> pathlib.Path:
    """The `pathlib.Path` of what is written to disks alone; InputError, naming `flag`, where that is an address."""
    try:
        found = as_path(path)
    except InputError as error:
        raise InputError(error.code, f"--{flag}: {error}") from error
    if isinstance(found, RemotePath):
        raise InputError("not_local", f"--{flag}={path} is an address.", "Give a local path.")
    return found


def name_of(path: AnyPath) -> str:
    """The last part of a path; of `.` and `..`, the name of the folder that they are."""
    found = as_path(path)
    return found.name if found.name not in ("", "..") else found.absolute().resolve().name


def file_name_of(path: AnyPath) -> str:
    """What the file at a path is called: in an address of the web, what comes before the query, such as a signature."""
    found = as_path(path)
    asked = urllib.parse.urlsplit(str(found)).path if is_of_the_web(found) else ""
    return asked.rpartition("/")[2] or found.name


def beside(path: RemotePath, name: str) -> RemotePath:
    """What is called `name` in the folder of a file; asked for with the query that an address of the web has."""
    if not is_of_the_web(path):
        return path.with_name(name)
    asked = urllib.parse.urlsplit(path.path)
    there = asked._replace(path=f"{asked.path.rpartition('/')[0]}/{name}").geturl()
    return RemotePath(there, **path.storage_options)


def is_of_the_web(path: AnyPath) -> bool:
    """Whether that is an http:// or https:// address."""
    return str(path).startswith(("http://", "https://"))


def told_apart(paths: Sequence[str]) -> list[str]:
    """What to call each of several paths: by its name, and the folders before it that tell those of one name apart."""
    wholes = [(*str(as_path(path).parent).replace("\\", "/").split("/"), name_of(path)) for path in paths]
    lengths, alike = [1] * len(wholes), list(range(len(wholes)))
    while alike:  # those that end alike with one more folder did so without it
        counts = collections.Counter(wholes[index][-lengths[index] :] for index in alike)
        alike = [i for i in alike if counts[wholes[i][-lengths[i] :]] > 1 and lengths[i] < len(wholes[i])]
        for index in alike:
            lengths[index] += 1
    return ["/".join(whole[-length:]) for whole, length in zip(wholes, lengths, strict=True)]


def check_access(path: AnyPath, flag: str, writing: bool = False) -> None:
    """InputError, naming `flag`, where a `path` does not do what the work will ask of it.

    Tries it: looks a remote `path` up, or writes a file beneath it and deletes that again; writes one to where a local
    folder is or would be made. That nothing is at `path` is left to whoever reads it.
    """
    try:
        path = as_path(path)
        if isinstance(path, RemotePath):
            _write_and_delete(path / f".access-{os.getpid()}") if writing else path.exists()
        elif writing:
            _write_nearby(path)
    except InputError as error:
        raise InputError(error.code, f"--{flag}: {error}") from error
    except Exception as error:  # botocore's, aiohttp's, Google's and Azure's have no class in common
        do = "write to" if writing else "read"
        if not isinstance(path, RemotePath):
            raise InputError("no_permission", f"--{flag}: cannot {do} {path}: {what_went_wrong(error)}.") from error
        answer = answered(error, path)
        raise InputError(answer.code, f"--{flag}: cannot {do} {path}: {answer}") from error


def _write_nearby(path):
    """Writes an unnamed file to the nearest folder above `path`, or to it; nothing is left, nothing is made."""
    folder = next(parent for parent in (path, *path.absolute().parents) if os.path.lexists(parent))
    if not folder.is_dir():
        raise InputError("no_folder", f"{path}: there can be no folder, for {folder} is {what_is_at(folder)}.")
    with tempfile.TemporaryFile(dir=folder):
        pass


def _write_and_delete(path):
    with tempfile.TemporaryDirectory() as folder:
        local = pathlib.Path(folder, path.name)
        local.write_text("Can this be written?\n")
        path._asked("put_file", str(local), path.path)
    path.unlink()


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
    """What a store or a web server said, on one line, and what to look at: an error to be raised or told of.

    Its code is `"no_answer"` within `WAITING`, `"not_found"`, `"refused"` (a web server's status) or `"unreachable"`.
    """
    # fsspec says of an address nothing but itself, whatever went wrong.
    cause = error.__cause__ if isinstance(error.__cause__, Exception) and str(error) == str(path) else error
    if isinstance(cause, TimeoutError | asyncio.TimeoutError):  # one class from Python 3.11 on
        return InputError("no_answer", f"no answer within {WAITING.seconds:g} s. Wait longer with --timeout=SECONDS.")
    status = getattr(cause, "status", None) if is_of_the_web(path) else None
    if is_of_the_web(path) and (isinstance(cause, FileNotFoundError) or status in NOT_THERE):
        return InputError("not_found", f"not found ({status or 404}).")
    if status:
        return InputError("refused", f"the server answered {status} ({getattr(cause, 'message', '')}).")
    if type(cause).__name__ == "ClientPayloadError":
        return InputError("unreachable", "the connection was lost before the end.")
    words = str(cause)
    if NODES in words:
        words = words.partition(NODES)[0].rpartition("\n")[2].rpartition("}} ")[2]
    said = " ".join(words.split()).strip(": .") or type(cause).__name__
    if isinstance(cause, FileNotFoundError) and (asked := NO_BUCKET.fullmatch(said)):
        said = f"The bucket {asked[1]} does not exist"
    return InputError("unreachable", f"{said}. {_remedy(error, path)}".rstrip())


def _remedy(error, path):
    scheme = str(path).partition("://")[0]
    opener, settings = STORES.get(scheme, (None, None))
    if isinstance(error, ImportError):
        return f"pip install '.[io]' brings {opener}, which opens {scheme}://." if opener else ""
    return f"Look at {settings}." if settings else ""
