"""Which files and folders are videos: files by their names, folders by numbered images in them. No TensorFlow."""

import functools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from scoringnet_tf.data.containers import DECODER_OPTIONS, VideoError
from scoringnet_tf.support.messages import counted

VIDEO_SUFFIXES = (  # none of digits alone, as of `dive.264.png`, a numbered image
    *(".avi", ".mp4", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".gif"),
    *(".ts", ".m2ts", ".mts", ".wmv", ".flv", ".3gp", ".ogv", ".mxf"),
    *(".3g2", ".asf", ".divx", ".dv", ".f4v", ".gxf", ".ivf", ".m2p", ".m2t", ".mk3d", ".mpe", ".nut", ".ogm", ".qt"),
    *(".rm", ".rmvb", ".tod", ".tp", ".trp", ".vob", ".wtv", ".y4m"),
)
FRAMES_SUFFIX = ".frames"  # of a video without such a suffix, as a folder of frames, in the name of a picture
DRAWN_SUFFIX = ".stages.mp4"  # of a video that `predict --video_dir` drew: no folder has it as one of its videos
# A picture of a video, `dive.mp4.png` or `dive2.frames-2.png`, as `predict --plot_dir` draws it, is no frame of one.
OF_A_VIDEO = rf".*(?:{'|'.join(map(re.escape, (*VIDEO_SUFFIXES, FRAMES_SUFFIX)))})(?:-\d+)?(?:\.stages)?\.\w+$"
IMAGE_NAME = re.compile(rf"(?!\.|{OF_A_VIDEO})(?:.*?\D)?(\d+)\.(?:jpe?g|png)", re.IGNORECASE)
IMAGE_CODECS = {b"\xff\xd8": "mjpeg", b"\x89P": "png"}  # first bytes: FFmpeg's decoder
# A decoder would rather paint the rest of a damaged image grey.
IMAGE_OPTIONS = {**DECODER_OPTIONS, "err_detect": "crccheck+explode"}


def is_frame_folder(folder: Path) -> bool:
    """Whether a folder holds numbered images, and no videos at any depth, and so is a video itself."""
    names = _seen(os.listdir(folder))  # noqa: PTH208 as text
    return any(map(IMAGE_NAME.fullmatch, names)) and not any(
        _is_called(name, VIDEO_SUFFIXES) for _, folders, names in _folders(folder) for name in (*folders, *names)
    )


def _is_called(name: str, suffixes: Sequence[str]) -> bool:
    return Path(name).suffix.lower() in suffixes and not name.lower().endswith(DRAWN_SUFFIX)


def videos_in(folder: Path, suffixes: Sequence[str] = VIDEO_SUFFIXES) -> list[Path]:
    """The videos in a folder and in those within it: files with these suffixes, and folders of numbered images.

    Sorted, without hidden ones; links are followed. The folder itself is not one of them.
    """
    videos: list[Path] = []
    for parent, names, images in _walked(folder):
        videos += [parent / name for name in (*names, *images) if name in images or _is_called(name, suffixes)]
    # The reader reports a link whose file is gone; a socket is no video.
    return sorted(path for path in videos if path.is_dir() or path.is_file() or not path.exists())


def others_in(folder: Path, suffixes: Sequence[str] = VIDEO_SUFFIXES) -> list[Path]:
    """The files in a folder, at any depth, that `videos_in` passes over; no hidden ones, none named after a video."""
    return [
        parent / name
        for parent, names, _ in _walked(folder)
        for name in names
        if not _is_called(name, suffixes) and not re.match(OF_A_VIDEO, name, re.IGNORECASE)
    ]


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


def _seen(names: list[str]) -> list[str]:
    """Without hidden names, such as macOS's `._dive.mp4` and `.Trash`."""
    return [name for name in names if not name.startswith(".")]


def _raise(error: OSError) -> NoReturn:
    raise error


def image_paths(folder: Path, frames: tuple[int, int] | None = None) -> list[Path]:
    """The images of a folder, or those of its frames [start, stop), in order; frame 0 has number 0 or else 1.

    Raises:
        VideoError: there are no numbered images, a number is missing, or the names differ in more than that.
    """
    images = _numbered_images(folder, folder.stat().st_mtime_ns)
    if not images:
        raise VideoError("no_images", f"{folder} is a folder without numbered images.")
    first = 0 if 0 in images else 1
    numbers = range(frames[0] + first, frames[1] + first) if frames else range(min(images), max(images) + 1)
    missing = next((number for number in numbers if number not in images), None)
    if missing is not None:
        stored = f"{counted(len(images), 'image')}, {min(images)} to {max(images)}"
        raise VideoError("missing_image", f"{folder}: there is no image number {missing} ({stored}).")
    return [folder / images[number] for number in numbers]


def images_to_cut(folder: Path) -> list[Path]:
    """The images of a folder to take a stretch of; VideoError if they begin at 2 or later: a `Clip` takes others."""
    images = image_paths(folder)
    if (first := first_number(folder)) > 1:
        raise VideoError("wrong_numbering", f"{folder}: a stretch needs images from number 0 or 1 on, not {first}.")
    return images


def first_number(folder: Path) -> int:
    """The number of the first image of a folder of images."""
    return min(_numbered_images(folder, folder.stat().st_mtime_ns))


@functools.lru_cache(maxsize=2)  # a folder may hold every frame of a competition, and the clips of it come in turn
def _numbered_images(folder: Path, changed: int) -> dict[int, str]:
    """{number: file name} of a folder that was last `changed` then."""
    images: dict[int, str] = {}
    forms: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        match = IMAGE_NAME.fullmatch(path.name)
        if match is None:
            continue
        forms.setdefault(path.name[: match.start(1)], path.name)
        if len(forms) > 1:
            raise VideoError("mixed_images", f"{folder}: images of two names, {', '.join(forms.values())}.")
        number = int(match[1])
        if number in images:
            raise VideoError("duplicate", f"{folder}: two images of one number, {images[number]}, {path.name}.")
        images[number] = path.name
    return images


def decode_image(encoded: bytes) -> Any:
    """The `av.VideoFrame` of a JPEG or PNG file; None if it is anything else, or damaged."""
    if encoded[:2] not in IMAGE_CODECS:
        return None
    import av

    decoder: Any = av.CodecContext.create(IMAGE_CODECS[encoded[:2]], "r")
    decoder.options = IMAGE_OPTIONS
    try:
        frames = [*decoder.decode(av.Packet(encoded)), *decoder.decode(None)]
    except (av.FFmpegError, MemoryError):
        return None
    return frames[0] if len(frames) == 1 and not frames[0].is_corrupt else None
