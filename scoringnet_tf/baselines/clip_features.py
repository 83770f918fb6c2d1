"""C3D's features of the clips of records, extracted once and kept, as `python -m scoringnet_tf.extract` does."""

from typing import Any

import numpy as np

from scoringnet_tf.baselines.videos import CLIP, STRIDE, Videos
from scoringnet_tf.data.features import read_features
from scoringnet_tf.inference import feature_folder
from scoringnet_tf.inference.extraction import Extraction, FeatureExtractor, load_c3d, records_preprocessor
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import file_sha256
from scoringnet_tf.support.model_files import model_path

ENDPOINTS = ("fc6", "pool5")  # what C3D's features are; the other where its weights have no fc6 of such clips


def described(videos: Videos) -> dict[str, Any]:
    """Weights and endpoint of the C3D."""
    return {"c3d": file_sha256(model_path(videos.pretrained)), "endpoint": endpoint_of(load_c3d(videos.pretrained)[0])}


def extracted(videos: Videos) -> list[np.ndarray]:
    """float32 (T, D) of each video.

    Raises:
        InputError: a video cannot be read, or the C3D does not fit.
    """
    c3d, network = load_c3d(videos.pretrained)
    extractor = FeatureExtractor(c3d, Extraction(endpoint_of(c3d), "clip", STRIDE, CLIP))
    preprocessor = records_preprocessor(c3d, network, videos.info)
    part = "kfs" if network else None
    origin = feature_folder.origin_of(videos.pretrained, part, extractor, c3d, preprocessor, videos.info)
    weights, data = origin["weights"]["sha256"], videos.info.data_hash
    folder = videos.features_dir / f"{data[:10]}-{extractor.extraction.endpoint}-{weights[:10]}"
    feature_folder.prepare(folder, origin)
    wanted = set(videos.ids)
    of_split = [video for video in feature_folder.videos_of_records(videos.info) if video.name in wanted]
    _, failed = feature_folder.extract_videos(of_split, extractor, folder)
    if failed:
        raise InputError("damaged", f"{videos.info.records_dir}: {failed} videos cannot be read.")
    return [read_features(folder / feature_folder.file_name(video_id)).values for video_id in videos.ids]


def endpoint_of(c3d: Any) -> str:
    """fc6 where a C3D has it for clips of `CLIP` frames, else pool5, flattened."""
    config = c3d.get_config()
    has_fc6 = config["heads"] is not None and config["top"] == "fc" and config["input_shape"][0] == CLIP
    return ENDPOINTS[0 if has_fc6 else 1]
