"""The videos that a command line means: files, folders, patterns.

It imports no TensorFlow, so that a command refuses what is missing at once.
"""

import contextlib
import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tqdm import tqdm

from scoringnet_tf.data.features import ORIGIN_NAME, FeatureFile
from scoringnet_tf.data.timing import DEFAULT_FPS, duration_of, frame_at
from scoringnet_tf.data.video import Clip, frame_times
from scoringnet_tf.data.video_files import VIDEO_SUFFIXES, images_to_cut, is_frame_folder, others_in, videos_in
from scoringnet_tf.support.messages import InputError, Remark, counted, shown
from scoringnet_tf.support.paths import as_path

ROUNDED_END = 0.5  # seconds: players round the end of a video, or count to the end of the sound
OPENCV_NO_MEMORY = -4  # cv::Error::StsNoMem
Named: TypeAlias = tuple[str, InputError | None]  # a video; or what was meant to be one, and why it is none


def named_videos(
    arguments: Iterable[str], suffixes: Sequence[str] = VIDEO_SUFFIXES, command: str = ""
) -> Iterator[Named]:
    """(path, None) of every video that the arguments mean, once and in order; (argument, error) if one means none.

    Arguments are files, folders of numbered images, folders in which files with the suffixes lie, at any depth,
    and patterns (`*`, `?`, `[…]`, `**`). With a `command`'s name stderr is told at the end which files of folders were
    skipped.
    """
    seen: set[str] = set()  # two arguments may mean one video; a pattern such as `**` a folder, and what is in it
    others: dict[str, str] = {}
    for argument in arguments:
        for match, error in _attempt(_matches, argument):
            for video, wrong in _attempt(_expanded, match, suffixes) if error is None else [(match, error)]:
                if wrong is not None:
                    yield video, wrong
                    continue
                place = os.path.realpath(video)
                if place not in seen:
                    yield video, None
                seen.add(place)
            others |= _other_files(match, suffixes) if command else {}
    if names := [name for place, name in others.items() if place not in seen]:
        tqdm.write(f"{command}: Skipped {counted(len(names), 'file')} of other types: {shown(names)}.", sys.stderr)


def _other_files(match: str, suffixes: Sequence[str]) -> dict[str, str]:
    """The files of a folder that are no videos, real path → name; that it cannot be opened is told already."""
    with contextlib.suppress(OSError):
        if Path(match).is_dir() and not is_frame_folder(Path(match)):
            others = (each for each in others_in(Path(match), suffixes) if each.name != ORIGIN_NAME)
            return {os.path.realpath(each): str(each) for each in others}
    return {}


def _attempt(function: Callable, name: str, *arguments: Any) -> list[Named]:
    """(each, None) of what the function gives of a name; or the name and why it gives nothing."""
    try:
        return [(each, None) for each in function(name, *arguments)]
    except InputError as error:
        return [(name, error)]
    except OSError as error:
        return [(name, InputError("unreadable", f"{name}: {error.strerror}."))]


def _matches(argument: str) -> list[str]:
    """What a pattern matches, without the images of folders that it matches too; anything else as it is."""
    if not argument:
        raise InputError("empty_argument", "An argument is empty.", "Name a video, a folder or a pattern.")
    as_path(argument)  # an address is refused
    if not glob.has_magic(argument) or os.path.lexists(argument):
        return [argument]
    paths = [str(Path(each)) for each in sorted(glob.glob(argument, recursive=True))]  # noqa: PTH207 may be absolute
    if not paths:
        raise InputError("not_found", f"No files match {argument!r}.")
    folders = {path for path in paths if Path(path).is_dir() and is_frame_folder(Path(path))}
    return [path for path in paths if str(Path(path).parent) not in folders]


def _expanded(argument: str, suffixes: Sequence[str]) -> list[str]:
    """The paths that one argument, or one match of a pattern, means."""
    path = Path(argument)
    if path.is_dir() and is_frame_folder(path):
        return [argument]
    if not path.is_dir():
        return _readable(argument, suffixes)
    videos = videos_in(path, suffixes)
    if not videos:
        raise InputError("no_videos", f"The folder {argument!r} has no videos and no numbered images (.jpg, .png).")
    return [str(each) for each in videos]


def _readable(path: str, suffixes: Sequence[str] = VIDEO_SUFFIXES) -> list[str]:
    """`[path]` of a local video, or of features by `suffixes`; InputError or OSError if it cannot be opened."""
    if suffixes == VIDEO_SUFFIXES:
        file = Clip(Path(path)).files()[0]
    else:
        features = FeatureFile.parse(path)
        features.check_is_file()
        file = features.path
    file.open("rb").close()
    return [path]


def unreadable(paths: Iterable[str]) -> list[InputError]:
    """The errors of those local videos that cannot be read."""
    return [error for path in paths for _, error in _attempt(_readable, path) if error]


def stretched(path: Path, start: float | None, end: float | None) -> Path | Clip:
    """What a local video shows from `start` to `end`, seconds since its first frame: a `Clip`; the path for the whole.

    InputError if no frame is shown then; VideoError as `frame_times`.
    """
    if start is None and end is None:
        return path
    if path.is_dir():
        times = [index / DEFAULT_FPS for index in range(len(images_to_cut(path)))]
    else:
        times = list(frame_times(path))
    duration = duration_of(times)
    last = duration if end is None or duration < end <= duration + ROUNDED_END else end
    first, stop = frame_at(start or 0.0, times), frame_at(last, times)
    if first is None or stop is None or first >= stop:
        span = f"{start or 0:g} to {'its end' if end is None else f'{end:g} s'}"
        text = f"{path} has no frames from {span}; its frames are shown from 0 to {times[-1]:.2f} s."
        raise InputError("out_of_range", text)
    return Clip(path, (first, stop))


def problem_with(video: str, error: Exception) -> Remark:
    """What is wrong with a video, which ends nothing but itself; raises an error that is not its fault."""
    if isinstance(error, InputError):
        return Remark("unreadable", str(error))
    if isinstance(error, OSError):
        return Remark("unreadable", f"{video}: {error.strerror or error}.")
    # TensorFlow is not imported to know its error; OpenCV's has a number.
    is_memory = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    if is_memory or (type(error).__module__, getattr(error, "code", None)) == ("cv2", OPENCV_NO_MEMORY):
        return Remark("out_of_memory", f"{video} does not fit into memory.")
    raise error
