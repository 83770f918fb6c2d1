"""Videos as they are read: from files by FFmpeg, and from folders of images. No TensorFlow."""

import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from scoringnet_tf.data.containers import (
    VideoError,
    cut_off,
    decoded_stretch,
    open_container,
    packets_of,
    reason,
    stated_rate,
    video_stream,
)
from scoringnet_tf.data.preprocessing import resize_frame
from scoringnet_tf.data.timing import frame_timing, rising_times
from scoringnet_tf.data.video_files import decode_image, image_paths
from scoringnet_tf.support.messages import Remark, counted

__all__ = ["Clip", "Video", "VideoError", "VideoStream", "frame_times", "read_video"]

# MPEG-4 with packed B-frames (old AVI files) announces one frame more than it holds: that is no damage.
ANNOUNCED_TOLERANCE = 1
# Frames more than this many times as far apart as those asked for are mixed; repeated, the athlete would stop and jump.
SPARSE = 1.5
MAX_REPEATS = 10  # of each frame, on average, to show a video at another rate
MAX_PIXEL_ASPECT = 4.0  # anamorphic film has 2; a damaged header states more
INTERLACED = "Make its frames whole first: `ffmpeg -i VIDEO -vf bwdif=mode=send_frame OUTPUT.mp4`."
HASHED_BYTES = 2**20  # at a time, for a broadcast of hours is hashed as well
Pictures: TypeAlias = Iterator[tuple[np.ndarray, float | None]]  # and their times, seconds


@dataclasses.dataclass(frozen=True)
class Video:
    """A decoded video.

    Attributes:
        frames: uint8 (L, H, W, 3), RGB, as shown (`frame_conversion`), resized if `read_video` was given a size. From a
            `VideoStream`: what its caller kept for each frame.
        fps: frames per second.
        timestamps: float64 (L,), seconds since the first frame.
        source_size: the first frame's (height, width) in the file.
        aspect: the picture's width over height as shown.
        warnings: what was assumed or lost, a `Remark` each.
        first_frame: the first frame's number in the file.
        first_time: seconds from the file's first frame to the first one here.
        since: in a part of a long video, seconds shown before these frames.
        shared: how many frames the next part repeats; 0 in the last one.
        sizes: int (L, 2), each frame's (height, width) in the file; `source_size` by default.
        pictures: the frames for people to look at, L JPEGs (`Filmed`); none unless its reader asked for them.
        is_shot: whether it is one shot among others.
        speed: how many times slower than life the film runs; all times are divided by it.
    """

    frames: np.ndarray | Sequence
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
    pictures: Sequence[bytes] = ()
    is_shot: bool = False
    speed: float = 1.0

    def __post_init__(self) -> None:
        if self.sizes is None:
            object.__setattr__(self, "sizes", np.broadcast_to(self.source_size, (len(self.timestamps), 2)))

    @property
    def is_part(self) -> bool:
        """Whether the video shows more before or after it: it was too long to be read at once, or has several shots."""
        return self.is_shot or self.shared > 0 or self.since > 0

    def cut(self, start: int, stop: int) -> "Video":
        """Frames [start, stop), shown at the same times."""
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
            pictures=self.pictures[start:stop],
        )

    def at_speed(self, speed: float) -> "Video":
        """The video as it was filmed, if it is shown so many times slower."""
        message = f"All times are those of the film, divided by {speed:g} (--speed)."
        return dataclasses.replace(
            self,
            fps=self.fps * speed,
            timestamps=self.timestamps / speed,
            first_time=self.first_time / speed,
            since=self.since / speed,
            warnings=(*self.warnings, Remark("speed", message)),
            speed=speed,
        )

    def is_sampled(self, rate: float | None) -> bool:
        """Whether `samples` goes by time: not for None, nor for a damaged file whose timestamps are years away."""
        return rate is not None and (self.timestamps[-1] + 1 / self.fps) * rate <= MAX_REPEATS * len(self.timestamps)

    def samples(self, rate: float | None) -> np.ndarray:
        """The frames that show the video at `rate` frames per second, float (K,): at k / rate the one nearest in time.

        Between frames more than `SPARSE` times as far apart, a sample mixes two: 3.25 is three parts frame 3 and
        one part frame 4. All frames, once, unless `is_sampled`.
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
        """For each frame the sample nearest in time; int (L,)."""
        if rate is None or not self.is_sampled(rate):
            return np.arange(len(self.timestamps))
        last = len(self.samples(rate)) - 1
        return np.clip(np.rint((self.since + self.timestamps) * rate).astype(int) - self._first_sample(rate), 0, last)

    def _first_sample(self, rate: float) -> int:
        """The first sample's number, counted through all parts: samples are those of the whole video."""
        return int(np.rint(self.since * rate))


