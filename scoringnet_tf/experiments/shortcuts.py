"""What is reached without watching the performance: a result means what it adds to these.

Each shortcut is a ridge regression of some numbers of a video on each score, its strength chosen by leave-one-out
inside the training videos. No shortcut sees more than its line says.
"""

import dataclasses
import math
import sys
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from tqdm import tqdm

from scoringnet_tf.bootstrap import Groups
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments.intervals import Results
from scoringnet_tf.sports import PREDICTED_SCORES, SCORES, get_sport, stage_runs
from scoringnet_tf.support.errors import InputError

SMALL = (16, 12)  # width, height of the small grey frame
FOLDS = 5
STRENGTHS = np.logspace(-2, 6, 25)  # of the ridge penalty, tried on standardised inputs


@dataclasses.dataclass(frozen=True)
class Watched:
    """What shortcuts may look at of V videos; numbers of shape (V, …).

    Attributes:
        ids: V names.
        scores: score → (V,), points; NaN = unknown.
        durations: frames of every stage but noise, of the video, and the last stage's start; NaN of a video with a
            frame of unknown stage.
        colour: mean and deviation over all pixels of each colour.
        small: the grey frame, 16×12, at the start of the last stage, where the stages are not known in the middle.
        full: the same frame as it is stored, grey.
        groups: of the videos, None of one that is alone; none at all where each is.
    """

    ids: tuple[str, ...]
    scores: Mapping[str, np.ndarray]
    durations: np.ndarray
    colour: np.ndarray
    small: np.ndarray
    full: np.ndarray
    groups: Groups = ()


def watch(info: DatasetInfo, split: str) -> Watched:
    """Reads a split of records of frames.

    Raises:
        InputError: the records are of features.
    """
    from scoringnet_tf.data import input_pipeline

    if info.features:
        raise InputError(
            "features_given", f"{info.records_dir}: shortcuts need records of frames, and these hold features."
        )
    videos = input_pipeline.videos(
        info.records_dir, split, image_size=info.frame_size, batch_size=1, pad_to_multiple=1, with_info=True
    )
    rows = []
    for inputs, targets, described in tqdm(videos, f"Watching {split}", total=len(info.split(split)["ids"])):
        frames, stages = inputs["frames"][0].numpy(), targets["stages"][0].numpy()
        scores = {score: float(targets[score][0]) if score in targets else math.nan for score in SCORES}
        rows.append((described["id"][0].numpy().decode(), scores, *_numbers(frames, stages, len(info.stages))))
    rows.sort(key=lambda row: row[0])
    ids = tuple(row[0] for row in rows)
    of_each = {score: np.array([row[1][score] for row in rows]) for score in SCORES}
    durations, colour, small, full = (np.array([row[column] for row in rows]) for column in range(2, 6))
    return Watched(ids, of_each, durations, colour, small, full, info.groups_of(ids))


def _numbers(frames, stages, num_stages):
    """`durations`, `colour`, `small` and `full` of one video: frames uint8 (L, H, W, 3), stages int (L,)."""
    starts = [start for stage, start, _ in stage_runs(stages) if stage == num_stages - 1]
    moment = starts[0] if starts else len(frames) // 2
    counts = [(stages == stage).sum() for stage in range(1, num_stages)]
    grey = cv2.cvtColor(frames[moment], cv2.COLOR_RGB2GRAY)
    pixels = frames.reshape(-1, 3).astype(np.float32)
    return (
        np.array([*counts, len(frames), moment], float) + (math.nan if (stages < 0).any() else 0.0),
        np.concatenate([pixels.mean(axis=0), pixels.std(axis=0)]),
        cv2.resize(grey, SMALL, interpolation=cv2.INTER_AREA).ravel().astype(float),
        grey.ravel().astype(float),
    )


SHORTCUTS: dict[str, Callable[[Watched], np.ndarray]] = {
    "stage durations": lambda watched: watched.durations,
    "colour and brightness": lambda watched: watched.colour,
    "one 16×12 grey frame": lambda watched: watched.small,
    "one grey frame": lambda watched: watched.full,
    "true difficulty": lambda watched: watched.scores["difficulty"][:, None],
}
MEAN = "mean predictor"


def shortcuts(info: DatasetInfo, tested: tuple[DatasetInfo, ...]) -> Results:
    """What each shortcut, and the mean of the training videos, predicts of the test videos.

    Args:
        info: records whose training split is learnt from, without a part held out.
        tested: records whose test split is predicted: renderings of the same videos.

    Returns:
        `Results` of one seed. The final score is fused (Eq. 4) where its parts are known in training.
    """
    trained = watch(info, "train")
    tests = [watch(rendering, "test") for rendering in tested]
    sources = zip(trained.ids, trained.groups or trained.ids, strict=True)
    groups = np.array([group or f"={video_id}" for video_id, group in sources])
    learnt = [score for score in SCORES if np.isfinite(trained.scores[score]).sum() > 1]
    fused = set(PREDICTED_SCORES) <= set(learnt)
    predicted = {MEAN: _fused(info, fused, {score: _means(trained, tests, score) for score in learnt})}
    for name, numbers in SHORTCUTS.items():
        inputs = numbers(trained)
        if np.isfinite(inputs).all() and all(np.isfinite(numbers(test)).all() for test in tests):
            scores = {
                score: _ridge(inputs, trained.scores[score], [numbers(test) for test in tests], groups)
                for score in learnt
            }
            predicted[name] = _fused(info, fused, scores)
        else:
            print(f"shortcuts: left out {name}: it is not known of every video.", file=sys.stderr)
    truth = {score: tests[0].scores[score] for score in learnt}
    return Results(tests[0].ids, truth, predicted)


def _means(trained, tests, score):
    """(1, R, V) of the training videos' mean."""
    return np.full((1, len(tests), len(tests[0].ids)), np.nanmean(trained.scores[score]))


def _ridge(inputs, scores, tests, groups):
    """Predictions (1, R, V) of a ridge regression on standardised (N, D), for inputs (V, D) of R renderings.

    The penalty is chosen by leaving out one video in turn; of videos in groups (N,) a fold of these, as systems do.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known, folds = np.isfinite(scores), None
    of_known = groups[known]
    if 1 < (number := len({*of_known.tolist()})) < len(of_known):
        folds = list(GroupKFold(min(FOLDS, number)).split(of_known, groups=of_known))
    model = make_pipeline(StandardScaler(), RidgeCV(STRENGTHS, cv=folds)).fit(inputs[known], scores[known])
    return np.array([[model.predict(test) for test in tests]])


def _fused(info, fused, predicted):
    if fused:
        final = get_sport(info.sport).fuse(predicted["difficulty"], predicted["execution"])
        predicted = {**predicted, "final": final}
    return predicted
