"""The pages of `python -m scoringnet_tf.report` for evaluated records: the same scores as in its predictions.csv."""

import math
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.data.stored_videos import stored_videos
from scoringnet_tf.inference.predictor import Predictor
from scoringnet_tf.report.collecting import Scenes, shown_performances
from scoringnet_tf.report.judges import Judged
from scoringnet_tf.report.page import write_pages
from scoringnet_tf.support.paths import AnyPath


def write_evaluation_pages(
    output: AnyPath, model: Any, info: DatasetInfo, split: str, ids: Sequence[str] | None, name: str
) -> list[AnyPath]:
    """Writes a page of every video of a split, and one that ranks them; scores are given whatever speaks against them.

    Args:
        output: of the ranking, see `write_pages`.
        model: `ScoringNet` of frames.
        info: of records of frames.
        split, ids: as of `input_pipeline.videos`.
        name: of the model.

    Returns:
        The paths of the pages.
    """
    scorer, shown = Predictor(model, name=name, as_recorded=True), []
    total = len(split_ids(info, split, ids=ids))
    for video_id, video, truth in tqdm(stored_videos(info, split, ids), "Drawing pages", total, unit="video"):
        judges = {score: points for score, points in truth.items() if not math.isnan(points)}
        scenes = Scenes()
        score = scorer.score(video, video_id, force=True, seen=scenes)
        shown += shown_performances(scorer, scenes, score, [Judged(judges)], name=video_id)
    return write_pages(output, shown, name, f"{info.name}, {split} split")
