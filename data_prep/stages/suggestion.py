"""Suggests stages for videos without labels, by a trained KFS: `python -m data_prep suggest`."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep.datasets.stage_labels import Segment
from data_prep.records.encoding import EncodedVideo, encode_video
from data_prep.stages.formats.videos import FactsOf, LabelledVideo, VideoFacts, exact_rate, varying, video_path
from data_prep.support.processes import in_processes
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip
from scoringnet_tf.data.video_files import videos_in
from scoringnet_tf.inference.inputs import unreadable
from scoringnet_tf.sports import stage_runs
from scoringnet_tf.support.messages import InputError, error_remark
from scoringnet_tf.support.model_files import default_model


def find_videos(videos_dir: str | None = None, paths: Sequence[str] = ()) -> tuple[Path, list[str]]:
    """Finds videos, and names them as `build --dataset=manifest` does: by their path in a folder.

    Returns:
        (folder, ids in order): the folder is `videos_dir`, or the deepest one that holds all `paths`.
    """
    if (videos_dir is None) == (not paths):
        code = "flags_conflict" if paths else "missing_flag"
        raise InputError(code, "Name the videos by --videos_dir or as arguments, not both.", "See --help.")
    if videos_dir is None:
        if len(wrong := unreadable(paths)) == len(paths):
            raise InputError(wrong[0].code, " ".join(map(str, wrong)))
        # The folders are resolved; a link to a video keeps its name.
        videos = [path.parent.resolve() / path.name for path in map(Path, paths)]
        folder = Path(os.path.commonpath([path.parent for path in videos]))
    else:
        folder = Path(videos_dir)
        videos = videos_in(folder) if folder.is_dir() else []
        if not videos:
            raise InputError("not_found", f"--videos_dir={folder}: there are no videos.")
    return folder, list(dict.fromkeys(path.relative_to(folder).as_posix() for path in videos))


def load_model(path: str | None = None) -> Any:
    """Loads a trained `ScoringNet`, or InputError if there is none or it finds no stages in frames; imports Keras."""
    from scoringnet_tf.inference.predictor import stage_finder

    return stage_finder(default_model() if path is None else path).model


def suggest_stages(
    model: Any, videos_dir: Path, video_ids: Sequence[str], workers: int | None = None
) -> tuple[list[LabelledVideo], FactsOf]:
    """Labels videos of a folder with the stages that a `ScoringNet` finds, noise included; shows progress.

    Returns:
        (videos, facts): the videos in the same order, and the facts of those that can be decoded, for `formats.write`.
        A video that cannot be decoded has a problem and no segments.
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
            facts[video_id] = VideoFacts(rate, path, len(encoded), times)
    return videos, facts.__getitem__


def _decoded(video_id: str, videos_dir: Path, stored: StoredForm) -> tuple[Path | None, EncodedVideo]:
    try:
        path = video_path(videos_dir, video_id)
    except InputError as error:
        return None, EncodedVideo(error=error_remark(error))
    return path, encode_video(Clip(path), stored)
