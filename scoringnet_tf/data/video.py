"""Decoding of video files with PyAV, and of folders of images: every frame, as RGB, or a clear error. No TensorFlow."""

import bisect
import collections.abc
import dataclasses
import functools
import hashlib
import itertools
import re
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from scoringnet_tf.data.frame_conversion import ShownFrames, is_transposed
from scoringnet_tf.data.matroska import cut_off
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, resize_frame
from scoringnet_tf.data.webp import is_webp, num_frames, webp_frames
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted
from scoringnet_tf.support.paths import what_is_at

DEFAULT_FPS = 25.0  # where a file gives neither a frame rate nor timestamps: the rate of the UNLV and UCF videos
# MPEG-4 with packed B-frames (old AVI files) announces one frame more than it holds: that is no damage.
ANNOUNCED_TOLERANCE = 1
# Frames this many times as far apart as those asked for are mixed; repeated, the athlete stops and jumps. Of dives at
# half the rate of training 96 % of the frames are labelled rightly and 4 % of the scores withheld; repeated 92 % and
# 23 % (python -m benchmarks.frame_rates).
SPARSE = 1.5
MAX_REPEATS = 10  # of each frame, on average, to show a video at another rate
MAX_PIXEL_ASPECT = 4.0  # anamorphic film has 2; what is further from 1 is a damaged header
DECODER_OPTIONS = {"max_pixels": str(2**26)}  # a damaged header may not ask for endless memory; 8K video has 2**25
SMALLEST_FRAME = 8  # bytes: a packet of fewer repeats a frame, or (packed B-frames of old AVI files) is none
# FFmpeg's containers of one video, told by content whatever a file is called. Of the others some are lists of files
# (hls, concat, dash, sdp, image2, …): who made one could have any file read.
CONTAINERS = (
    "avi,mov,matroska,mpeg,mpegts,mpegvideo,asf,flv,gif,apng,ogg,nut,mxf,gxf,wtv,ivf,dv,rm,swf,"
    "h261,h263,h264,hevc,vvc,av1,obu,m4v,mjpeg,vc1,dirac,yuv4mpegpipe"
)
FORMAT_OPTIONS = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
GLANCE = {"formatprobesize": "4096"}  # bytes to tell a format by: of 1 MB, as FFmpeg takes, 0.1 s for what is none
NO_TIMESTAMPS = 0x80  # FFmpeg's AVFMT_NOTIMESTAMPS: raw streams, of which it says 25 frames/s whatever they state
HASHED_BYTES = 2**20  # at a time, for a broadcast of hours is hashed as well
VIDEO_SUFFIXES = (  # none of digits alone, as of `dive.264.png`, a numbered image
    *(".avi", ".mp4", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".gif", ".webp"),
    *(".ts", ".m2ts", ".mts", ".wmv", ".flv", ".3gp", ".ogv", ".mxf"),
    *(".3g2", ".asf", ".divx", ".dv", ".f4v", ".gxf", ".ivf", ".m2p", ".m2t", ".mk3d", ".mpe", ".nut", ".ogm", ".qt"),
    *(".rm", ".rmvb", ".tod", ".tp", ".trp", ".vob", ".wtv", ".y4m"),
    *(".avc", ".h261", ".h263", ".h264", ".h265", ".hevc", ".m1v", ".m2v", ".mjpeg", ".mjpg"),
)
ROUNDING = 0.005  # seconds: times are told in hundredths, or cut to whole milliseconds
CREDIBLE_SHARE = 0.9  # of the timestamps of a file, where the others are bridged
FRAMES_SUFFIX = ".frames"  # of a video that is not called as one, such as a folder of frames, in the name of a picture
# A picture of a video, `dive.mp4.png` or `dive2.frames-2.png`, as `predict --plot_dir` draws it, is no frame of one.
OF_A_VIDEO = rf".*(?:{'|'.join(map(re.escape, (*VIDEO_SUFFIXES, FRAMES_SUFFIX)))})(?:-\d+)?\.\w+$"
IMAGE_NAME = re.compile(rf"(?!\.|{OF_A_VIDEO})(?:.*?\D)?(\d+)\.(?:jpe?g|png)", re.IGNORECASE)
IMAGE_CODECS = {b"\xff\xd8": "mjpeg", b"\x89P": "png"}  # first bytes: FFmpeg's decoder
# Of a damaged image a decoder would rather paint the rest grey.
IMAGE_OPTIONS = {**DECODER_OPTIONS, "err_detect": "crccheck+explode"}


