"""Stages that a trained KFS finds in videos without labels: the work of `python -m data_prep suggest`."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep.datasets.stage_labels import Segment
from data_prep.records.encoding import EncodedVideo, encode_video
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.timing import exact_rate, varying
from data_prep.stages.formats.videos import FactsOf, VideoFacts, video_path
from data_prep.support.processes import in_processes
from scoringnet_tf.data.video import Clip
from scoringnet_tf.data.video_files import videos_in
from scoringnet_tf.inference.inputs import unreadable
from scoringnet_tf.sports import NOISE, Sport, stage_runs
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.model_files import check_model


def find_videos(videos_dir: str | None = None, paths: Sequence[str] = ()) -> tuple[Path, list[str]]:
    """Where the videos lie, and what `build --dataset=manifest` calls them: by their path below that folder.

    Args:
        videos_dir: folder; every video file in it and in its folders is meant, and every folder of numbered images in
            it. None where `paths` are given.
        paths: of video files, or of folders of images.

    Returns:
        (folder, ids in order): the folder is `videos_dir`, or the deepest one that holds all of `paths`.

    Raises:
        InputError: both or neither were given, or there is no such folder, or no video in it, or none of `paths`.
    """
    if videos_dir is None and paths:
        if len(wrong := unreadable(paths)) == len(paths):
            raise InputError("todo", " ".join(map(str, wrong)))
        # The folders are resolved, but not a link to a video: it is called as its link.
        found = [path.parent.resolve() / path.name for path in map(Path, paths)]
        folder = Path(os.path.commonpath([path.parent for path in found]))
    elif videos_dir is not None and not paths:
        folder = Path(videos_dir)
        found = videos_in(folder) if folder.is_dir() else []
        if not found:
            raise InputError(
                "todo", f"--videos_dir: expected a folder of videos. Received: {folder}, where there are none."
            )
    else:
        received = "both" if paths else "neither"
        raise InputError(
            "todo", f"Expected --videos_dir, or one or more video files. Received: {received}. See --help."
        )
    return folder, list(dict.fromkeys(path.relative_to(folder).as_posix() for path in found))


def load_model(path: str | None = None) -> Any:
    """The trained `ScoringNet` at `path`, see `models.presets.load_scoring_net`; Keras is imported here, not before.

    Raises:
        InputError: there is no such model, or it finds no stages in frames; it names the flag --model.
    """
    check_model(path)

    from scoringnet_tf.inference.predictor import stage_finder

    return stage_finder(path).model


def suggest_stages(
    model: Any, videos_dir: Path, video_ids: Sequence[str], workers: int | None = None
) -> tuple[list[LabelledVideo], FactsOf]:
    """Labels videos with the stages that KFS finds, noise included; shows progress.

    Args:
        model: `ScoringNet`.
        videos_dir: where the videos lie.
        video_ids: of the videos, their paths in that folder.
        workers: processes that decode ahead of the model; None for one per core.

    Returns:
        (videos, facts): the videos in the same order, and what is known of those that could be decoded, for
        `formats.write`. The segments of one are its frames from the first to the last without a gap; one that cannot be
        decoded to its end has none, but a problem.

    Raises:
        InputError: the model finds no stages in frames.
    """
    from scoringnet_tf.inference.predictor import stage_finder  # TensorFlow, which --help should not wait for

    finder, videos, facts = stage_finder(model), [], {}
    decode = functools.partial(_decoded, videos_dir=Path(videos_dir), stored=model.preprocessor.stored)
    with in_processes(min(workers or os.cpu_count() or 1, len(video_ids) or 1)) as map_videos:
        decoded = tqdm(map_videos(decode, video_ids), "Suggesting stages", total=len(video_ids), unit="video")
        for video_id, (path, encoded) in zip(video_ids, decoded, strict=True):
            if encoded.error is not None:
                videos.append(LabelledVideo(video_id, video_id, (), (encoded.error,)))
                continue
            runs = stage_runs(finder.labels(encoded.as_video()))
            segments = (Segment(model.sport.stages[stage], start, end, str(path)) for stage, start, end in runs)
            videos.append(LabelledVideo(video_id, str(path), tuple(segments)))
            rate = exact_rate(encoded.fps)
            times = varying(encoded.timestamps.tolist(), rate)
            facts[video_id] = VideoFacts(rate, path, len(encoded), encoded.source_size, times)
    return videos, facts.__getitem__


def _decoded(video_id, videos_dir, stored):
    """(path, `EncodedVideo`) of a video."""
    try:
        path = video_path(videos_dir, video_id)
    except InputError as error:
        return None, EncodedVideo(error=str(error))
    return path, encode_video(Clip(path), stored)


def missing_stages(video: LabelledVideo, sport: Sport) -> list[str]:
    """The stages of the sport, but noise, that a video does not show; in order."""
    found = {segment.stage for segment in video.segments}
    return [stage for stage in sport.stages if stage not in found and stage != NOISE]
