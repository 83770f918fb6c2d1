"""Which files and folders are videos: files by their names, folders by numbered images in them."""

import itertools
import mimetypes
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scoringnet_tf.data.containers import holds_moving_pictures
from scoringnet_tf.data.webp import is_webp, num_webp_frames

MAX_PROBED = 1000  # files without the name of a video: half a second of an archive with results beside it
VIDEO_SUFFIXES = (  # none of digits alone, as of `dive.264.png`, a numbered image
    *(".avi", ".mp4", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".gif", ".webp"),
    *(".ts", ".m2ts", ".mts", ".wmv", ".flv", ".3gp", ".ogv", ".mxf"),
    *(".3g2", ".asf", ".divx", ".dv", ".f4v", ".gxf", ".ivf", ".m2p", ".m2t", ".mk3d", ".mpe", ".nut", ".ogm", ".qt"),
    *(".rm", ".rmvb", ".tod", ".tp", ".trp", ".vob", ".wtv", ".y4m"),
    *(".avc", ".h261", ".h263", ".h264", ".h265", ".hevc", ".m1v", ".m2v", ".mjpeg", ".mjpg"),
)
FRAMES_SUFFIX = ".frames"  # of a video without such a suffix, as a folder of frames, in the name of a picture
# A picture of a video, `dive.mp4.png` or `dive2.frames-2.png`, as `predict --plot_dir` draws it, is no frame of one.
OF_A_VIDEO = rf".*(?:{'|'.join(map(re.escape, (*VIDEO_SUFFIXES, FRAMES_SUFFIX)))})(?:-\d+)?\.\w+$"
IMAGE_NAME = re.compile(rf"(?!\.|{OF_A_VIDEO})(?:.*?\D)?(\d+)\.(?:jpe?g|png)", re.IGNORECASE)


def holds_video(path: Path) -> bool:
    """Whether a file holds more video than a cover picture, by its first bytes; False for raw streams.

    FFmpeg takes other files, too, for the raw stream of a codec.
    """
    return num_webp_frames(path) > 1 if is_webp(path) else holds_moving_pictures(path)


def is_frame_folder(folder: Path) -> bool:
    """Whether a folder holds numbered images, and no videos at any depth, and so is a video itself."""
    names = _seen(os.listdir(folder))  # noqa: PTH208 as text
    return _are_frames(names) and not any(
        _holds_called((*folders, *names), VIDEO_SUFFIXES) for _, folders, names in _folders(folder)
    )


def _are_frames(names):
    return any(map(IMAGE_NAME.fullmatch, names))


def _holds_called(names, suffixes):
    return any(_is_called(name, suffixes) for name in names)


def _is_called(name, suffixes):
    return Path(name).suffix.lower() in suffixes


def videos_in(folder: Path, suffixes: Sequence[str] = VIDEO_SUFFIXES) -> list[Path]:
    """The videos in a folder and in those within it: files with these suffixes, and folders of numbered images.

    Sorted, without hidden ones; links are followed. The folder itself is not one of them.
    """
    videos: list[Path] = []
    for parent, names, images in _walked(folder):
        videos += [parent / name for name in names if _is_called(name, suffixes)] + [parent / name for name in images]
    # The reader reports a link whose file is gone; a socket is no video.
    return sorted(path for path in videos if path.is_dir() or path.is_file() or not path.exists())


def videos_called_otherwise(folder: Path) -> list[Path]:
    """The files in a folder, at any depth, that hold a video by their content and are not called as one. Sorted.

    None that is hidden, or in a folder of numbered images. Of many files the first `MAX_PROBED` are probed.
    """
    files = (parent / name for parent, names, _ in _walked(folder) for name in names if _may_hold_video(name))
    looked_into = itertools.islice((path for path in files if path.is_file()), MAX_PROBED)
    return sorted(path for path in looked_into if holds_video(path))


def images_above_videos(folder: Path) -> list[Path]:
    """The folders that `videos_in` looks into with numbered images in them and no videos beside these. Sorted.

    If such a folder is itself no video, videos lie further down.
    """
    return sorted(
        parent
        for parent, names, _ in _walked(folder)
        if _are_frames(names) and not _holds_called(names, VIDEO_SUFFIXES)
    )


def _may_hold_video(name):
    kind = mimetypes.guess_type(name)[0] or ""
    return not _is_called(name, VIDEO_SUFFIXES) and not kind.startswith(("image/", "text/", "audio/"))


def _walked(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """(folder, names of its files, names of its folders of numbered images) of a folder and all others within it."""
    for parent, folders, names in _folders(folder, onerror=_raise):
        images = [name for name in folders if is_frame_folder(parent / name)]
        folders[:] = [name for name in folders if name not in images]
        yield parent, names, images


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