class VideoError(InputError):
    """A video file is missing, is not a video, or cannot be decoded to its end."""


@dataclasses.dataclass(frozen=True)
class Video:
    """A decoded video.

    Attributes:
        frames: uint8 (L, H, W, 3), RGB, as shown (`frame_conversion`), resized if `read_video` was given a size. From a
            `VideoStream`: what its caller kept of each frame.
        fps: frames per second.
        timestamps: float64 (L,), seconds since the first frame.
        source_size: (height, width) of the first frame in the file.
        aspect: width over height of the picture as shown.
        warnings: what was assumed or lost, a `Remark` each.
        first_frame, first_time: number in the file, and seconds after its first frame, of the first of these frames.
        since: seconds, how much of the video was shown before these frames, of a part of one that is read in parts.
        shared: with how many of these frames the next part begins, 0 of the last one.
        sizes: int (L, 2), (height, width) of each frame in the file; those of `source_size` where they are not given.
    """

    frames: np.ndarray | collections.abc.Sequence
    fps: float
    timestamps: np.ndarray
    source_size: tuple[int, int]
    aspect: float
    warnings: tuple[str, ...] = ()
    first_frame: int = 0
    first_time: float = 0.0
    since: float = 0.0
    shared: int = 0
    sizes: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self):
        if self.sizes is None:
            object.__setattr__(self, "sizes", np.broadcast_to(self.source_size, (len(self.timestamps), 2)))

    @property
    def is_part(self) -> bool:
        """Whether these frames are a part of a video that was too long to be read at once."""
        return self.shared > 0 or self.since > 0

    def cut(self, start: int, stop: int) -> "Video":
        """The frames from number `start` of these to `stop`, shown at the same times."""
        times = self.timestamps[start:stop]
        return dataclasses.replace(
            self,
            frames=self.frames[start:stop],
            timestamps=times - times[0],
            first_frame=self.first_frame + start,
            first_time=self.first_time + float(times[0]),
            since=self.since + float(times[0]),
            shared=0,
            sizes=self.sizes[start:stop],
        )

    def is_sampled(self, rate: float | None) -> bool:
        """Whether `samples` goes by time: not for None, nor where nearly all that it shows would be repetitions.

        One timestamp of a damaged file may be years away.
        """
        return rate is not None and (self.timestamps[-1] + 1 / self.fps) * rate <= MAX_REPEATS * len(self.timestamps)

    def samples(self, rate: float | None) -> np.ndarray:
        """The frames that show the video at `rate` frames per second, float (K,): at k / rate the one nearest in time.

        Frames are left out or repeated by their timestamps, whatever rate the file states. Where they lie more than
        `SPARSE` times as far apart, a sample is a mixture of two: 3.25 is three parts of frame 3 and one of frame 4.
        All frames, once, unless `is_sampled`.
        """
        count = len(self.timestamps)
        if rate is None or not self.is_sampled(rate):
            return np.arange(count, dtype=float)
        first = self._first_sample(rate)
        end = max(first + 1, round((self.since + self.timestamps[-1] + 1 / self.fps) * rate))
        shown, times = self.since + self.timestamps, np.arange(first, end) / rate
        nearest = np.searchsorted((shown[:-1] + shown[1:]) / 2, times, side="right").astype(float)
        before = np.clip(np.searchsorted(shown, times, side="right") - 1, 0, max(count - 2, 0))
        sparse = np.diff(shown, append=np.inf)[before] * rate > SPARSE
        inside = sparse & (times >= shown[0]) & (times < shown[-1])
        return np.where(inside, np.interp(times, shown, np.arange(count)), nearest)

    def sample_of(self, rate: float | None) -> np.ndarray:
        """Of each frame, which of the `samples` is nearest in time; int (L,)."""
        if rate is None or not self.is_sampled(rate):
            return np.arange(len(self.timestamps))
        last = len(self.samples(rate)) - 1
        return np.clip(np.rint((self.since + self.timestamps) * rate).astype(int) - self._first_sample(rate), 0, last)

    def _first_sample(self, rate):
        """The number of the first of the `samples`, counted through all parts, so that they are those of the whole."""
        return int(np.rint(self.since * rate))


