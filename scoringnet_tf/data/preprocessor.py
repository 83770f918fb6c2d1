"""From a video to a model's inputs, as in its training; kept with the model."""

import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from scoringnet_tf import defaults
from scoringnet_tf.data.browser_video import Filmed
from scoringnet_tf.data.preprocessing import (
    RATE_TOLERANCE,
    StoredForm,
    check_frames,
    model_frames,
    viewing_size,
)
from scoringnet_tf.data.video import Clip, Video, VideoStream
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.model_files import configuration, model_path
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.threads import overlapping

PATIENCE = 3  # seconds after which a progress bar appears
# Frames of a long video that are kept at a time: 90 MB, in stored form, for the models that ship.
PART = 12000  # 480 s at 25 frames/s: shorter videos are read at once
OVERLAP = 4000  # two horizons of the Bi-LSTM, see `inference.pipeline`, and a performance
# With I3D a frame has a JPEG and 1,856 numbers, which exist three times while the stage head reads them.
SHORT_PART = 8000
SHORT_OVERLAP = 1000  # a performance, and what other stage heads see around it
DENSEST = 4.0  # times the rate of training at most: else a part may not fit memory


class ScoringNetPreprocessor:
    """Brings videos to a `ScoringNet`'s inputs: `{"frames": uint8 (B, L, H, W, 3), "mask": bool (B, L)}`.

    Call argument: a video, or a list of them, of which shorter ones are padded on the right. A video is the path to a
    file or an image folder, a `Clip`, or frames as an array or a tensor, uint8 (L, H', W', 3), RGB. Frames take the
    records' stored form (`StoredForm`): what the model learned from, to the bit.

    Args:
        image_size: (H, W), pixels, the stored frame's centre.
        frame_size, jpeg_quality, aspect, fit: the training records' `StoredForm`. The defaults are the paper's:
            128×171, for C3D's 112×112.
        frame_rate: frames per second in training, to which videos are brought by their timestamps; None takes every
            frame, as always from an array.

    Raises:
        InputError: `image_size` exceeds `frame_size`, or the argument is no video; `frames_black` if no value in an
            array exceeds 1, as for floats in 0…1 that were cast to uint8.
        VideoError: as `VideoStream`.

    Example:
    >>> model(model.preprocessor("dive.mp4"))["final"]  # doctest: +SKIP
    >>> ScoringNetPreprocessor.from_preset("diving_small")("dive.mp4")["frames"]  # doctest: +SKIP
    """

    def __init__(
        self,
        image_size: Sequence[int] = defaults.IMAGE_SIZE,
        frame_size: Sequence[int] = (128, 171),
        jpeg_quality: int = 92,
        aspect: float | None = 4 / 3,
        fit: str = "crop",
        frame_rate: float | None = None,
    ):
        self.image_size: tuple[int, int] = tuple(image_size)  # type: ignore[assignment]
        self.frame_rate = frame_rate
        self.stored = StoredForm((frame_size[0], frame_size[1]), jpeg_quality, aspect, fit)

    def __call__(self, videos: Any) -> dict[str, np.ndarray]:
        """A model's inputs for one video or several, see the class."""
        clips = [self._clip(video) for video in (videos if _are_several(videos) else [videos])]
        lengths = np.array([len(clip) for clip in clips])
        frames = np.zeros((len(clips), lengths.max(), *self.image_size, 3), np.uint8)
        for row, clip in zip(frames, clips, strict=True):
            row[: len(clip)] = clip
        return {"frames": frames, "mask": np.arange(lengths.max()) < lengths[:, np.newaxis]}

    def _clip(self, video: Any) -> np.ndarray:
        """A video as the model takes it, uint8 (L, H, W, 3)."""
        if not isinstance(video, (str, os.PathLike, Clip)):
            return self.frames([self.stored.encode(frame) for frame in _checked_frames(video)])
        if not str(video):
            raise InputError("wrong_value", "The path of the video is empty.")
        stored = self.read(video)
        return self.sampled(stored, stored.samples(self.frame_rate))

    def read(self, source: str | os.PathLike | Clip, *, partial: bool = False) -> Video:
        """The `Video` (arguments as for `VideoStream`) with frames in stored form, JPEGs, and warnings for changes."""
        (video,) = self.parts(source, partial=partial, length=sys.maxsize)
        return video

    def parts(
        self,
        source: str | os.PathLike | Clip,
        *,
        partial: bool = False,
        length: int = PART,
        overlap: int = OVERLAP,
        pictures: int = 0,
        speed: float = 1.0,
    ) -> Iterator[Video]:
        """Reads a video, however long, a part at a time.

        Args:
            source, partial: as for `VideoStream`.
            length: frames in a part, at the rate in training: a video at twice that rate has twice as many.
            overlap: how many frames the next part repeats.
            pictures: largest height of `Video.pictures`, pixels; 0 for none.
            speed: how many times slower than life it is shown, see `Video.at_speed`.

        Yields:
            `Video`s; a single one if the video is no longer than a part.
        """
        frames = VideoStream(source, partial=partial)  # type: ignore[arg-type]

        def encode(frame: np.ndarray) -> bytes:
            return self.stored.encode(frame, frames.pixel_aspect)

        def part_from(start: int) -> Video:
            video = frames.video(jpegs, start)
            if pictures:  # one size for all: a broadcast may change from 4:3 to 16:9 half-way
                size = viewing_size(frames.source_size, frames.pixel_aspect, pictures)
                shown = Filmed(source, size, video.first_frame, video.first_frame + len(jpegs))  # type: ignore[arg-type]
                video = dataclasses.replace(video, pictures=shown)
            return video if speed == 1 else video.at_speed(speed)

        jpegs: list[bytes] = []
        start, limit = 0, length
        with tqdm(desc="Reading", unit="frame", delay=PATIENCE, leave=False, disable=None) as progress:
            for jpeg in overlapping(encode, frames):
                if len(jpegs) >= limit:
                    part = part_from(start)
                    density = min(max(1.0, part.fps / (self.frame_rate or part.fps)), DENSEST)
                    limit, shared = round(length * density), round(overlap * density)
                    if len(jpegs) >= limit:
                        yield self._described(dataclasses.replace(part, shared=shared))
                        del part  # which holds all frames
                        start, jpegs = start + len(jpegs) - shared, jpegs[-shared:]
                jpegs.append(jpeg)
                progress.total = frames.announced or None
                progress.update()
        yield self._described(part_from(start))

    def _described(self, video: Video) -> Video:
        """The video, with warnings if it departs from training."""
        warnings, departure = [*video.warnings], self.stored.departure(video.aspect)
        if departure is not None:
            trained = f"the model was trained on {self.stored.aspect:.2f}:1"
            warnings.append(Remark("aspect", f"The picture is {video.aspect:.2f}:1, {trained}: {departure}."))
        samples = video.samples(self.frame_rate)
        is_other = self.frame_rate is not None and abs(video.fps / self.frame_rate - 1) > RATE_TOLERANCE
        if is_other and np.any(samples % 1):  # else the model sees frames, each within half a frame of its time
            text = f"The video has {video.fps:.4g} frames/s, so the model saw blends of neighbouring frames."
            warnings.append(Remark("resampled", f"{text} Film at {self.frame_rate:.4g} or more."))
        return dataclasses.replace(video, warnings=tuple(warnings))

    def frames(self, jpegs: Sequence[bytes]) -> np.ndarray:
        """Frames in stored form, L JPEGs, as the model takes them: uint8 (L, H, W, 3)."""
        return model_frames(jpegs, self.image_size)

    def sampled(self, video: Video, samples: np.ndarray) -> np.ndarray:
        """A video's frames at some `samples`, float (K,): uint8 (K, H, W, 3)."""
        before, share = np.floor(samples).astype(int), np.asarray(samples) % 1
        frames = self.frames([video.frames[index] for index in before])
        mixed = np.flatnonzero(share)
        if mixed.size:
            after = self.frames([video.frames[index + 1] for index in before[mixed]])
            weight = share[mixed, None, None, None]
            frames[mixed] = np.rint(frames[mixed] * (1 - weight) + after * weight).astype(np.uint8)
        return frames

    @property
    def form(self) -> dict[str, Any]:
        """How frames are stored, for `form_differences`."""
        return dataclasses.asdict(self.stored) | {"frame_rate": self.frame_rate}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON has them."""
        stored = dataclasses.asdict(self.stored) | {"frame_size": list(self.stored.frame_size)}
        return {"image_size": list(self.image_size), **stored, "frame_rate": self.frame_rate}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ScoringNetPreprocessor":
        """The preprocessor that `get_config` described."""
        return cls(**config)

    @classmethod
    def from_preset(cls, preset: AnyPath) -> "ScoringNetPreprocessor":
        """A trained model's preprocessor, without its weights; `preset` as for `ScoringNet.from_preset`.

        Raises:
            InputError: there is no such model, or it does not see frames.
        """
        config = configuration(model_path(preset, "preset"), "preset")
        content, frame_rate = config["content"], (config.get("provenance") or {}).get("frame_rate")
        if content["features"]:
            raise InputError("sees_features", f"--preset={preset} takes features, not frames.")
        return cls(config["image_size"], content["frame_size"], **(content["stored"] or {}), frame_rate=frame_rate)


def _are_several(videos: Any) -> bool:
    """Whether these are several videos: paths, `Clip`s, or frames (L, H, W, 3) each; frames alone are one."""
    if not isinstance(videos, list | tuple):
        return len(getattr(videos, "shape", ())) == 5
    if not videos:
        raise InputError("wrong_value", "There is no video.", "Give a path, frames (L, H, W, 3), or a list of them.")
    return len(getattr(videos[0], "shape", (0,) * 4)) == 4


def _checked_frames(video: Any) -> np.ndarray:
    """Frames as a NumPy array; InputError for anything else."""
    frames = video
    if not isinstance(video, np.ndarray):
        import keras  # a video of a file needs none

        frames = keras.ops.convert_to_numpy(video)
    check_frames(frames, "the video")
    if frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
        raise InputError("wrong_shape", f"The frames are {frames.shape}.", "Give RGB frames as uint8 (L, H, W, 3).")
    if frames.max() <= 1:
        hint = "If they were floats in 0…1, multiply by 255 and round before .astype('uint8')."
        raise InputError("frames_black", "The frames are black: no value exceeds 1.", hint)
    return frames
