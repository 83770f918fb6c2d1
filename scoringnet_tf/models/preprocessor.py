"""From a video to the inputs of a `ScoringNet`: what its training did to frames, kept with the model."""

import dataclasses
import os

import keras
import numpy as np
from tqdm import tqdm

from scoringnet_tf.data.preprocessing import StoredForm, model_frames
from scoringnet_tf.data.video import Clip, Video, VideoStream
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.threads import overlapping

PATIENCE = 3  # seconds after which a progress bar appears


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoringNetPreprocessor:
    """Brings a video to `{"frames": uint8 (1, L, H, W, 3), "mask": bool (1, L)}`, what a `ScoringNet` takes.

    Call argument: the path of a video file or of a folder of images, a `Clip`, or the frames as an array or a tensor,
    uint8 (L, H', W', 3), RGB, of any size, as they come out of a video. The frames are stored as records store them
    (`StoredForm`) and read again, so that a model sees what it was trained and evaluated on, to the bit.

    Args:
        image_size: (H, W) of the model's input, the centre of the stored frame.
        frame_size, jpeg_quality, aspect, fit: of `StoredForm`, as the records had them that the model was trained on.
            By default those of the models that ship: videos of 320×240, and others cut to their aspect.

    Raises:
        InputError: `image_size` exceeds `frame_size`, or the call's argument is none of those.
        VideoError: as `VideoStream`.

    Example:
    >>> model(model.preprocessor("dive.mp4"))["final"]  # doctest: +SKIP
    """

    def __init__(
        self,
        image_size: tuple[int, int] = (112, 112),
        frame_size: tuple[int, int] = (128, 171),
        jpeg_quality: int = 92,
        aspect: float | None = 4 / 3,
        fit: str = "crop",
    ):
        self.image_size = tuple(image_size)
        self.stored = StoredForm((frame_size[0], frame_size[1]), jpeg_quality, aspect, fit)

    def __call__(self, video) -> dict[str, np.ndarray]:
        if isinstance(video, (str, os.PathLike, Clip)):
            jpegs = self.read(video).frames
        else:
            jpegs = [self.stored.encode(frame) for frame in _checked_frames(video)]
        frames = self.frames(jpegs)[np.newaxis]
        return {"frames": frames, "mask": np.ones(frames.shape[:2], bool)}

    def read(self, source, *, partial: bool = False) -> Video:
        """The video with its frames in stored form, encoded: a few kilobytes each, whatever the size of the video.

        Args:
            source, partial: as of `VideoStream`.

        Returns:
            A `Video` whose `frames` are JPEGs, for `frames`. Its warnings say what was done to another aspect.
        """
        stream, jpegs = VideoStream(source, partial=partial), []
        encoded = overlapping(lambda frame: self.stored.encode(frame, stream.pixel_aspect), stream)
        with tqdm(desc="Reading", unit="frame", delay=PATIENCE, leave=False, disable=None) as progress:
            for jpeg in encoded:
                jpegs.append(jpeg)
                progress.total = stream.announced or None
                progress.update()
        video = stream.video(jpegs)
        departure = self.stored.departure(video.aspect)
        if departure is None:
            return video
        said = f"The picture is {video.aspect:.2f}:1, the model was trained on {self.stored.aspect:.2f}:1: {departure}."
        return dataclasses.replace(video, warnings=(*video.warnings, said))

    def frames(self, jpegs) -> np.ndarray:
        """Frames in stored form, L JPEGs, as the model takes them: uint8 (L, H, W, 3)."""
        return model_frames(jpegs, self.image_size)

    def get_config(self) -> dict:
        """The constructor's arguments, as JSON has them."""
        form = self.stored
        return {
            "image_size": list(self.image_size),
            "frame_size": list(form.frame_size),
            "jpeg_quality": form.jpeg_quality,
            "aspect": form.aspect,
            "fit": form.fit,
        }

    @classmethod
    def from_config(cls, config: dict):
        """The preprocessor that `get_config` described."""
        return cls(**config)


def _checked_frames(video):
    """A NumPy array of frames; InputError for anything else."""
    frames = video if isinstance(video, np.ndarray) else keras.ops.convert_to_numpy(video)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
        raise InputError(
            "Expected the path of a video, or its frames as uint8 (L, H, W, 3), RGB. Received: "
            f"{frames.dtype} {frames.shape}"
        )
    return frames
