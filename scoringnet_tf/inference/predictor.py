"""Loads a trained model, and scores a video by it, or one after the other."""

import functools
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from scoringnet_tf.data.corrections import Correction
from scoringnet_tf.data.features import are_joints, is_features
from scoringnet_tf.data.video import Clip, Video
from scoringnet_tf.inference.inputs import Named, problem_with
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.result import PartSummary, VideoScore
from scoringnet_tf.models.parameter_groups import STAGE_PARTS
from scoringnet_tf.models.presets import check_trained, load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.models.training_statistics import checksum
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.messages import InputError, Remark, clock
from scoringnet_tf.support.model_files import FOR_FILM, default_model
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.threads import check_not_forked, overlapping
from scoringnet_tf.weights.backbones import behind_backbone


def score_video(
    path: AnyPath | Clip,
    model: ScoringNet | AnyPath | None = None,
    *,
    force: bool = False,
    start: float | None = None,
    end: float | None = None,
    speed: float = 1.0,
) -> VideoScore:
    """Decodes a video and scores it.

    Args:
        path: a video file, or a folder of images numbered in order; a feature file for a model that reads those;
            or a `Clip`.
        model: `ScoringNet`, or its path (a `.keras` file, or a folder with one), from which it is loaded each time.
            None for `default_model`: `diving_film` if it ships and I3D is installed, else `diving_small`.
        force: give the scores even if `VideoScore.reasons` speak against them. Without it a model that learned its
            scores from simulated video alone gives stages and times.
        start, end: seconds since the first frame between which it is scored; None for the file's beginning and end.
        speed: how many times slower than life the film runs: 2 at half speed. Times are divided by it.

    Raises:
        InputError: there is no such model, or `path` is none; no frame is shown from `start` to `end`, or none at the
            end of it; or one of these is given for a `Clip` or for features.
        VideoError: the file is missing, is not a video, or has no frames. A video that is damaged half-way is scored
            as far as it goes, with a warning.
    """
    reads_features = isinstance(path, str | Path) and is_features(path)
    return predictor_of(model, reads_features)(path, force=force, start=start, end=end, speed=speed)


def predictor_of(model: ScoringNet | AnyPath | None = None, reads_features: bool = False) -> Predictor:
    """The `Predictor` for a model, or for its path; the same one for the same model with the same weights.

    Args:
        model: as in `score_video`.
        reads_features: whether it reads feature files, not videos by the backbone that its heads learned from.

    Raises:
        InputError: there is no such model, the parts that find stages (all, if it finds none) have not learned, or its
            backbone is not at hand.
    """
    check_not_forked()
    if model is None:
        return _shipped_predictor(default_model(), reads_features)
    path = None if isinstance(model, ScoringNet) else str(model)
    network = model if isinstance(model, ScoringNet) else load_scoring_net(model)
    check_trained(network, path, parts=None if network.segmenter is None else STAGE_PARTS)
    # A model may have been trained on: then its statistics are stale.
    return _predictor(network, path, checksum(network) if path is None else None, reads_features)


@functools.cache
def _shipped_predictor(name: str, reads_features: bool) -> Predictor:
    return predictor_of(name, reads_features)


@functools.lru_cache(maxsize=2)  # so that one video after another is scored by what was traced once
def _predictor(model: ScoringNet, name: str | None, weights: int | None, reads_features: bool) -> Predictor:
    if are_joints(model.features) and not reads_features:
        return Predictor(_finder(model.sport), name=name, scorer=model)
    seeing = model if reads_features else behind_backbone(model, f"--model={name}" if name else "The model")
    return Predictor(seeing.for_inference(), name=name)


def _finder(sport: Sport) -> ScoringNet:
    """The model that finds performances on film, and whose joints a model of joints scores; InputError without one."""
    finder = load_scoring_net(FOR_FILM)
    if sport.dives is None or sport.dives != finder.sport.dives:
        message = f"The model scores joints, and no model finds the sport {sport.name} in videos."
        raise InputError("sees_features", message, "Give it files of joints.")
    return behind_backbone(finder, f"--model={FOR_FILM}").for_inference()


def scored(
    videos: Iterable[Named],
    predictor: Predictor,
    *,
    force: bool = False,
    corrections: Mapping[str, Sequence[Correction]] | None = None,
    **stretch: Any,
) -> Iterator[tuple[str, VideoScore | Remark]]:
    """Yields each name in `named_videos` with its score, or why there is none; options as in `Predictor`.

    `corrections` of a video's performances rule their times.

    The next video in a list is read while one is scored. Others, such as those that arrive in a folder, take their
    turn. On a terminal a long video's performances are told as they are found.
    """

    def begin(named: Named) -> tuple[str, Iterator[Video] | Remark]:
        video, error = named
        try:
            if error is not None:
                raise error
            parts = predictor.read(video, **stretch)
            return video, itertools.chain([next(parts)], parts)
        except Exception as wrong:
            return video, problem_with(video, wrong)

    for video, parts in overlapping(begin, videos, threads=1, ahead=int(isinstance(videos, list))):
        if isinstance(parts, Remark):
            yield video, parts
            continue
        summaries: list[PartSummary] = []
        try:
            for part in predictor.results(parts, force=force, corrections=(corrections or {}).get(video, ())):
                summaries.append(part.summary)
                del part  # which holds all frames
                for one in summaries[-1].performances if summaries[-1].is_part and sys.stderr.isatty() else ():
                    tqdm.write(f"{video}: a performance from {clock(one.start_s)} to {clock(one.end_s)}", sys.stderr)
            result = predictor.gather(video, summaries)
        except Exception as error:
            yield video, problem_with(video, error)
        else:
            yield video, result
