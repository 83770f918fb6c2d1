"""Whether a model may compute in bfloat16: on videos of the kind that it will score, its numbers are held to bounds."""

from typing import TYPE_CHECKING

import numpy as np

from scoringnet_tf.inference.prediction import VideoScorer
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.wording import counted

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet

MAX_SHARE_OF_RANGE = 0.01  # of the range of a score in its sport, by which it may differ from that in float32
MAX_SHARE_OF_FRAMES = 0.02  # that may be of another stage


def check_precision(network: "ScoringNet", videos: list[str]) -> str:
    """What bfloat16 changes of the scores of some videos, in one line.

    Args:
        network: `ScoringNet` for frames.
        videos: paths, see `VideoStream`.

    Raises:
        InputError: the model takes features, no performance has a score that it gives without force, other reasons
            speak against one than in float32, or there are others, or a number differs by more than the bounds.
        VideoError: a video cannot be read.
    """
    if network.content != "frames":
        raise InputError("--precision=bfloat16: expected a model of frames. Received: one of features, without C3D.")
    exact, coarse = (VideoScorer(network.with_dtype(dtype)) for dtype in ("float32", "mixed_bfloat16"))
    worst: dict[str, float] = {}
    proven = False  # by a performance of the kind that is scored
    for path in videos:
        expected, found = (scorer(path, force=True) for scorer in (exact, coarse))
        in_float32, in_bfloat16 = (_against(scored) for scored in (expected, found))
        if in_float32 != in_bfloat16:
            raise InputError(
                f"--precision=bfloat16: expected {'; '.join(in_float32)} to speak against {path}, for each performance "
                f"as in float32. Received: {'; '.join(in_bfloat16)}. Export in float32."
            )
        proven |= any(each.final is not None and not each.reasons for each in expected.performances)
        differences = _differences(network.sport, expected, found)
        for name, difference in differences.items():
            bound = MAX_SHARE_OF_FRAMES if name == "stages" else MAX_SHARE_OF_RANGE
            if not difference <= bound:
                raise InputError(
                    f"--precision=bfloat16: expected {name} within {bound:.0%} of float32. Received: {difference:.1%} "
                    f"on {path}. Export in float32."
                )
            worst[name] = max(worst.get(name, 0.0), difference)
    if not proven:
        raise InputError(
            "--precision=bfloat16: expected --samples of which one at least has scores, with nothing against them. "
            f"Received: none in {counted(len(videos), 'video')}."
        )
    said = ", ".join(f"{name} {difference:.2%}" for name, difference in worst.items())
    compared = counted(len(videos), "video")
    return f"bfloat16 against float32 on {compared}, at most: {said} (of a range; stages: of the frames)"


def _against(scored):
    """What speaks against each performance of a video, and against all of it: codes, or that nothing does."""
    codes = ({reason.code for reason in (*each.reasons, *scored.further_reasons)} for each in scored.performances)
    return [", ".join(sorted(found)) or "nothing" for found in codes]


def _differences(sport, exact, coarse):
    """Score → its difference as a share of its range; `stages`, the share of frames of another stage."""
    differences: dict[str, float] = {}
    for expected, found in zip(exact.performances, coarse.performances, strict=True):
        for score in SCORES:
            if (value := getattr(expected, score)) is not None:
                low, high = sport.range_of(score)
                other = getattr(found, score)
                difference = float("inf") if other is None else abs(other - value) / (high - low)
                differences[score] = float(np.maximum(differences.get(score, 0.0), difference))  # NaN stays
    if exact.stages:
        differences["stages"] = float(np.mean(_labels(exact) != _labels(coarse)))
    return differences


def _labels(scored):
    """The name of the stage of every frame, (L,)."""
    names = [stage["name"] for stage in scored.stages]
    return np.repeat(names, [stage["end_frame"] - stage["start_frame"] for stage in scored.stages])