@dataclasses.dataclass(frozen=True)
class Clip:
    """A video on disk, or a stretch of one.

    Attributes:
        path: a video file, or a folder of images numbered in order (`img_00001.jpg`, `000001.png`, …).
        frames: (start, stop), frames counted from 0, stop exclusive; None for all. The images of a folder are numbered
            from 0 where there is a number 0, else from 1.

    Raises:
        VideoError: the stretch has no frames, or begins before the first one.
    """

    path: Path
    frames: tuple[int, int] | None = None

    def __post_init__(self):
        object.__setattr__(self, "path", Path(self.path))
        if self.frames is not None and not 0 <= self.frames[0] < self.frames[1]:
            start, stop = self.frames
            raise VideoError("out_of_range", f"{self.path}: frames {start} to {stop} must be 0 ≤ start < stop.")

    def __str__(self):
        """The path, with `#start-stop` where the clip is a stretch; `parse` takes it back."""
        return str(self.path) if self.frames is None else f"{self.path}#{self.frames[0]}-{self.frames[1]}"

    @classmethod
    def parse(cls, text: str) -> "Clip":
        """The clip that `str` gave."""
        stretch = re.fullmatch(r"(.*)#(\d+)-(\d+)", text)
        return cls(Path(stretch[1]), (int(stretch[2]), int(stretch[3]))) if stretch else cls(Path(text))

    def files(self) -> list[Path]:
        """The files that its pixels come from: the one, or its images in order.

        Raises:
            VideoError: there is no such file or folder, or an image is missing.
        """
        if self.path.is_dir():
            return image_paths(self)
        if not self.path.is_file():
            raise VideoError(
                "not_found", f"{self} is not a video file or a folder of images, but {what_is_at(self.path)}."
            )
        return [self.path]

    def sha256(self) -> str:
        """Of the bytes of its files one after the other, and of which frames of a file it is; hexadecimal."""
        files = self.files()
        if self.frames is None or self.path.is_dir():
            return _hash_of(files).hexdigest()
        status = self.path.stat()
        digest = _hash_as_of(self.path, status.st_size, status.st_mtime_ns).copy()
        digest.update(b"#%d-%d" % self.frames)
        return digest.hexdigest()


def _hash_of(paths):
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(HASHED_BYTES):
                digest.update(block)
    return digest


@functools.lru_cache(maxsize=4)  # the performances of a broadcast come in turn
def _hash_as_of(path, size, changed):
    """That of a file which had this size when it was last `changed`."""
    return _hash_of([path])


def read_video(
    source: Clip | str | Path, *, size: tuple[int, int] | None = None, partial: bool = False, num_threads: int = 0
) -> Video:
    """Decodes all frames of a `Clip`: of the main video stream of a file, or the images of a folder.

    Args:
        source, partial, num_threads: as of `VideoStream`.
        size: (height, width) to resize each frame to as it is decoded, so that a long video fits memory; None keeps
            the file's own.

    Returns:
        A `Video`.

    Raises:
        VideoError: as `VideoStream`.
    """
    stream = VideoStream(source, partial=partial, num_threads=num_threads)
    # All of one size: a broadcast may cut to 4:3 midway.
    frames = [resize_frame(frame, size or stream.source_size) for frame in stream]
    return stream.video(np.stack(frames))