@dataclasses.dataclass(frozen=True)
class Clip:
    """A video on disk, or a stretch.

    Attributes:
        path: a video file, or a folder with numbered images (`img_00001.jpg`, `000001.png`, …).
        frames: [start, stop), counted from 0; None for all. The first image of a folder has number 0 or else 1.

    Raises:
        VideoError: the stretch has no frames, or begins before the first one.
    """

    path: Path
    frames: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        if self.frames is not None and not 0 <= self.frames[0] < self.frames[1]:
            start, stop = self.frames
            raise VideoError("out_of_range", f"{self.path}: frames {start} to {stop} must be 0 ≤ start < stop.")

    def __str__(self) -> str:
        """The path, with `#start-stop` if the clip is a stretch."""
        return str(self.path) if self.frames is None else f"{self.path}#{self.frames[0]}-{self.frames[1]}"

    def files(self) -> list[Path]:
        """The file, or the images in order; VideoError if one is missing."""
        if self.path.is_dir():
            return image_paths(self.path, self.frames)
        if not self.path.is_file():
            raise VideoError("not_found", f"{self}: there is no such video file or folder of images.")
        return [self.path]

    def sha256(self) -> str:
        """Hashes its files' bytes in order, and `frames` for a stretch in a file; hexadecimal."""
        files = tuple(self.files())
        digest = _hash_as_of(files, tuple(path.stat().st_mtime_ns for path in files)).copy()
        if self.frames is not None and not self.path.is_dir():
            digest.update(b"#%d-%d" % self.frames)
        return digest.hexdigest()


@functools.lru_cache(maxsize=4)  # the performances of a broadcast come in turn
def _hash_as_of(paths: tuple[Path, ...], changed: tuple[int, ...]) -> "hashlib._Hash":
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(HASHED_BYTES):
                digest.update(block)
    return digest


def read_video(
    source: Clip | str | Path, *, size: tuple[int, int] | None = None, partial: bool = False, num_threads: int = 0
) -> Video:
    """Decodes all frames; other arguments and errors as for `VideoStream`.

    Args:
        size: (height, width) to resize each frame to as it is decoded; None keeps the file's own.
    """
    stream = VideoStream(source, partial=partial, num_threads=num_threads)
    # All of one size: a broadcast may cut to 4:3 midway.
    frames = [resize_frame(frame, size or stream.source_size) for frame in stream]
    return stream.video(np.stack(frames))


