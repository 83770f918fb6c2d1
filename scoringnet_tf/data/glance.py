"""A glance at film: small pictures at a low rate, for which frames that nobody needs are not decoded. No TensorFlow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf.data.containers import VideoError, open_container, reason, times_to_seek, video_stream
from scoringnet_tf.data.frame_conversion import FrameConverter
from scoringnet_tf.data.video import frame_times

DENSE = 1.1  # intervals of pictures that frames which are not skipped may be apart
LEFT_OUT = 1.0  # seconds at the end that may lack: frames to which no other refers


def glance(path: Path, rate: float, side: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (the number of the frame in the file, its picture) that is shown at k / `rate` seconds, for each k.

    Frames to which no other refers are skipped as long as the others are dense enough.

    Args:
        path: a file whose frames can all be sought (`times_to_seek`).
        rate: pictures per second.
        side: a picture's smaller side at most, pixels; uint8 (H, W, 3), RGB.

    Raises:
        VideoError: the file cannot be read to its end, or has frames that it does not announce.
    """
    import av

    times, numbers = frame_times(path), {time: number for number, time in enumerate(times_to_seek(path))}
    converter, end = FrameConverter([], side), times[-1] * rate
    count, number, seconds = 0, 0, 0.0
    picture: Any = None
    with open_container(path) as container:
        stream = video_stream(container, path, 0)
        stream.codec_context.skip_frame = "NONREF"
        try:
            for frame in container.decode(stream):
                if frame.is_corrupt or frame.pts not in numbers:
                    raise VideoError("damaged_video", f"{path} is damaged near {seconds:.1f} s.")
                number, before = numbers[frame.pts], seconds
                seconds = times[number]
                if (seconds - before) * rate > DENSE:
                    stream.codec_context.skip_frame = "DEFAULT"
                due = min(seconds * rate + 0.5, end)
                if count <= due:
                    picture = converter.picture(frame)
                while count <= due:
                    yield number, picture
                    count += 1
        except (av.FFmpegError, MemoryError) as error:
            raise VideoError("damaged_video", f"{path} is damaged: {reason(error)}.") from error
    if picture is None or times[-1] - seconds > LEFT_OUT:
        raise VideoError("damaged_video", f"{path} ends after {seconds:.1f} s.")
    while count <= end:
        yield number, picture
        count += 1