class VideoStream:
    """The frames of a `Clip` one after the other, uint8 (H, W, 3), RGB, as shown; to be iterated over once.

    From the first frame on are known `source_size`, `pixel_aspect` (width over height of a pixel as shown), `aspect`
    (the same of the picture) and `announced` (how many frames the file says there are, 0 where it does not); `video`
    says the rest after the last one.

    Args:
        source: a `Clip`, or the path of a file in any format FFmpeg reads (animated GIF included) or of a folder.
        partial: if True, a video that is damaged half-way gives the frames before the damage and a warning instead of
            an error.
        num_threads: threads of the decoder; 0 lets FFmpeg choose.
        stream: number of a video stream of the file, from 0; None for the main one, which is no cover picture.

    Raises:
        VideoError: while iterating: the file is missing, not a video, has no frames or no such stream, cannot be read,
            or (unless `partial`) is truncated or corrupt; the folder has no numbered images, or one is missing or
            damaged.
    """

    def __init__(
        self,
        source: Clip | str | Path,
        *,
        partial: bool = False,
        num_threads: int = 0,
        stream: int | None = None,
    ) -> None:
        self.clip = source if isinstance(source, Clip) else Clip(Path(source))
        self.stream = stream
        self.source_size: Any = None  # (height, width) once the first frame has come
        self.pixel_aspect, self.announced = 1.0, 0
        self._partial, self._num_threads = partial, num_threads
        self._times: list = []  # seconds, None where the file has none
        self._sizes: list[tuple[int, int]] = []
        # Function of the times of frames in a row: their rate, timestamps since the first of them, and warnings.
        self._timing: Any = None
        self._warnings: list[Remark] = []
        self._damage: list[Remark] = []
        self._shown, self._stated_pixels = ShownFrames(), 1.0
        self._changes_size = False

    def __iter__(self) -> collections.abc.Iterator[np.ndarray]:
        clip, files = self.clip, _readable(self.clip.files, self.clip)
        is_folder = clip.path.is_dir()
        if self.stream and (is_folder or is_webp(clip.path)):
            raise _no_stream(clip.path, self.stream, 1)
        if is_folder:
            yield from self._images(files)
        elif is_webp(clip.path):
            yield from self._webp()
        else:
            with _open_container(clip.path) as container:
                stream = _video_stream(container, clip.path, self._num_threads, self.stream)
                yield from self._file(container, stream)

    def video(self, frames: np.ndarray | collections.abc.Sequence, start: int = 0) -> Video:
        """The `Video` of `frames`, what the caller kept of each of the frames, or of those from number `start` on.

        Args:
            frames: of all that have come, or of some in a row.
            start: how many came before them.
        """
        times = self._times[start : start + len(frames)]
        fps, timestamps, guessed = self._timing(times)
        clock = _bridged(self._times[: start + len(frames)])
        since = start / fps if clock is None else float(clock[start] - clock[0])
        first_frame = start + (self.clip.frames[0] if self.clip.frames else 0)
        return Video(
            frames,
            fps,
            timestamps,
            self.source_size,
            self.aspect,
            warnings=(*self._warnings, *self._of_pixels(), *self._shown.notes, *self._damage, *guessed),
            first_frame=first_frame,
            first_time=since + self._start_of_clip(fps),
            since=since,
            sizes=np.array(self._sizes[start : start + len(frames)]),
        )

    def _start_of_clip(self, fps):
        """When the first frame of the clip is shown, seconds since that of the file: by the clock of `frame_times`."""
        first = self.clip.frames[0] if self.clip.frames else 0
        if not first or self.clip.path.is_dir():
            return first / fps
        times = _times_as_of(self.clip.path, self.stream, self.clip.path.stat().st_mtime_ns)
        return float(times[first])

    @property
    def aspect(self) -> float:
        """Width over height of the picture as shown."""
        height, width = self.source_size
        return width * self.pixel_aspect / height

    def _images(self, paths):
        error, self.announced = "", len(paths)
        self._timing = functools.partial(_untimed, "Images state")
        for path in paths:
            decoded = _decode_image(_readable(path.read_bytes, path))
            if decoded is None:
                error = f"{path.name}, which is no whole image"
                break
            for image, _ in self._shown.pictures(*decoded):
                yield self._counted(image, None)
        self._end(error)

    def _webp(self):
        start, stop = self.clip.frames or (0, num_frames(self.clip.path))
        error, self.announced, time = "", stop - start, 0.0
        shown: list[float] = []
        # Where none states how long it is shown, that is said of the rate already.
        self._timing = lambda times: _timing(_rate_of(shown), times, keeps_times=any(shown))
        try:
            for index, (image, seconds) in enumerate(webp_frames(self.clip.path)):
                if index >= start:
                    shown.append(seconds)
                    yield self._counted(image, time)
                    if index + 1 == stop:
                        break
                time += seconds
        except ValueError as caught:
            error = str(caught)
        self._end(error)

    def _file(self, container, stream):
        error, self.announced = "", stream.frames
        self._timing = _timing_of(container, stream)
        self._warnings += self._of_streams(container, stream)
        if self.clip.frames is not None:
            self.announced = self.clip.frames[1] - self.clip.frames[0]
        try:
            for frame in _decoded(container, stream, self.clip):
                if frame.is_corrupt:  # the decoder made up what it could not read
                    error = "a frame that is corrupt"
                    break
                if self.source_size is None:
                    self._stated_pixels = float(stream.sample_aspect_ratio or 1)
                    self.pixel_aspect = _pixel_aspect(self._stated_pixels, frame)
                for image, time in self._shown.pictures(frame, stream.codec_context):
                    yield self._counted(image, time)
        except (av.FFmpegError, MemoryError) as caught:
            error = _reason(caught)
        if not error and self.clip.frames is None:
            error = cut_off(self.clip.path)
        for image, time in self._shown.remaining():
            yield self._counted(image, time)
        if self.clip.frames is None and len(self._times) < self.announced:
            self.announced -= _num_hidden(self.clip.path, stream.index)
        self._end(error)

    def _of_streams(self, container, stream):
        """What to say of a file in which one of several streams was chosen."""
        count = len(container.streams.video)
        if count == 1 or self.stream is not None:
            return []
        main = container.streams.video.index(stream)
        return [Remark("several_streams", f"The file has {count} video streams. The main one, number {main}, is used.")]

    def _of_pixels(self):
        """What to say of pixels that are not square."""
        stated = self._stated_pixels
        if not _is_credible(stated):
            message = f"The stated pixel aspect, {stated:.3g}, is not credible: square pixels are assumed."
            return [Remark("pixel_aspect_ignored", message)]
        if self.pixel_aspect != 1:
            return [Remark("pixel_aspect", f"The pixels are not square. The picture is shown as {self.aspect:.2f}:1.")]
        return []

    def _counted(self, image, time):
        size = image.shape[:2]
        if self.source_size is None:
            self.source_size = size
        elif size != self.source_size and not self._changes_size:
            self._changes_size = True
            before, after = (f"{width}×{height}" for height, width in (self.source_size, size))
            message = f"The frame size changes from {before} to {after} at frame {len(self._times)}."
            self._warnings.append(Remark("size_changes", message))
        self._times.append(time)
        self._sizes.append(self.source_size if size == self.source_size else size)  # one tuple for hours of video
        return image

    def _end(self, error):
        """VideoError where frames are missing, or a warning if some are enough."""
        num_frames, announced = len(self._times), self.announced
        if not num_frames:
            raise VideoError("no_frames", f"{self.clip} has no frames ({error or 'an empty stream'}).")
        tolerance = ANNOUNCED_TOLERANCE if self.clip.frames is None else 0
        if not error and num_frames >= announced - tolerance:
            return
        whole = f" of {counted(announced, 'frame')}" if announced else ""
        damage = f"after {num_frames}{whole} comes {error or 'the end of the file'}"
        if not self._partial:
            raise VideoError("damaged_video", f"{self.clip} is damaged: {damage}.")
        self._damage.append(Remark("damaged", f"The video is damaged: {damage}."))


