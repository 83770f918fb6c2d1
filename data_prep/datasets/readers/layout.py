"""Finding videos and label files: layouts differ in folders, in file formats, and in videos or folders of images."""

from collections.abc import Sequence
from pathlib import Path

from scoringnet_tf.support.errors import InputError

VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".gif")


def find_file(source_dir: Path, names: Sequence[str]) -> Path:
    """The first of `names`, paths relative to `source_dir`, that is a file.

    Raises:
        InputError: none of them is; it lists them.
    """
    return _first(source_dir, names, lambda path: path.is_file(), "the file")


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
    raise InputError(f"{source_dir}: expected {what} {' or '.join(names)}. Received: no such one.")


def find_video(folder: Path, name: str) -> Path:
    """The folder of images, or the video file, called `name`; where there is neither, the path of the folder."""
    candidates = [folder / name, *(folder / f"{name}{suffix}" for suffix in VIDEO_SUFFIXES)]
    return next((path for path in candidates if _exists(path)), candidates[0])


def _exists(path):
    """Names come from label files: one that no file system takes is no file."""
    try:
        return path.exists()
    except OSError:
        return False


def index_videos(folder: Path) -> dict[int, Path]:
    """The videos (`NNN.avi`, or `NNN/` with images) of a folder, {number: path}.

    Raises:
        InputError: two of them have the same number.
    """
    videos: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if not path.stem.isdecimal() or not (path.suffix.lower() in VIDEO_SUFFIXES or path.is_dir()):
            continue
        number = int(path.stem)
        if number in videos:
            raise InputError(f"{folder}: expected one video of each number. Received: {videos[number]}, {path}")
        videos[number] = path
    return videos
