"""The videos that a command line means: files, folders, patterns, addresses, a list on standard input.

It imports no TensorFlow, so that a command refuses what is missing at once.
"""

import contextlib
import dataclasses
import glob
import itertools
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from scoringnet_tf.data.features import ORIGIN_NAME, FeatureFile
from scoringnet_tf.data.features import SUFFIXES as FEATURE_SUFFIXES
from scoringnet_tf.data.images import images_to_cut
from scoringnet_tf.data.timing import DEFAULT_FPS, duration_of, frame_at
from scoringnet_tf.data.video import Clip, VideoError, frame_times, shown_until
from scoringnet_tf.data.video_files import (
    VIDEO_SUFFIXES,
    is_frame_folder,
    videos_in,
)
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import local_file
from scoringnet_tf.support.messages import Remark
from scoringnet_tf.support.paths import AnyPath, RemotePath, answered, as_path, beside

if TYPE_CHECKING:
    from scoringnet_tf.inference.predictor import Predictor
    from scoringnet_tf.inference.results import VideoScore

STANDARD_INPUT = "-"
BYTE_ORDER_MARK = "\ufeff"  # Windows begins a list in UTF-8 with it
Result = TypeVar("Result")
Named: TypeAlias = tuple[str, InputError | None]  # a video; or what was meant to be one, and why it is none
ROUNDED_END = 0.5  # seconds: players round the end of a video, or count to the end of the sound
DAMAGED = "file"  # stands in `Scored.changed` for a kept result that is not as it was written
OPENCV_NO_MEMORY = -4  # cv::Error::StsNoMem


def named_videos(
    arguments: Iterable[str],
    suffixes: Sequence[str] = VIDEO_SUFFIXES,
) -> Iterator[Named]:
    """(path, None) of every video that the arguments mean, once and in order; (argument, error) if one means none.

    Args:
        arguments: paths of files, of folders of numbered images, of folders in which videos lie, at any depth; patterns
            (`*`, `?`, `[…]`, `**`) of such; addresses that fsspec reads, a file each; `-` for a line each of standard
            input.
        suffixes: of the files in folders that count.
    """
    seen: set[str] = set()  # two arguments may mean one video; a pattern such as `**` a folder, and what is in it
    for argument in _with_listed(arguments):
        try:
            matches = _matches(argument)
        except (InputError, OSError) as error:
            yield argument, _as_input_error(argument, error)
            continue
        for match in matches:
            try:
                found = _meant(match, suffixes)
            except (InputError, OSError) as error:
                yield match, _as_input_error(match, error)
                continue
            for path in found:
                place = _place(path)
                if place not in seen:
                    seen.add(place)
                    yield path, None


def _with_listed(arguments):
    """The arguments, in place of `-` the lines of standard input."""
    for argument in arguments:
        if argument == STANDARD_INPUT:
            for number, line in enumerate(sys.stdin):
                name = (line if number else line.removeprefix(BYTE_ORDER_MARK)).rstrip("\r\n")
                if name and name != STANDARD_INPUT:
                    yield name
        else:
            yield argument


def _place(video):
    """What is the same of two names of one file or folder."""
    path = as_path(video)
    return video if isinstance(path, RemotePath) else os.path.realpath(path)


def _as_input_error(argument, error):
    return error if isinstance(error, InputError) else InputError("unreadable", f"{argument}: {error.strerror}.")


def _matches(argument):
    """What a pattern matches, without the images of folders that it matches too; anything else as it is."""
    if not argument:
        raise InputError("empty_argument", "An argument is empty.", "Name a video, a folder or a pattern.")
    if "\0" in argument:
        first = argument.partition("\0")[0]
        raise InputError(
            "nul_separated", f"A NUL follows {first!r}.", "Put one name on each line: `find -print`, not `-print0`."
        )
    if isinstance(as_path(argument), RemotePath):
        # In an address of the web any of these letters may stand for itself.
        if not argument.lower().startswith(("http:", "https:")) and (argument.endswith("/") or "*" in argument):
            what = "a folder" if argument.endswith("/") else "a pattern"
            raise InputError("remote_folder", f"{argument} is {what} in an object store.", "Name each file.")
        return [argument]
    if not glob.has_magic(argument) or os.path.lexists(argument):
        return [argument]
    found = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 Path.glob takes no absolute pattern
    if not found:
        raise InputError("not_found", f"No files match {argument!r}.")
    paths = [str(Path(each)) for each in found]
    folders = {path for path in paths if Path(path).is_dir() and is_frame_folder(Path(path))}
    return [path for path in paths if str(Path(path).parent) not in folders]