# === Folders of images ===


def image_paths(clip: Clip) -> list[Path]:
    """The images of a clip of a folder, in order; VideoError where there are none or a number is missing."""
    images = _numbered_images(clip.path, clip.path.stat().st_mtime_ns)
    if not images:
        raise VideoError("no_images", f"{clip} is a folder without numbered images.")
    if clip.frames is None:
        numbers = range(min(images), max(images) + 1)
    else:
        first = 0 if 0 in images else 1
        numbers = range(clip.frames[0] + first, clip.frames[1] + first)
    missing = next((number for number in numbers if number not in images), None)
    if missing is not None:
        raise VideoError(
            "missing_image",
            f"{clip}: there is no image number {missing} ({counted(len(images), 'image')}, "
            f"{min(images)} to {max(images)}).",
        )
    return [clip.path / images[number] for number in numbers]


def images_to_cut(folder: Path) -> list[Path]:
    """The images of a folder of which a stretch is meant, in order: frame 0 of it is the first.

    Raises:
        VideoError: as `image_paths`, or they are numbered from 2 or later, of which a `Clip` would take others.
    """
    images = image_paths(Clip(folder))
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
    """{number: file name} of a folder as it was when last `changed`."""
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


def _decode_image(encoded):
    """The frame of a JPEG or PNG file and its decoder, None if it is anything else, truncated or corrupt."""
    if encoded[:2] not in IMAGE_CODECS:
        return None
    decoder: Any = av.CodecContext.create(IMAGE_CODECS[encoded[:2]], "r")
    decoder.options = IMAGE_OPTIONS
    try:
        frames = [*decoder.decode(av.Packet(encoded)), *decoder.decode(None)]
    except (av.FFmpegError, MemoryError):
        return None
    return (frames[0], decoder) if len(frames) == 1 and not frames[0].is_corrupt else None


