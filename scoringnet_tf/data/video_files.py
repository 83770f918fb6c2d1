"""Which files and folders are videos: files by their names, folders by numbered images in them."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

VIDEO_SUFFIXES = (  # none of digits alone, as of `dive.264.png`, a numbered image
    *(".avi", ".mp4", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".gif"),
    *(".ts", ".m2ts", ".mts", ".wmv", ".flv", ".3gp", ".ogv", ".mxf"),
    *(".3g2", ".asf", ".divx", ".dv", ".f4v", ".gxf", ".ivf", ".m2p", ".m2t", ".mk3d", ".mpe", ".nut", ".ogm", ".qt"),
    *(".rm", ".rmvb", ".tod", ".tp", ".trp", ".vob", ".wtv", ".y4m"),
)
FRAMES_SUFFIX = ".frames"  # of a video without such a suffix, as a folder of frames, in the name of a picture
# A picture of a video, `dive.mp4.png` or `dive2.frames-2.png`, as `predict --plot_dir` draws it, is no frame of one.
OF_A_VIDEO = rf".*(?:{'|'.join(map(re.escape, (*VIDEO_SUFFIXES, FRAMES_SUFFIX)))})(?:-\d+)?\.\w+$"
IMAGE_NAME = re.compile(rf"(?!\.|{OF_A_VIDEO})(?:.*?\D)?(\d+)\.(?:jpe?g|png)", re.IGNORECASE)


def is_frame_folder(folder: Path) -> bool:
    """Whether a folder holds numbered images, and no videos at any depth, and so is a video itself."""
    names = _seen(os.listdir(folder))  # noqa: PTH208 as text
    return any(map(IMAGE_NAME.fullmatch, names)) and not any(
        _is_called(name, VIDEO_SUFFIXES) for _, folders, names in _folders(folder) for name in (*folders, *names)
    )


def _is_called(name, suffixes):
    return Path(name).suffix.lower() in suffixes


def videos_in(folder: Path, suffixes: Sequence[str] = VIDEO_SUFFIXES) -> list[Path]:
    """The videos in a folder and in those within it: files with these suffixes, and folders of numbered images.

    Sorted, without hidden ones; links are followed. The folder itself is not one of them.
    """
    videos: list[Path] = []
    for parent, folders, names in _folders(folder, onerror=_raise):
        images = [name for name in folders if is_frame_folder(parent / name)]
        folders[:] = [name for name in folders if name not in images]
        videos += [parent / name for name in (*names, *images) if name in images or _is_called(name, suffixes)]
    # The reader reports a link whose file is gone; a socket is no video.
    return sorted(path for path in videos if path.is_dir() or path.is_file() or not path.exists())


def _folders(folder: Path, onerror: Callable | None = None) -> Iterator[tuple[Path, list[str], list[str]]]:
    """`os.walk` along links, without hidden files and folders."""
    walked: set[str] = set()  # a link may lead back to where it lies
    for parent, folders, names in os.walk(folder, onerror=onerror, followlinks=True):
        place = os.path.realpath(parent)
        if place in walked:
            folders.clear()
            continue
        walked.add(place)
        names, folders[:] = (_seen(each) for each in (names, folders))
        yield Path(parent), folders, names


def _seen(names):
    """Without hidden names, such as macOS's `._dive.mp4` and `.Trash`."""
    return [name for name in names if not name.startswith(".")]


def _raise(error):
    raise error
