"""Paths on a local disk and in an object store alike, and whether what is behind them can be used.

`as_path` gives a `pathlib.Path` for the one and a `RemotePath` for the other, with the methods of `pathlib.Path` that
this package uses. Behind a `RemotePath` are TensorFlow's filesystems: gs:// is its own, s3://, az:// and hdfs:// come
from tensorflow-io. Neither is imported before a remote path is first used.
"""

import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import pathlib
import posixpath
import re
import types
import warnings

from scoringnet_tf.support.errors import InputError

OBJECT_STORES = ("gs", "s3", "az")  # have no folders to make: a name may hold slashes
BUILT_IN = ("gs", "ram")  # with TensorFlow; "ram" is the memory of the process
TENSORFLOW_IO, TENSORFLOW = "0.37.1", "2.16"  # the `io` extra: tensorflow-io, and what it is built for

# What each filesystem reads its settings from.
SETTINGS = {
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "s3": "AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and for a server that is not Amazon's "
    "S3_ENDPOINT with its http:// or https://",
    "az": "TF_AZURE_STORAGE_KEY or TF_AZURE_STORAGE_SAS",
    "hdfs": "HADOOP_HDFS_HOME and CLASSPATH",
}


@dataclasses.dataclass(frozen=True)
class RemotePath(os.PathLike):
    """A file or folder on one of TensorFlow's filesystems, as `scheme://…` without a slash at the end.

    Not etils.epath, which knows neither hdfs:// nor ram://; not `pathlib.PurePath`, which makes one slash of two.
    """

    uri: str

    def __fspath__(self):
        return self.uri

    __str__ = __fspath__

    def __truediv__(self, name):
        return RemotePath(posixpath.join(self.uri, name))

    @property
    def scheme(self):
        return self.uri.partition("://")[0]

    @property
    def name(self):
        return posixpath.basename(self.uri)

    @property
    def parent(self):
        return RemotePath(posixpath.dirname(self.uri))

    @property
    def gfile(self):
        return _gfile(self.scheme)

    def is_file(self):
        """Whether it can be read; `tf.errors.OpError` where that cannot be told.

        Reads, because `tf.io.gfile.exists` on s3:// says no where the server or the credentials are wrong, too. That a
        bucket is missing, s3:// tells from a missing file when writing only.
        """
        from tensorflow import errors

        try:
            self.gfile.GFile(self.uri, "rb").read(1)
        except errors.NotFoundError as error:
            if re.search("NoSuchBucket|bucket does not exist", error.message):
                raise
            return False
        except (errors.FailedPreconditionError, errors.InvalidArgumentError):  # what some say of a folder
            if not self.is_dir():
                raise
            return False
        return True

    def is_dir(self):
        return self.gfile.isdir(self.uri)

    def exists(self):
        return self.is_file() or self.is_dir()

    def stat(self):
        return types.SimpleNamespace(st_size=self.gfile.stat(self.uri).length)

    def iterdir(self):
        # Some filesystems mark folders by a slash, and list the folder itself as an empty name.
        names = (name.rstrip("/") for name in self.gfile.listdir(self.uri))
        return (self / name for name in names if name)

    def read_text(self, encoding):
        return self.gfile.GFile(self.uri, "rb").read().decode(encoding)

    def unlink(self):
        self.gfile.remove(self.uri)

    def rmtree(self):
        """Deletes a folder with all that is in it."""
        self.gfile.rmtree(self.uri)

    def make_parent(self):
        """Makes the folder of this file where there is such a thing."""
        if self.scheme not in OBJECT_STORES:
            self.gfile.makedirs(str(self.parent))

    def upload(self, local):
        """Writes this file with the content of a local one."""
        self.make_parent()
        self.gfile.copy(str(local), self.uri, overwrite=True)

    def download(self, local):
        """Writes a local file with the content of this one."""
        self.gfile.copy(self.uri, str(local), overwrite=True)


def as_path(path):
    """A `RemotePath` for `scheme://…`, else a `pathlib.Path`; takes either as well. InputError for a whole bucket."""
    if isinstance(path, RemotePath):
        return path
    found = re.fullmatch(r"([a-z][a-z0-9+.-]*://)(.*?)/*", str(path))
    if not found:
        return pathlib.Path(path)
    if "/" not in found[2]:
        raise InputError(f"{path}: expected a file or folder in it. Received: all of it.")
    return RemotePath(found[1] + found[2])


def check_access(path, flag, writing=False):
    """InputError, naming `flag`, where the filesystem of a remote `path` does not do what the work will ask of it.

    Tries it: reads from `path`, or writes a file beneath it and deletes that again. That nothing is at `path` is left
    to whoever reads it. A local path is not looked at.
    """
    path = as_path(path)
    if isinstance(path, pathlib.Path):
        return
    from tensorflow import errors

    try:
        _write_and_delete(path / f".access-{os.getpid()}") if writing else path.is_file()
    except errors.UnimplementedError as error:
        raise InputError(f"--{flag}: {path}: expected {_missing_filesystem(path.scheme)}") from error
    except errors.OpError as error:
        settings = SETTINGS.get(path.scheme)
        raise InputError(
            f"--{flag}: {path}: expected a place that can be {'written to' if writing else 'read from'}. Received: "
            f"{' '.join(error.message.split()).strip(': .') or type(error).__name__}."
            + (f" Look at {settings}." if settings else "")
        ) from error


def _write_and_delete(path):
    path.make_parent()
    with path.gfile.GFile(path.uri, "wb") as file:
        file.write(b"Can this be written?\n")
    path.unlink()


def _missing_filesystem(scheme):
    """What would be needed for `scheme`, and what is there instead."""
    if scheme not in SETTINGS:
        return f"a local path or one of {', '.join(f'{known}://' for known in SETTINGS)}. Received: {scheme}://."
    tensorflow = importlib.metadata.version("tensorflow")
    installed = importlib.util.find_spec("tensorflow_io") is not None
    return (
        f"tensorflow-io {TENSORFLOW_IO} beside TensorFlow {TENSORFLOW}, the one that it is built for. Received: "
        f"TensorFlow {tensorflow} {'with' if installed else 'without'} tensorflow-io, which cannot open {scheme}://. "
        "Install the io extra into an environment of its own: pip install 'scoringnet-tf[io]'."
    )


@functools.cache
def _gfile(scheme):
    """`tf.io.gfile`, once whatever brings the scheme has been imported."""
    import tensorflow as tf

    if scheme not in BUILT_IN and importlib.util.find_spec("tensorflow_io"):
        with warnings.catch_warnings():
            # Beside another TensorFlow it warns and does not work; `check_access` says more.
            warnings.simplefilter("ignore")
            importlib.import_module("tensorflow_io")
    return tf.io.gfile