# === Video files ===


def _open_container(path):
    try:
        return av.open(str(path.absolute()), options=FORMAT_OPTIONS)  # "a:b.avi" alone would name a protocol
    except (av.FFmpegError, MemoryError, UnicodeError) as error:
        raise VideoError("wrong_format", f"{path} is not a video (or is damaged): {_reason(error)}.") from error


def holds_video(path: Path) -> bool:
    """Whether a file holds more video than a cover picture, by its first bytes; not of the bare stream of a codec.

    For such a stream FFmpeg takes what is none, too.
    """
    if is_webp(path):
        return num_frames(path) > 1
    try:
        with av.open(str(path.absolute()), options=FORMAT_OPTIONS | GLANCE) as container:
            found = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            return bool(found) and not _is_raw(container)
    except (av.FFmpegError, MemoryError, UnicodeError):
        return False


def _video_stream(container, path, num_threads, number=None):
    """A video stream by its number among them, or the main one, with a decoder that is ready."""
    streams = container.streams.video
    if not streams:
        raise VideoError("no_video_stream", f"{path} has no video stream (a damaged or a sound file?).")
    if number is not None and not 0 <= number < len(streams):
        raise _no_stream(path, number, len(streams))
    stream = _main_stream(container) if number is None else streams[number]
    if stream.codec_context is None:
        raise VideoError("unknown_codec", f"{path}: FFmpeg does not know the codec.")
    stream.codec_context.thread_count = num_threads
    stream.codec_context.options = DECODER_OPTIONS
    return stream


def _main_stream(container):
    """What FFmpeg takes for the main video stream, but no cover picture where there is anything else."""
    streams = container.streams.video
    moving = [s for s in streams if s.frames != 1 and not s.disposition & Disposition.attached_pic]
    best = container.streams.best("video")
    return best if best in moving or not moving else moving[0]


def _no_stream(path, number, count):
    return VideoError(
        "unknown_stream", f"{path} has {counted(count, 'video stream')}, numbered from 0, and no number {number}."
    )


def frame_times(path: Path, stream: int | None = None) -> np.ndarray:
    """When each frame of a video file is shown, float64 (L,), seconds since the first one, which alone is decoded.

    Args:
        path: of the file.
        stream: as of `VideoStream`.

    Raises:
        VideoError: the file cannot be opened, or has no frames or no such stream.
    """
    if is_webp(path):
        return _webp_times(path)
    with _open_container(path) as container:
        found = _video_stream(container, path, 1, stream)
        times, _ = _packets(path, container, found)
        rate = _stated_rate(container, found) or DEFAULT_FPS
        base = float(found.time_base or 1)
    if not times:
        raise VideoError("no_frames", f"{path} has no frames (an empty stream).")
    clock = _bridged(times)
    return np.arange(len(times)) / rate if clock is None else (clock - clock[0]) * base


def shown_until(path: Path, stream: int | None = None) -> float:
    """When the last frame of a video file is no longer shown, as the file says, seconds since its first one.

    Args:
        path, stream: as of `frame_times`.

    Raises:
        VideoError: as `frame_times`.
    """
    if is_webp(path):
        return float(sum(_webp_seconds(path)))
    with _open_container(path) as container:
        found = _video_stream(container, path, 1, stream)
        shown = [(packet.pts, packet.duration or 0) for packet in container.demux(found) if packet.pts is not None]
        base = float(found.time_base or 1)
    return (max(map(sum, shown)) - min(shown)[0]) * base if shown else 0.0


@functools.lru_cache(maxsize=4)  # the performances of a broadcast come in turn
def _times_as_of(path, stream, changed):
    """`frame_times` of a file as it was when last `changed`."""
    return frame_times(path, stream)


