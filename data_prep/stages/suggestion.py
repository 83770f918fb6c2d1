"""Stages that a trained KFS finds in videos without labels: the work of `python -m data_prep suggest`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep.datasets.readers.layout import VIDEO_SUFFIXES
from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.videos import FactsOf
from scoringnet_tf.sports import NOISE, Sport
from scoringnet_tf.support.errors import InputError


def find_videos(videos_dir: str | None = None, paths: Sequence[str] = ()) -> tuple[Path, list[str]]:
    """Where the videos lie, and what `build --dataset=manifest` calls them: by their path below that folder.

    Args:
        videos_dir: folder; every video file in it and in its folders is meant. None where `paths` are given.
        paths: of video files, or of folders of images.

    Returns:
        (folder, ids in order): the folder is `videos_dir`, or the deepest one that holds all of `paths`.

    Raises:
        InputError: both or neither were given, or there is no such folder, or no video in it.
    """
    if videos_dir is None and paths:
        # The folders are resolved, but not a link to a video: it is called as its link.
        found = [path.parent.resolve() / path.name for path in map(Path, paths)]
        folder = Path(os.path.commonpath([path.parent for path in found]))
    elif videos_dir is not None and not paths:
        folder = Path(videos_dir)
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file())
        if not found:
            raise InputError(f"--videos_dir: expected a folder of videos. Received: {folder}, where there are none.")
    else:
        received = "both" if paths else "neither"
        raise InputError(f"Expected --videos_dir, or one or more video files. Received: {received}. See --help.")
    return folder, list(dict.fromkeys(path.relative_to(folder).as_posix() for path in found))


def load_model(path: str | None = None) -> Any:
    """The trained `ScoringNet` at `path`, see `inference.prediction.load_model`; Keras is imported here, not before."""
    from scoringnet_tf.inference.prediction import load_model

    return load_model(path)


def suggest_stages(model: Any, video_ids: Sequence[str], facts_of: FactsOf) -> list[LabelledVideo]:
    """Labels videos with the stages that KFS finds, noise included; shows progress.

    Args:
        model: `ScoringNet`.
        video_ids: of the videos.
        facts_of: as of `formats.videos.facts_reader`, with their folder.

    Returns:
        The videos in the same order. The segments of one are its frames from the first to the last without a gap; one
        that cannot be decoded to its end has none, but a problem.
    """
    return [_labelled(model, video_id, facts_of) for video_id in tqdm(video_ids, "Suggesting stages", unit="video")]


def _labelled(model, video_id, facts_of):
    from scoringnet_tf.inference.prediction import segment_video  # TensorFlow, which --help should not wait for

    try:
        path = facts_of(video_id).path
        found = segment_video(path, model)
    except InputError as error:
        return LabelledVideo(video_id, video_id, (), (str(error),))
    where = str(path)
    segments = (Segment(model.sport.stages[stage], start, end, where) for stage, start, end in found)
    return LabelledVideo(video_id, where, tuple(segments))


def missing_stages(video: LabelledVideo, sport: Sport) -> list[str]:
    """The stages of the sport, but noise, that a video does not show; in order."""
    found = {segment.stage for segment in video.segments}
    return [stage for stage in sport.stages if stage not in found and stage != NOISE]
