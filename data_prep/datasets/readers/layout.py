"""Finding videos and label files: layouts differ in folders, in file formats, and in videos or folders of images."""

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from scoringnet_tf.data.video import VIDEO_SUFFIXES
from scoringnet_tf.data.video_files import videos_in
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted, shown


def find_file(source_dir: Path, names: Sequence[str]) -> Path:
    """The first of `names`, paths relative to `source_dir`, that is a file.

    Raises:
        InputError: none of them is; it lists them.
    """
    return _first(source_dir, names, lambda path: path.is_file(), "the file")


def find_file_by_content(
    source_dir: Path, names: Sequence[str], folders: Sequence[str], suffix: str, is_it: Callable[[Path], bool]
) -> Path:
    """A label file under its own name, else under whatever name it has in a copy.

    Args:
        source_dir: folder of the dataset.
        names: paths relative to it; the first that is a file is taken.
        folders: where else to look, relative to it.
        suffix: of the files that are tried.
        is_it: function of such a file; InputError of it is no.

    Raises:
        InputError: none of `names` is there, and no other file, or several, hold what is sought.
    """
    named = next((source_dir / name for name in names if (source_dir / name).is_file()), None)
    if named:
        return named
    paths = sorted(path for folder in folders for path in (source_dir / folder).glob(f"*{suffix}"))
    found = [path for path in dict.fromkeys(paths) if path.is_file() and _accepted(is_it, path)]
    if len(found) != 1:
        received = ", ".join(str(path.relative_to(source_dir)) for path in found) or "no such one"
        expected = f"the file {' or '.join(names)}, or one other *{suffix} of the same content"
        raise InputError("todo", f"{source_dir}: expected {expected}. Received: {received}.")
    return found[0]


def _accepted(is_it, path):
    try:
        return is_it(path)
    except InputError:
        return False


def find_dir(source_dir: Path, names: Sequence[str], what: str) -> Path:
    """The first of `names`, paths relative to `source_dir`, that is a folder; `what` says what it holds.

    Raises:
        InputError: none of them is; it lists them.
    """
    return _first(source_dir, names, lambda path: path.is_dir(), f"the folder of {what}:")


def _first(source_dir, names, is_there, what):
    for name in names:
        if is_there(source_dir / name):
            return source_dir / name
    raise InputError("todo", f"{source_dir}: expected {what} {' or '.join(names)}. Received: no such one.")


def find_video(folder: Path, name: str) -> Path:
    """The folder of images, or the video file, called `name`; where there is neither, the path of the folder.

    Raises:
        InputError: there are several.
    """
    path = folder / name
    try:
        found = _entries(path.parent, path.parent.stat().st_mtime_ns).get(path.name, [])
    except (OSError, ValueError):  # names come from label files: some no file system takes
        return path
    if len(found) > 1:
        raise InputError("todo", f"{path.parent}: expected one video called {path.name}. Received: {', '.join(found)}")
    return path.with_name(found[0]) if found else path


@functools.lru_cache(maxsize=4)  # a dataset's videos lie in one folder and are looked up in turn
def _entries(folder, changed):
    """{name: what it may mean} of a folder as it was when last `changed`; a video is also called without its suffix."""
    entries: dict[str, list[str]] = {}
    for entry in sorted(path.name for path in folder.iterdir()):
        stem, _, suffix = entry.rpartition(".")
        for name in {entry, stem if f".{suffix.lower()}" in VIDEO_SUFFIXES else entry}:
            entries.setdefault(name, []).append(entry)
    return entries


def index_videos(folder: Path) -> dict[int, Path]:
    """The videos (`NNN.avi`, or `NNN/` with images) of a folder, {number: path}; labels count them from 1.

    Raises:
        InputError: two of them have the same number, or one has 0: each would then have its neighbour's labels.
    """
    videos: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if not path.stem.isdecimal() or not (path.suffix.lower() in VIDEO_SUFFIXES or path.is_dir()):
            continue
        number = int(path.stem)
        if number in videos:
            raise InputError("todo", f"{folder}: expected one video of each number. Received: {videos[number]}, {path}")
        videos[number] = path
    if 0 in videos:
        raise InputError(
            "todo", f"{folder}: expected videos numbered from 1, as the labels count. Received: {videos[0].name}."
        )
    return videos


def _place(path):
    """What is the same of a file and a link to it; of a name that no file system takes its text."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)


def unlisted_note(folder: Path, paths: Iterable[Path]) -> list[str]:
    """A note on the videos in a folder and below it that no row of a table names: a row may have been lost."""
    try:
        found = videos_in(folder) if folder.is_dir() else []
    except OSError:  # a folder that may not be read, such as lost+found: no row needs it
        return []
    return _others_note(folder, found, paths, "video")


def unlisted_features_note(folder: Path, paths: Sequence[Path]) -> list[str]:
    """A note on files beside those that a table of features names, and of their kind, that no row names."""
    suffixes, beside = {path.suffix for path in paths} - {""}, {path.parent for path in paths}
    try:
        found = [path for each in beside if each.is_dir() for path in each.iterdir() if path.suffix in suffixes]
    except OSError:
        return []
    return _others_note(folder, found, paths, "file of features", "files of features")


def _others_note(folder, found, paths, noun, plural=""):
    named = {_place(path) for path in paths}
    others = [path for path in found if _place(path) not in named]
    names = shown([os.path.relpath(path, folder) for path in others])
    return [f"In the folder, but in no row: {counted(len(others), noun, plural=plural)}, {names}."] if others else []