def frame_at(seconds: float | None, times: np.ndarray | collections.abc.Sequence[float]) -> int | None:
    """The frame that is shown at a moment; L at the end of the last one, None where there is none.

    Args:
        seconds: since the first frame. Those that are rounded to hundredths mean the frame that begins near them.
        times: (L,), when each frame is shown, as of `frame_times`.
    """
    end = duration_of(times)
    rounding = min(ROUNDING, (end - times[-1]) / 2)
    if seconds is None or not 0 <= seconds <= end + rounding:
        return None
    if seconds >= end - rounding:
        return len(times)
    return bisect.bisect_right(times, seconds + rounding) - 1


def duration_of(times: np.ndarray | collections.abc.Sequence[float]) -> float:
    """Seconds until the last of the frames that are shown at `times`, (L,), is no longer shown."""
    return float(times[-1] + (np.median(np.diff(times)) if len(times) > 1 else 1 / DEFAULT_FPS))


def _webp_seconds(path):
    """How long each frame of a WebP file is shown."""
    try:
        return [shown for _, shown in webp_frames(path)]
    except ValueError as error:
        raise VideoError("damaged_video", f"{path} is damaged: {error}.") from error


def _webp_times(path):
    seconds = _webp_seconds(path)
    return _timing(_rate_of(seconds), [0.0, *np.cumsum(seconds)[:-1]])[1]


def _packets(path, container, stream):
    """(timestamps of the frames in the order in which they are shown, units of the stream; bytes of the smallest)."""
    times, smallest = [], 0
    try:
        for packet in container.demux(stream):  # none is kept: together they are as large as the file
            if packet.size and not packet.is_discard:
                times.append(packet.pts)
                smallest = min(smallest or packet.size, packet.size)
    except av.FFmpegError as error:
        raise VideoError("damaged_video", f"{path} is damaged: {_reason(error)}.") from error
    if None in times:
        return times, smallest
    first = _first_shown(path, stream.index)
    return sorted(time for time in times if first is None or time >= first), smallest


def _first_shown(path, index):
    """The timestamp of the first frame that is decoded; None where it has none, or nothing is.

    A file that was cut out of another one may begin with packets that need frames before them: they show nothing.
    """
    with _open_container(path) as container:
        stream = container.streams[index]
        stream.codec_context.options = DECODER_OPTIONS
        try:
            return next((frame.pts for frame in container.decode(stream)), None)
        except (av.FFmpegError, MemoryError):  # whoever reads the frames will say it
            return None


def _num_hidden(path, index):
    """How many packets of a stream an edit list hides, as in a clip that was cut without encoding it anew."""
    with _open_container(path) as container:
        try:
            return sum(packet.is_discard for packet in container.demux(container.streams[index]) if packet.size)
        except av.FFmpegError:
            return 0


def _decoded(container, stream, clip):
    """The decoded frames of a clip of a file that is open at its start."""
    if clip.frames is None:
        yield from container.decode(stream)
        return
    start, stop = clip.frames
    with _open_container(clip.path) as other:  # where seeking fails, the first one is still at the start
        same = other.streams[stream.index]
        same.codec_context.thread_count, same.codec_context.options = stream.codec_context.thread_count, DECODER_OPTIONS
        found = _sought(other, same, clip.path, start)
        frames = itertools.islice(container.decode(stream), start, None) if found is None else found
        yield from itertools.islice(frames, stop - start)


def _sought(container, stream, path, start):
    """The decoded frames from number `start` on, from its key frame; None where they may be others."""
    times = _frame_index(path, stream.index, path.stat().st_mtime_ns) if start else ()
    if start >= len(times) or (container.format.name == "avi" and stream.codec_context.has_b_frames):
        return None  # AVI has no timestamps: those that FFmpeg makes up are of the order in which frames are stored
    container.seek(times[start], stream=stream)
    frames, before = container.decode(stream), None
    for frame in frames:
        if frame.pts is None or (before is not None and frame.pts <= before) or frame.pts > times[start]:
            return None
        if frame.pts == times[start]:
            return itertools.chain([frame], frames)
        before = frame.pts
    return None


@functools.lru_cache(maxsize=4)  # the performances of a broadcast come in turn
def _frame_index(path, index, changed):
    """The timestamps of a stream of a file as it was when last `changed`; none where they do not tell frames apart."""
    with _open_container(path) as container:
        times, smallest = _packets(path, container, container.streams[index])
    tell = smallest > SMALLEST_FRAME and None not in times and len(set(times)) == len(times)
    return times if tell else ()


