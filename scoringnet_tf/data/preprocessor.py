"""From a video to the inputs of a `ScoringNet`, as in its training; kept with the model."""

import dataclasses
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from scoringnet_tf import defaults
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, StoredForm, check_frames, model_frames
from scoringnet_tf.data.video import Clip, Video, VideoStream
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.model_files import configuration, model_path
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.threads import overlapping

PATIENCE = 3  # seconds after which a progress bar appears
# Frames of a long video that are kept at a time: 90 MB, in stored form, for the models that ship.
PART = 12000  # 480 s at 25 frames/s: shorter videos are read at once
OVERLAP = 4000  # two horizons of the Bi-LSTM, see `inference.stages`, and a performance
# With I3D a frame has a JPEG and 1,856 numbers, which exist three times while the stage head reads them.
SHORT_PART = 8000
SHORT_OVERLAP = 1000  # a performance, and what other stage heads see around it
DENSEST = 4.0  # times the rate of training at most: else a part may not fit memory


class ScoringNetPreprocessor:
    """Brings a video to the inputs of a `ScoringNet`: `{"frames": uint8 (1, L, H, W, 3), "mask": bool (1, L)}`.

    Call argument: the path of a video file or of a folder of images, a `Clip`, or frames as an array or a tensor, uint8
    (L, H', W', 3), RGB. Frames take the stored form of records (`StoredForm`): what the model was trained on, to the
    bit.

    Args:
        image_size: (H, W) of the model's input, the centre of the stored frame.
        frame_size, jpeg_quality, aspect, fit: of the `StoredForm` of the training records. The defaults are those of
            the paper: 128×171, for C3D's 112×112.
        frame_rate: frames per second of training, to which videos are brought by their timestamps; None takes every
            frame, as always of an array.

    Raises:
        InputError: `image_size` exceeds `frame_size`, or the call's argument is none of those; `frames_black` if no
            value of an array exceeds 1, as of floats in 0…1 that were cast to uint8.
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

    def __call__(self, video: Any) -> dict[str, np.ndarray]:
        """The inputs of a model for one video, see the class."""
        if isinstance(video, (str, os.PathLike, Clip)):
            if not str(video):
                raise InputError("wrong_value", "The path of the video is empty.")
            stored = self.read(video)
            frames = self.sampled(stored, stored.samples(self.frame_rate))
        else:
            frames = self.frames([self.stored.encode(frame) for frame in _checked_frames(video)])
        frames = frames[np.newaxis]
        return {"frames": frames, "mask": np.ones(frames.shape[:2], bool)}

    def read(self, source: str | os.PathLike | Clip, *, partial: bool = False) -> Video:
        """The `Video` (arguments as of `VideoStream`) with frames in stored form, JPEGs, and warnings of changes."""
        (video,) = self.parts(source, partial=partial, length=sys.maxsize)
        return video

    def parts(
        self,
        source: str | os.PathLike | Clip,
        *,
        partial: bool = False,
        length: int = PART,
        overlap: int = OVERLAP,
    ) -> Iterator[Video]:
        """`read` for a video of any length, a part at a time.

        Args:
            source, partial: as of `VideoStream`.
            length: frames of a part, at the rate of training: a video at twice that rate has twice as many.
            overlap: how many of them the next part repeats.

        Yields:
            `Video`s; a single one if the video is no longer than a part.
        """
        frames = VideoStream(source, partial=partial)  # type: ignore[arg-type]
        jpegs: list[bytes] = []
        start, limit = 0, length
        encoded = overlapping(lambda frame: self.stored.encode(frame, frames.pixel_aspect), frames)
        with tqdm(desc="Reading", unit="frame", delay=PATIENCE, leave=False, disable=None) as progress:
            for jpeg in encoded:
                if len(jpegs) >= limit:
                    part = frames.video(jpegs, start)
                    density = min(max(1.0, part.fps / (self.frame_rate or part.fps)), DENSEST)
                    limit, shared = round(length * density), round(overlap * density)
                    if len(jpegs) >= limit:
                        yield self._described(dataclasses.replace(part, shared=shared))
                        del part  # which holds all frames
                        start, jpegs = start + len(jpegs) - shared, jpegs[-shared:]
                jpegs.append(jpeg)
                progress.total = frames.announced or None
                progress.update()
        yield self._described(frames.video(jpegs, start))

    def _described(self, video):
        """The video, with warnings of its departures from training."""
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
        """Frames of a `Video` in stored form at some of its `samples`, float (K,): uint8 (K, H, W, 3)."""
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
    def of_network(cls, config: Mapping[str, Any]) -> "ScoringNetPreprocessor":
        """The preprocessor of a `ScoringNet` of this configuration."""
        form, frame_rate = config["stored"] or {}, (config["provenance"] or {}).get("frame_rate")
        return cls(config["image_size"], config["frame_size"], **form, frame_rate=frame_rate)

    @classmethod
    def from_preset(cls, preset: AnyPath) -> "ScoringNetPreprocessor":
        """The preprocessor of a trained `ScoringNet`, without its weights; `preset` as of `ScoringNet.from_preset`.

        Raises:
            InputError: there is no such model, or it does not see frames.
        """
        config = configuration(model_path(preset, "preset"), "preset")
        if config["features"]:
            raise InputError("sees_features", f"--preset={preset} takes features, not frames.")
        return cls.of_network(config)


def _checked_frames(video):
    """A NumPy array of frames; InputError for anything else."""
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
