"""Test-time augmentation: a model may score several views of a key fragment, and answer with the mean."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from scoringnet_tf.support.messages import unknown_name

if TYPE_CHECKING:
    from scoringnet_tf.models.score_prediction import ScorePredictor

MOVES = {1: (0,), 2: (0,), 6: (0, -1, 1)}  # views → frames by which the fragments are moved
VIEWS = tuple(MOVES)


def check_views(views: int, *, of_frames: bool, of_fragments: bool) -> None:
    """InputError (`unknown_name`): features have no mirror image, and whole videos cannot be moved."""
    known = [number for number in VIEWS if (of_frames or number == 1) and (of_fragments or len(MOVES[number]) == 1)]
    if views not in known:
        raise unknown_name("views", views, known)


def select_views(
    scores: Iterable[str], selectors: Iterable[layers.Layer], content: Any, stages: Any, mask: Any, views: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the towers see, without mirror images.

    Args:
        scores, selectors: the n towers', `FragmentSelector`s.
        content: frames (B, L, H, W, C) or features (B, L, D).
        stages: int (B, L), every frame's stage; None scores whole videos.
        mask: bool (B, L), true for real frames.
        views: in `VIEWS`.

    Returns:
        `{"difficulty_clip": (M·B, T, …), …}`, one move after the other; `{"empty_fragments": bool (B, n)}`, or `{}`.
    """
    clips, empty = {}, []
    for score, selector in zip(scores, selectors, strict=True):
        moves, none_found = zip(*(selector(content, stages, mask, move=move) for move in MOVES[views]), strict=True)
        clips[f"{score}_clip"] = ops.concatenate(moves) if len(moves) > 1 else moves[0]
        empty.append(none_found[0])  # moved as they are
    return clips, {} if stages is None else {"empty_fragments": ops.stack(empty, axis=1)}


def score_views(
    predictor: "ScorePredictor",
    clips: Mapping[str, Any],
    views: int,
    training: bool | None = None,
    network: keras.Model | None = None,
) -> dict[str, Any]:
    """SP's outputs (B, …) for `select_views`' clips (M·B, T, …): the mean over all views, mirror images included.

    The final score and a distribution's mean and deviation follow from the means. `network` is another network with the
    same inputs and outputs that scores in place of the predictor.
    """
    score = network or predictor
    if views == 1:
        return score(clips, training=training)
    both = {name: ops.concatenate([clip, ops.flip(clip, axis=-2)]) for name, clip in clips.items()}
    return predictor.averaged(score(both, training=training), 2 * len(MOVES[views]))