def _reason(error):
    """What went wrong, without the path that FFmpeg's errors repeat."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _pixel_aspect(stated, frame):
    """Width over height of a pixel of the upright frame as shown; 1 where the file states nothing credible."""
    if not _is_credible(stated):
        return 1.0
    return 1 / stated if is_transposed(frame) else stated


def _is_credible(pixel_aspect):
    return 1 / MAX_PIXEL_ASPECT <= pixel_aspect <= MAX_PIXEL_ASPECT


def _readable(read, what):
    """What `read()` gives; VideoError naming `what` where the system refuses."""
    try:
        return read()
    except OSError as error:
        raise VideoError("unreadable", f"{what} cannot be read: {_reason(error)}.") from error


def _is_raw(container):
    """Whether a file is the bare stream of a codec."""
    return bool(int(container.format.flags) & NO_TIMESTAMPS)


def _stated_rate(container, stream):
    """The frames per second that a file states; 0 where it states none."""
    if _is_raw(container):  # H.264 may count ticks in place of frames, which FFmpeg does not take for its guess
        rate = stream.codec_context.framerate
        return float(rate) if rate and rate == stream.guessed_rate else 0.0
    return float(stream.average_rate or stream.guessed_rate or 0)


def _timing_of(container, stream):
    """Function of the times of frames in a row, see `_timing`, by what a file states; to be made while it is open."""
    rate = _stated_rate(container, stream)
    if not rate and _is_raw(container):  # the times are of the rate that FFmpeg made up
        return functools.partial(_untimed, "The file states")
    return functools.partial(_timing, rate, keeps_times=container.format.name != "avi")


def _untimed(who, times):
    """`_timing` of what states neither a rate nor times; `who` does not, for a sentence."""
    return DEFAULT_FPS, np.arange(len(times)) / DEFAULT_FPS, [_assumed(who)]


def _assumed(who):
    return Remark("frame_rate_assumed", f"{who} no frame rate: {DEFAULT_FPS:g} frames/s are assumed.")


def _rate_of(seconds):
    """Frames per second of frames that are shown for so long each; 0 where that is not stated."""
    middle = float(np.median(seconds))
    return 1 / middle if middle > 0 else 0.0


def _timing(rate, times, keeps_times=True):
    """Frame rate and timestamps, from whichever the file states credibly, `rate` or `times`; and warnings.

    Of a format that keeps no times, as AVI, the `times` are made up by the decoder, and may go back.
    """
    clock = _bridged(times)
    warnings = []
    if not 1 <= rate <= 1000:
        rate = DEFAULT_FPS if clock is None else 1 / float(np.median(np.diff(clock)))
        if clock is None:
            warnings.append(_assumed("The file states"))
    rate, timestamps, further = _credible_timing(rate, times)
    if clock is None and keeps_times and sum(time is not None for time in times) > 1:
        message = f"Most timestamps do not rise: evenly spaced frames are assumed, {rate:.4g} frames/s."
        warnings.append(Remark("timestamps_ignored", message))
    return rate, timestamps, [*warnings, *further]


def _credible_timing(rate, times):
    """The same of a stated rate: where the timestamps say otherwise, they are right."""
    clock = _bridged(times)
    if clock is None:
        return rate, np.arange(len(times)) / rate, []
    timestamps = clock - clock[0]
    measured = (len(times) - 1) / float(timestamps[-1])
    if abs(measured / rate - 1) <= RATE_TOLERANCE:
        return rate, timestamps, []
    message = f"The file states {rate:.4g} frames/s. Its timestamps say {measured:.4g}, which is used."
    return measured, timestamps, [Remark("frame_rate_by_timestamps", message)]


def _bridged(times):
    """Times (L,) that rise, the few that do not put between their neighbours; None where most tell nothing."""
    values = np.array([np.nan if time is None else time for time in times], float)
    if len(values) < 2 or np.isnan(values[0]):
        return None
    latest = np.fmax.accumulate(values)
    rising = np.concatenate([[True], values[1:] > latest[:-1]])
    if np.mean(rising) < CREDIBLE_SHARE or np.sum(rising) < 2:
        return None
    sound = np.flatnonzero(rising)
    bridged = np.interp(np.arange(len(values)), sound, values[sound])
    after = np.arange(1, len(values) - sound[-1])
    bridged[sound[-1] + 1 :] += after * np.median(np.diff(values[sound]))
    return bridged