def _meant(argument, suffixes):
    """The paths that one argument, or one match of a pattern, means."""
    path = as_path(argument)
    if isinstance(path, RemotePath):
        return [argument]
    if path.is_dir():
        if is_frame_folder(path):
            return [argument]
        found = videos_in(path, suffixes)
        if not found:
            raise InputError("no_videos", f"The folder {argument!r} has no videos and no numbered images (.jpg, .png).")
        return [str(each) for each in found]
    check_is_there(argument, suffixes)
    return [argument]


def check_is_there(path: str, suffixes: Sequence[str] = VIDEO_SUFFIXES) -> None:
    """Refuses a local path that nothing can be read from, whatever may be in it.

    Args:
        path: as a user names a video, or features.
        suffixes: `VIDEO_SUFFIXES`, or those of features.

    Raises:
        InputError: there is no such file, or image of a folder.
        OSError: it cannot be opened.
    """
    if suffixes == VIDEO_SUFFIXES:
        file = Clip(Path(path)).files()[0]
    else:
        features = FeatureFile.parse(path)
        features.check_is_file()
        file = features.path
    file.open("rb").close()


def unreadable(paths: Iterable[str]) -> list[InputError]:
    """The errors of those local videos that cannot be read."""
    wrong = []
    for path in paths:
        try:
            check_is_there(path)
        except (InputError, OSError) as error:
            wrong.append(_as_input_error(path, error))
    return wrong


def stretch(path: Path, start: float | None, end: float | None, stream: int | None = None) -> Clip:
    """The frames that a video shows from `start` to `end`: from the frame at `start` to that before the one at `end`.

    Args:
        path: of a local video file, or of a folder of images.
        start, end: seconds since its first frame; None for its beginning and end, which `end` may exceed by
            `ROUNDED_END`, or as far as the last frame is held.
        stream: as of `VideoStream`.

    Raises:
        InputError: no frame is shown then, or none is at the end of it.
        VideoError: as `frame_times`.
    """
    if start is None and end is None:
        return Clip(path)
    if path.is_dir():
        times = [index / DEFAULT_FPS for index in range(len(images_to_cut(path)))]
    else:
        times = list(frame_times(path, stream))
    duration = duration_of(times)
    first = frame_at(start or 0.0, times)
    stop = frame_at(duration if end is None or _is_about_the_end(end, duration, path, stream) else end, times)
    if first is None or stop is None or first >= stop:
        span = f"{start or 0:g} to {'its end' if end is None else f'{end:g} s'}"
        raise InputError(
            "out_of_range", f"{path} has no frames from {span}; its frames are shown from 0 to {times[-1]:.2f} s."
        )
    return Clip(path, (first, stop))


def _is_about_the_end(end, duration, path, stream):
    """Whether `end`, seconds, is beyond the last frame but within what players call the end of the video."""
    if end <= duration + ROUNDED_END:
        return end > duration
    return not path.is_dir() and end <= shown_until(path, stream) + ROUNDED_END


def stretched(path: Path, start: float | None, end: float | None, stream: int | None = None) -> Path | Clip:
    """The path itself if neither `start` nor `end` is given, or else `stretch`."""
    return path if start is None and end is None else stretch(path, start, end, stream)


