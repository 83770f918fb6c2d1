"""Writing files and folders so that nothing half-written looks whole.

On a local disk: write beside, then rename. In an object store, where a file appears only once it is complete and
nothing can be renamed: write to a local temporary folder, then upload.
"""

import contextlib
import json
import math
import os
import pathlib
import shutil
import tempfile

from scoringnet_tf.support.paths import RemotePath, as_path


@contextlib.contextmanager
def replacing_file(path):
    """Yields a temporary local path; it takes the place of `path` if the block ends without an error."""
    path = as_path(path)
    if isinstance(path, RemotePath):
        with tempfile.TemporaryDirectory() as folder:
            temporary = pathlib.Path(folder, path.name)
            yield temporary
            path.upload(temporary)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # All suffixes stay: libraries choose formats by them.
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path, last=None):
    """The same for a folder; an older folder at `path` is moved aside, and deleted once the new one is in place.

    In an object store the older folder is deleted first, and the file called `last` is the first to go and the last to
    come: a folder without it is not whole.
    """
    path = as_path(path)
    if isinstance(path, RemotePath):
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder)
            _upload_folder(pathlib.Path(folder), path, last)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, old = (path.with_name(f".{path.name}.{os.getpid()}.{kind}") for kind in ("new", "old"))
    shutil.rmtree(temporary, ignore_errors=True)
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


def _upload_folder(folder, path, last):
    _remove_remote_folder(path, first=last)
    files = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    try:
        for name in sorted(files, key=lambda name: (name == last, name)):
            (path / name).upload(folder / name)
    except BaseException:
        _remove_remote_folder(path, first=last)
        raise


def _remove_remote_folder(path, first):
    if first and (path / first).is_file():
        (path / first).unlink()
    if path.is_dir():
        path.rmtree()


@contextlib.contextmanager
def local_file(path):
    """Yields a local file with the content of `path`, for libraries that know no other: `path` itself, or a copy."""
    path = as_path(path)
    if not isinstance(path, RemotePath):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, path.name)
        path.download(copy)
        yield copy


def remove_folder(path):
    """Deletes a folder with all that is in it."""
    path = as_path(path)
    path.rmtree() if isinstance(path, RemotePath) else shutil.rmtree(path)


def write_json(path, value):
    """Writes `value` as indented JSON; NaN becomes null, which every JSON reader takes."""
    with replacing_file(path) as temporary:
        temporary.write_text(json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
