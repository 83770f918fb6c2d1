"""Where film cuts from one scene to another: each shot is seen by itself, as if it were all of the video.

Else a stage may begin in the shot before, and the backbone's features would mix both.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np

from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.video import Video

LEAST = 25.0  # mean difference of pixels, of 255, across a cut
RATIO = 4.0  # and so many times the median one around it: of filmed dives up to 3.2, of nearly all joined clips more
STILL = 1.0  # less is the same picture again, as in film that was slowed down
REPEATED = 16  # largest difference of a pixel: frames that repeat one had 8, those of filmed dives 44 and more
AROUND = 10  # frames before and after a cut with which it is compared


def cuts(jpegs: Sequence[bytes]) -> list[int]:
    """The first frame in each shot but the first one, in L encoded frames."""
    small = (np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_8)) for jpeg in jpegs)
    kept: list[int] = []
    pictures: list[np.ndarray] = []
    for number, picture in enumerate(small):
        if not pictures or _difference(picture, pictures[-1]) > STILL:
            kept.append(number)
            pictures.append(picture)
    changes = np.array([_difference(*pair) for pair in itertools.pairwise(pictures)])
    found = []
    for at in range(1, len(pictures)):
        near = np.concatenate([changes[max(at - 1 - AROUND, 0) : at - 1], changes[at : at + AROUND]])
        if changes[at - 1] <= max(LEAST, RATIO * np.median(near) if len(near) else 0.0):
            continue
        pairs = itertools.product(pictures[max(at - 2, 0) : at], pictures[at : at + 2])  # a flash is no cut
        if min(itertools.starmap(_difference, pairs)) > LEAST:
            found.append(kept[at])
    return found


def repeats(jpegs: Sequence[bytes]) -> np.ndarray:
    """Which of L encoded frames show the last new picture again, bool (L,)."""
    last, again = None, []
    for jpeg in jpegs:
        picture = decode_jpeg(jpeg)
        again.append(last is not None and cv2.absdiff(picture, last).max() <= REPEATED)
        last = last if again[-1] else picture
    return np.array(again, bool)


def shots(videos: Iterable[Video]) -> Iterator[Video]:
    """Yields the shots in a video's parts, each once.

    The last shot in a part goes on in the next one. If it begins in what both share, it is left to that one.
    """
    settled = 0  # frame in the file up to which shots are whole
    for video in videos:
        length = len(video.frames)
        edges = [0, *cuts(list(video.frames)), length]
        for start, stop in itertools.pairwise(edges):
            goes_on = stop == length and video.shared > 0
            if not goes_on and stop < length and video.first_frame + stop <= settled:
                continue
            if goes_on and start >= length - video.shared and start > 0:
                break
            if len(edges) > 2:
                since, shared = 0.0 if start else video.since, video.shared if goes_on else 0
                yield dataclasses.replace(video.cut(start, stop), is_shot=True, since=since, shared=shared)
            else:
                yield video
            settled = video.first_frame + (start if goes_on else stop)


def _difference(picture: np.ndarray, other: np.ndarray) -> float:
    return float(cv2.absdiff(picture, other).mean())