@contextlib.contextmanager
def local_video(path: AnyPath) -> Iterator[Path]:
    """Yields a local path of what is at `path`: itself, or a copy for as long as the block lasts.

    Beside a copy of features lies one of what says there what made them, if anything does.

    Raises:
        VideoError: it cannot be fetched.
    """
    found = as_path(path)
    if not isinstance(found, RemotePath):
        yield found
        return
    with contextlib.ExitStack() as stack:
        try:
            copy = stack.enter_context(local_file(found))
            if copy.suffix.lower() in FEATURE_SUFFIXES:
                origin = beside(found, ORIGIN_NAME)
                # So says a store that may not be listed of what is not there.
                with contextlib.suppress(PermissionError):
                    if origin.is_file():
                        origin.download(copy.with_name(ORIGIN_NAME))
        except Exception as error:  # botocore's, aiohttp's, Google's and Azure's have no class in common
            answer = answered(error, path)
            raise VideoError(answer.code, f"{path}: {answer}") from error
        try:
            yield copy
        except InputError as error:
            raise type(error)(error.code, str(error).replace(str(copy), str(path))) from error


def reading_ahead(
    predictor: "Predictor", videos: Sequence[Named], stream: int | None = None
) -> Generator[Named, None, None]:
    """Yields videos; while one is scored by `scored`, without a stretch of it, the next one is read. To be closed.

    Args:
        predictor: `Predictor`.
        videos: of `named_videos`. Those that must be fetched are not read ahead.
        stream: as of `VideoStream`.
    """
    try:
        for named, following in itertools.zip_longest(videos, videos[1:]):
            if following is not None and following[1] is None:
                path = as_path(following[0])
                if not isinstance(path, RemotePath):
                    predictor.read_ahead(path, stream)
            yield named
    finally:
        predictor.read_no_further()


@dataclasses.dataclass(frozen=True)
class Scored:
    """The outcome for a video.

    Attributes:
        video: its name.
        result: its score, or why there is none.
        reused: whether `result` was kept before.
        changed: why a kept result did not count: "video", "model", "options", "versions" (of this package or a library)
            have changed, or the file is `DAMAGED`.
    """

    video: str
    result: "VideoScore | Remark"
    reused: bool = False
    changed: tuple[str, ...] = ()


def score_named(named: Named, predictor: "Predictor", **options: Any) -> Scored:
    """Scores a video of `named_videos`; nothing is kept. `options` are those of `inputs.scored`."""
    return Scored(named[0], scored(predictor, *named, **options))


def scored(
    predictor: Any,
    video: str,
    error: InputError | None = None,
    *,
    stream: int | None = None,
    start: float | None = None,
    end: float | None = None,
    force: bool = False,
    found: "Callable[[VideoScore], None] | None" = None,
) -> "VideoScore | Remark":
    """The score of a video, or why there is none.

    Args:
        predictor: `Predictor`.
        video, error: of `named_videos`.
        stream: as of `VideoStream`.
        start, end: as of `stretch`.
        force: as of `score_video`.
        found: of `Predictor.score_file`; an OSError of it is raised: the video has no part in that.
    """

    def tell(performance):
        try:
            found(performance)  # type: ignore[misc]
        except OSError as wrong:
            raise _Untold(wrong) from wrong

    def score(path):
        source = stretched(path, start, end, stream)
        return predictor.score_file(source, video, stream=stream, force=force, found=found and tell)

    try:
        return attempted(score, video, error)
    except _Untold as untold:
        raise untold.args[0] from None


class _Untold(Exception):
    """Carries an OSError of `found` past `attempted`."""


def attempted(function: Callable[[Path], Result], video: str, error: InputError | None = None) -> Result | Remark:
    """What `function` gives of a video, or why it gives nothing: what is wrong with one ends nothing but itself.

    Args:
        function: of a local path.
        video, error: of `named_videos`.
    """
    try:
        if error is not None:
            raise error
        with local_video(video) as path:
            return function(path)
    except InputError as wrong:
        return Remark("unreadable", str(wrong))
    except OSError as wrong:
        return Remark("unreadable", f"{video}: {wrong.strerror or wrong}.")
    except Exception as wrong:
        if not _lacks_memory(wrong):
            raise
        return Remark("out_of_memory", f"{video} does not fit into memory.")


def _lacks_memory(error):
    """Whether Python, TensorFlow or OpenCV had too little; the latter two are not imported to know."""
    name = type(error).__name__
    is_of_opencv = type(error).__module__ == "cv2" and error.code == OPENCV_NO_MEMORY
    return isinstance(error, MemoryError) or name == "ResourceExhaustedError" or is_of_opencv
