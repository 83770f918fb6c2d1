"""Finding videos and label files: copies differ in folders, file formats, and videos or folders of images."""

import os
from collections.abc import Sequence
from pathlib import Path

from scoringnet_tf.data.video_files import VIDEO_SUFFIXES, videos_in
from scoringnet_tf.support.messages import InputError, Remark, counted, shown


def find_file(source_dir: Path, names: Sequence[str]) -> Path:
    """Returns the first of `names`, relative to `source_dir`, that is a file; InputError if none is."""
    for name in names:
        if (source_dir / name).is_file():
            return source_dir / name
    raise InputError("not_found", f"{source_dir}: there is no file {' or '.join(names)}.")


def find_dir(source_dir: Path, names: Sequence[str], content: str) -> Path:
    """Returns the first of `names` that is a folder; InputError, with its `content`, if none is."""
    for name in names:
        if (source_dir / name).is_dir():
            return source_dir / name
    raise InputError("not_found", f"{source_dir}: there is no folder {' or '.join(names)} with {content}.")


def index_videos(folder: Path) -> dict[int, Path]:
    """Returns the videos `NNN.avi`, or `NNN/` with images, {number: path}; InputError if two share one, or it is 0."""
    videos: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if not path.stem.isdecimal() or not (path.suffix.lower() in VIDEO_SUFFIXES or path.is_dir()):
            continue
        number = int(path.stem)
        if number in videos:
            raise InputError("duplicate", f"{folder}: {videos[number].name} and {path.name} have the same number.")
        videos[number] = path
    if 0 in videos:
        raise InputError("counted_from_0", f"{folder}: {videos[0].name} has the number 0, but labels count from 1.")
    return videos


def unlisted_note(folder: Path, paths: Sequence[Path], has_features: bool = False) -> list[Remark]:
    """Notes videos in a folder, or files beside those of features, that no row names: a row may have been lost."""
    try:
        if has_features:
            beside, suffixes = {path.parent for path in paths}, {path.suffix for path in paths} - {""}
            files = [path for each in beside if each.is_dir() for path in each.iterdir() if path.suffix in suffixes]
        else:
            files = videos_in(folder) if folder.is_dir() else []
        named = {os.path.realpath(path) for path in paths}
    except (OSError, ValueError):  # a folder without permission, such as lost+found; a name that no file system takes
        return []
    others = [os.path.relpath(path, folder) for path in files if os.path.realpath(path) not in named]
    what = f"In the folder, but in no row: {counted(len(others), 'file')}, {shown(others)}."
    return [Remark("in_no_row", what)] if others else []
