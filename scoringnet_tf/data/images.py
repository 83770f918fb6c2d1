"""Folders of numbered images, each of which is a video. No TensorFlow."""

import functools
from pathlib import Path
from typing import Any

import av

from scoringnet_tf.data.containers import DECODER_OPTIONS, VideoError
from scoringnet_tf.data.video_files import IMAGE_NAME
from scoringnet_tf.support.messages import counted

IMAGE_CODECS = {b"\xff\xd8": "mjpeg", b"\x89P": "png"}  # first bytes: FFmpeg's decoder
# A decoder would rather paint the rest of a damaged image grey.
IMAGE_OPTIONS = {**DECODER_OPTIONS, "err_detect": "crccheck+explode"}


def image_paths(folder: Path, frames: tuple[int, int] | None = None) -> list[Path]:
    """The images of a folder, or those of its frames [start, stop), in order.

    Frames are counted from 0: it is the image of number 0 if there is one, else of number 1.

    Raises:
        VideoError: there are no numbered images, a number is missing, or the names differ in more than that.
    """
    images = _numbered_images(folder, folder.stat().st_mtime_ns)
    if not images:
        raise VideoError("no_images", f"{folder} is a folder without numbered images.")
    if frames is None:
        numbers = range(min(images), max(images) + 1)
    else:
        first = 0 if 0 in images else 1
        numbers = range(frames[0] + first, frames[1] + first)
    missing = next((number for number in numbers if number not in images), None)
    if missing is not None:
        stored = f"{counted(len(images), 'image')}, {min(images)} to {max(images)}"
        raise VideoError("missing_image", f"{folder}: there is no image number {missing} ({stored}).")
    return [folder / images[number] for number in numbers]


def images_to_cut(folder: Path) -> list[Path]:
    """The images of a folder to take a stretch of, in order: frame 0 is the first.

    Raises:
        VideoError: as `image_paths`, or they are numbered from 2 or later, so that a `Clip` would take others.
    """
    images = image_paths(folder)
    if (first := first_number(folder)) > 1:
        raise VideoError(
            "wrong_numbering", f"{folder}: a stretch needs images numbered from 0 or 1. These begin at {first}."
        )
    return images


def first_number(folder: Path) -> int:
    """The number of the first image of a folder of images."""
    return min(_numbered_images(folder, folder.stat().st_mtime_ns))


@functools.lru_cache(maxsize=2)  # a folder may hold every frame of a competition, and the clips of it come in turn
def _numbered_images(folder, changed):
    """{number: file name} of a folder that was last `changed` then."""
    images: dict[int, str] = {}
    forms: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        match = IMAGE_NAME.fullmatch(path.name)
        if match is None:
            continue
        forms.setdefault(path.name[: match.start(1)], path.name)
        if len(forms) > 1:
            names = ", ".join(forms.values())
            raise VideoError(
                "mixed_images", f"{folder}: images of two names, {names}.", "They may differ in numbers alone."
            )
        number = int(match[1])
        if number in images:
            names = ", ".join(sorted([images[number], path.name]))
            raise VideoError("duplicate", f"{folder}: two images of one number, {names}.")
        images[number] = path.name
    return images


def decode_image(encoded: bytes) -> Any:
    """The `av.VideoFrame` of a JPEG or PNG file; None if it is anything else, or damaged."""
    if encoded[:2] not in IMAGE_CODECS:
        return None
    decoder: Any = av.CodecContext.create(IMAGE_CODECS[encoded[:2]], "r")
    decoder.options = IMAGE_OPTIONS
    try:
        frames = [*decoder.decode(av.Packet(encoded)), *decoder.decode(None)]
    except (av.FFmpegError, MemoryError):
        return None
    return frames[0] if len(frames) == 1 and not frames[0].is_corrupt else None
