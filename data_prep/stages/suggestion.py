"""Stages that a trained KFS finds in videos without labels: the work of `python -m data_prep suggest`."""

import os
from pathlib import Path

from tqdm import tqdm

from data_prep.datasets.readers.layout import VIDEO_SUFFIXES
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.labels import Segment
from scoringnet_tf.sports import NOISE
from scoringnet_tf.support.errors import InputError


def find_videos(videos_dir=None, paths=()):
    """Where the videos lie, and what `build --dataset=manifest` calls them: by their path below that folder.

    Args:
        videos_dir: folder; every video file in it and in its folders is meant. None where `paths` are given.
        paths: of video files, or of folders of images.

    Returns:
        (folder, ids in order): the folder is `videos_dir`, or the deepest one that holds all of `paths`.

    Raises:
        InputError: both or neither were given, or there is no such folder, or no video in it.
    """
    if (videos_dir is None) == (not paths):
        received = "neither" if videos_dir is None else "both"
        raise InputError(f"Expected --videos_dir, or one or more video files. Received: {received}. See --help.")
    if paths:
        # The folders are resolved, but not a link to a video: it is called as its link.
        paths = [path.parent.resolve() / path.name for path in map(Path, paths)]
        folder = Path(os.path.commonpath([path.parent for path in paths]))
    else:
        folder = Path(videos_dir)
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file())
        if not paths:
            raise InputError(f"--videos_dir: expected a folder of videos. Received: {folder}, where there are none.")
    return folder, list(dict.fromkeys(path.relative_to(folder).as_posix() for path in paths))


def suggest_stages(model, video_ids, facts_of):
    """Labels videos with the stages that KFS finds, noise included; shows progress.

    Args:
        model: `ScoringNet`.
        video_ids: of the videos.
        facts_of: as of `formats.videos.facts_reader`, with their folder.

    Returns:
        A list of `LabelledVideo` in the same order. The segments of a video are its frames from the first to the last
        without a gap; one that cannot be decoded to its end has none, but a problem.
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


def missing_stages(video, sport):
    """The stages of the sport, but noise, that a `LabelledVideo` does not show; in order."""
    found = {segment.stage for segment in video.segments}
    return [stage for stage in sport.stages if stage not in found and stage != NOISE]