class VideoStream:
    """A clip's frames one after the other, uint8 (H, W, 3), RGB, as shown; to be iterated over once.

    After the last frame `video` gives the rest.

    Args:
        source: a `Clip`, or the path to a folder or to a file in any format FFmpeg reads (animated GIF included).
        partial: if True, a video that is damaged half-way gives the frames before the damage and a warning instead of
            an error.
        num_threads: the decoder's threads; 0 lets FFmpeg choose.

    Attributes:
        source_size: the first frame's (height, width); None before it.
        pixel_aspect: a pixel's width over height as shown, from the first frame on.
        announced: how many frames the file states; 0 if it does not.

    Raises:
        VideoError: while iterating: the file is missing, not a video, has no frames, cannot be read,
            is interlaced, or (unless `partial`) is damaged; an image is missing or damaged.
    """

    def __init__(self, source: Clip | str | Path, *, partial: bool = False, num_threads: int = 0) -> None:
        from scoringnet_tf.data.frame_conversion import FrameConverter

        self.clip = source if isinstance(source, Clip) else Clip(Path(source))
        self.source_size: Any = None
        self.pixel_aspect, self.announced = 1.0, 0
        self._partial, self._num_threads = partial, num_threads
        self._times: list = []  # seconds, None where the file has none
        self._sizes: list[tuple[int, int]] = []
        self._rate, self._keeps_times = 0.0, True  # of `frame_timing`
        self._warnings: list[Remark] = []
        self._error = ""  # that ended it
        self._converter = FrameConverter(self._warnings)

    def __iter__(self) -> Iterator[np.ndarray]:
        try:
            files = self.clip.files()
            for image, time in self._images(files) if self.clip.path.is_dir() else self._file():
                self._count(image.shape[:2], time)
                yield image
        except OSError as error:
            message = f"{error.filename or self.clip} cannot be read: {reason(error)}."
            raise VideoError("unreadable", message) from error
        self._check_whole()

    def video(self, frames: np.ndarray | Sequence, start: int = 0) -> Video:
        """The `Video` from frame `start` on; `frames` is what the caller kept for each."""
        stop = start + len(frames)
        fps, timestamps, guessed = frame_timing(self._rate, self._times[start:stop], self._keeps_times)
        clock = rising_times(self._times[:stop])
        since = start / fps if clock is None else float(clock[start] - clock[0])
        first = self.clip.frames[0] if self.clip.frames else 0
        in_file = bool(first) and not self.clip.path.is_dir()
        first_time = float(frame_times(self.clip.path)[first]) if in_file else first / fps
        return Video(
            frames,
            fps,
            timestamps,
            self.source_size,
            self.aspect,
            warnings=(*self._warnings, *guessed),
            first_frame=start + first,
            first_time=since + first_time,
            since=since,
            sizes=np.array(self._sizes[start:stop]),
        )

    @property
    def aspect(self) -> float:
        """The picture's width over height as shown."""
        height, width = self.source_size
        return width * self.pixel_aspect / height

    # Both sources yield (image, time) and leave in `_error` what ended them too early.

    def _images(self, paths: list[Path]) -> Pictures:
        self.announced = len(paths)
        for path in paths:
            frame = decode_image(path.read_bytes())
            if frame is None:
                self._error = f"{path.name}, which is no whole image"
                return
            yield self._converter.picture(frame), None

    def _file(self) -> Pictures:
        import av

        path, stretch = self.clip.path, self.clip.frames
        with open_container(path) as container:
            stream = video_stream(container, path, self._num_threads)
            self._rate, self._keeps_times = stated_rate(stream), container.format.name != "avi"
            self.announced = stretch[1] - stretch[0] if stretch else stream.frames
            streams = container.streams.video
            if len(streams) > 1:
                message = f"Number {streams.index(stream)}, the main one of {len(streams)} video streams, is used."
                self._warnings.append(Remark("several_streams", message))
            frames = decoded_stretch(path, container, stream, *stretch) if stretch else self._whole(container, stream)
            try:
                for frame in frames:
                    if frame.is_corrupt:  # the decoder made up what it could not read
                        self._error = "a frame that is corrupt"
                        break
                    if self.source_size is None:
                        self.pixel_aspect = self._pixel_aspect(float(stream.sample_aspect_ratio or 1), frame)
                    if frame.interlaced_frame:
                        raise VideoError("interlaced", f"{path} is interlaced.", INTERLACED)
                    yield self._converter.picture(frame), frame.time
            except (av.FFmpegError, MemoryError) as error:
                self._error = reason(error)
            if not stretch:
                self._error = self._error or cut_off(path)

    def _whole(self, container: Any, stream: Any) -> Iterator[Any]:
        """All decoded frames; what an edit list hides, as in a clip that was cut without encoding, is not announced."""
        for packet in container.demux(stream):
            self.announced -= bool(packet.size and packet.is_discard and self.announced)
            yield from packet.decode()

    def _pixel_aspect(self, stated: float, frame: Any) -> float:
        """An upright pixel's width over height as shown; 1 if the file states nothing credible."""
        from scoringnet_tf.data.frame_conversion import stated_turn

        turn = stated_turn(frame)
        shown = 1 / stated if turn and turn[0] else stated
        message = f"The pixels are stated to be {shown:.3g} times as wide as high"
        if not 1 / MAX_PIXEL_ASPECT <= stated <= MAX_PIXEL_ASPECT:
            self._warnings.append(Remark("pixel_aspect_ignored", f"{message}: square ones are assumed."))
            return 1.0
        if shown != 1:
            self._warnings.append(Remark("pixel_aspect", f"{message}."))
        return shown

    def _count(self, size: tuple[int, int], time: float | None) -> None:
        if self.source_size is None:
            self.source_size = size
        elif size != self.source_size and "size_changes" not in {warning.code for warning in self._warnings}:
            before, after = (f"{width}×{height}" for height, width in (self.source_size, size))
            message = f"The frame size changes from {before} to {after} at frame {len(self._times)}."
            self._warnings.append(Remark("size_changes", message))
        self._times.append(time)
        self._sizes.append(self.source_size if size == self.source_size else size)  # one tuple for hours of video

    def _check_whole(self) -> None:
        """VideoError if frames are missing, or a warning if some are enough."""
        num_frames, announced = len(self._times), self.announced
        if not num_frames:
            raise VideoError("no_frames", f"{self.clip} has no frames ({self._error or 'an empty stream'}).")
        tolerance = ANNOUNCED_TOLERANCE if self.clip.frames is None else 0
        if not self._error and num_frames >= announced - tolerance:
            return
        total = f" of {counted(announced, 'frame')}" if announced else ""
        damage = f"after {num_frames}{total} comes {self._error or 'the end of the file'}"
        if not self._partial:
            raise VideoError("damaged_video", f"{self.clip} is damaged: {damage}.")
        self._warnings.append(Remark("damaged", f"The video is damaged: {damage}."))


def frame_times(path: Path) -> np.ndarray:
    """When each frame in a file is shown, float64 (L,), seconds since the first one, which alone is decoded.

    Raises:
        VideoError: the file cannot be opened, or has no frames.
    """
    packets = packets_of(path)
    if not packets.times:
        raise VideoError("no_frames", f"{path} has no frames (an empty stream).")
    clock = rising_times(packets.times)
    return np.arange(len(packets.times)) / packets.rate if clock is None else (clock - clock[0]) * packets.unit
