r"""Extracts features from videos: what a backbone or a C3D layer gives, one .npy (steps × size) a video.

    python -m scoringnet_tf.extract --backbone=i3d --records_dir=RECORDS --output_dir=FEATURES
    python -m scoringnet_tf.extract --model=C3D --endpoint=fc6 --records_dir=RECORDS --output_dir=FEATURES
    python -m scoringnet_tf.extract --model=C3D --endpoint=conv5b --output_dir=FEATURES VIDEO…
    python -m data_prep build --dataset=manifest --sport=diving --source_dir=FEATURES --output_dir=FEATURE_RECORDS

    python -m scoringnet_tf.extract --joints --records_dir=RECORDS
    python -m scoringnet_tf.extract --joints --model=diving_film --output_dir=VIDEOS VIDEO…

With --records_dir it also writes manifest.csv and stage_labels.csv, from which the last command makes records.
features.json says how the features were made. Videos are brought to the model's frame rate.

A backbone gives a vector for every --stride frames. It sees whole frames, and takes any --frame_size. A C3D (--model)
sees clips of 16 frames that begin every --stride frames (fc6 and fc7: of as many as it was trained on); beyond the end
the last frame is repeated. L frames give ⌈L / stride⌉ steps. For a C3D alone you name the --frame_rate, and the
--frame_size if it does not have one. Frames of a C3D are those of --backbone=FILE.keras:LAYER.

--joints follows the athlete between take-off and entry instead, and writes joints/ID.npy (frames × 17 × 3: x and y in
heights of the picture, as if the camera had not moved, and confidence). Records hold small frames, and have the stages.
Of video files it sees the whole picture; the model finds the performances. Lay the folder beside the videos for
`data_prep build`, which keeps it; then --records_dir makes the tables for records of joints, as of other features.

Rerun the same command to resume: videos that have a file are passed over. Those that cannot be read are named on
stderr, the others are extracted, no manifest.csv is written, and the exit status is 1.
"""

import functools
import sys
from typing import Any

from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records, shown
from scoringnet_tf.data.joints import FOLDER
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.model_files import WITH_C3D, check_model, model_path, split_name
from scoringnet_tf.support.paths import as_path, name_of, writable_path

ENDPOINTS = (  # `models.backbones.c3d.ENDPOINTS` and its fully connected layers, which --help names without Keras
    *("conv1a", "pool1", "conv2a", "pool2", "conv3a", "conv3b", "pool3", "conv4a", "conv4b", "pool4"),
    *("conv5a", "conv5b", "pool5", "fc6", "fc7"),
)

flags.DEFINE_bool("joints", False, "Joints by a pose estimator, instead of features.")
flags.DEFINE_string("model", None, "C3D, or ScoringNet whose KFS has one: a .keras file or its folder.")
flags.DEFINE_string("backbone", None, "Backbone for every frame, instead of --model: i3d, or FILE.keras[:LAYER].")
flags.DEFINE_enum("endpoint", None, ENDPOINTS, "C3D layer, after its ReLU.")
flags.DEFINE_integer("stride", None, "Frames between steps. Default: 1, or 8 for the clips of a C3D.", 1)
flags.DEFINE_list("frame_size", None, "Stored frame size (height,width), for a C3D without one.")
flags.DEFINE_float("frame_rate", None, "Resampled frame rate in frames per second, for a C3D alone.", 0.1)
flags.DEFINE_string("records_dir", None, "Records to extract from, instead of VIDEO arguments.")
flags.DEFINE_string(
    "output_dir", None, "Folder for the features: new, or from the same settings. With --joints: the records."
)


def _records(records_dir: str) -> DatasetInfo:
    """The records' `DatasetInfo`; InputError unless they hold frames with scores."""
    info = load_records(records_dir)
    if info.features or not info.sport or info.classes:
        code, content = ("other_content", "features") if info.features else ("records_of_classes", "classes")
        raise InputError(code, f"--records_dir={records_dir} holds {content}, not frames with scores.")
    return info


def _warn_of_learned(info: DatasetInfo, network: Any) -> None:
    """Warns of videos that the network learned from; `train` and `evaluate` cannot know of them."""
    from scoringnet_tf.training.run_record import videos_of_run

    values = flags.FLAGS
    learned = videos_of_run(split_name(values.backbone)[0] if values.backbone else model_path(values.model))
    learned |= {*(network.origin.get("learned_from", ()) if values.backbone else network.learned_from)}
    seen = sum(shown(video) in learned for video in info.videos.values())
    if seen:
        print(
            f"The model learned from {seen} of these {counted(len(info.videos), 'video')}: scores by their features "
            "are better than on new videos. Use others for figures and intervals."
        )


def _check(paths: list[str]) -> None:
    """InputError if the command line contradicts itself, or names what is not there."""
    values = flags.FLAGS
    if bool(paths) == bool(values.records_dir):
        if paths:
            raise InputError("flags_conflict", "Name video files or --records_dir, not both.")
        raise InputError("no_videos", "Name video files or --records_dir.", "See --help.")
    if values.joints:
        _check_joints()
    else:
        _check_features()


def _unused(name: str, why: str) -> None:
    """InputError if a flag is given."""
    if flags.FLAGS[name].value is not None:
        raise InputError("flag_unused", f"--{name} has no effect: {why}.")


def _check_joints() -> None:
    """The same for joints."""
    values = flags.FLAGS
    others = ("endpoint", "backbone", "stride", "frame_size", "frame_rate", *(["model"] if values.records_dir else []))
    for flag in others:
        _unused(flag, "records have stages" if flag == "model" else "it is for features, not for --joints")
    if not values.records_dir:
        cli.require(model=values.model, output_dir=values.output_dir)
        check_model(values.model)
    writable_path(values.output_dir or values.records_dir, "output_dir")


def _check_features() -> None:
    """The same for features."""
    values = flags.FLAGS
    cli.require(output_dir=values.output_dir)
    if bool(values.model) == bool(values.backbone):
        raise InputError("missing_flag" if not values.model else "flags_conflict", "Give --model or --backbone.")
    if values.model:
        cli.require(endpoint=values.endpoint)
    if values.backbone:
        _unused("endpoint", f"it is for a C3D (--model), not for --backbone={values.backbone}")
    if values.backbone and not values.records_dir and values.frame_size is None:
        raise InputError("missing_flag", "--frame_size is missing: a backbone takes any.", "For example 128,171.")
    writable_path(values.output_dir, "output_dir")
    if values.model:
        check_model(values.model, kinds=WITH_C3D)


def _of_c3d(info: DatasetInfo | None) -> tuple:
    """(network, extractor, preprocessor, arguments for `origin_of`) for a C3D."""
    from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
    from scoringnet_tf.inference.extraction import ClipExtractor, load_c3d, records_preprocessor, weights_of

    values = flags.FLAGS
    c3d, preprocessor = load_c3d(values.model)
    described = {"weights": weights_of(values.model), "part": "kfs" if preprocessor else None}

    is_known = bool(preprocessor or info)
    frame_size = None if is_known else c3d.preprocessing["frame_size"]
    for flag, known in (("frame_size", is_known or frame_size), ("frame_rate", is_known)):
        if known:
            _unused(flag, "the model or the records determine it")
    if info:
        preprocessor = records_preprocessor(c3d, preprocessor, info)
    if not preprocessor:
        frame_size = frame_size or (values.frame_size and cli.size_flag("frame_size"))
        for flag, value in (("frame_size", frame_size), ("frame_rate", values.frame_rate)):
            if not value:
                raise InputError("missing_flag", f"--{flag} is missing: this C3D does not know it.")
        size, rate = c3d.get_config()["input_shape"][1:3], values.frame_rate
        preprocessor = ScoringNetPreprocessor(size, tuple(frame_size), aspect=None, frame_rate=rate)
    return c3d, ClipExtractor(c3d, values.endpoint, values.stride or 8), preprocessor, described


def _of_backbone(info: DatasetInfo | None) -> tuple:
    """The same of a backbone, which sees whole frames."""
    from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
    from scoringnet_tf.inference.extraction import FrameExtractor
    from scoringnet_tf.weights.backbones import load_backbone

    values = flags.FLAGS
    for flag in ("frame_size", "frame_rate") if info else ():
        _unused(flag, "the records determine it")
    height, width = info.frame_size if info else cli.size_flag("frame_size")
    backbone = load_backbone(values.backbone, (height, width))
    if info:
        preprocessor = ScoringNetPreprocessor(backbone.frame_size, info.frame_size, **info.stored)
    elif rate := values.frame_rate or backbone.frame_rate:
        preprocessor = ScoringNetPreprocessor((height, width), (height, width), frame_rate=rate)
    else:
        raise InputError("missing_flag", "--frame_rate is missing: this backbone does not know its own.")
    path = split_name(values.backbone)[0]
    weights = {"file": name_of(path), "sha256": backbone.origin["sha256"]}
    described = {"weights": weights, "part": None, "backbone": path}
    return backbone, FrameExtractor(backbone, values.stride or 1), preprocessor, described


def _joints(paths: list[str], info: DatasetInfo | None) -> int:
    """Follows the athletes; the exit status."""
    from scoringnet_tf.body.following import follow
    from scoringnet_tf.body.pose import load_pose_models

    values = flags.FLAGS
    models = load_pose_models()
    cli.load_tensorflow()
    from scoringnet_tf.inference import feature_folder, joint_files

    folder = as_path(values.output_dir or values.records_dir) / FOLDER
    model: Any = None
    if info is None:
        from scoringnet_tf.inference.extraction import weights_of
        from scoringnet_tf.inference.predictor import predictor_of

        videos, model = joint_files.videos_of_files(paths), weights_of(values.model)
        extractor: Any = joint_files.FileFollower(predictor_of(values.model))
        origin = joint_files.origin_of(extractor.rate)
    else:
        videos, origin = feature_folder.videos_of_records(info), joint_files.origin_of(info.frame_rate, info)
        extractor = functools.partial(joint_files.joints_of_record, info, functools.partial(follow, models=models))
    kept, failed = len(videos), 0
    if not joint_files.prepare(folder, joint_files.index_of(models, model), origin):
        kept, failed = feature_folder.extract_videos(videos, extractor, folder, joint_files.file_name)
    done = counted(len(videos) - failed, "video")
    print(f"{folder}: joints of {done}, there before: {'all' if kept == len(videos) else kept}.")
    if info is not None and not failed:
        _print_next(folder, feature_folder.write_tables(info, folder, joint_files.file_name))
    return 1 if failed else 0


def _print_next(folder: Any, sport: str) -> None:
    print(f"Build records of them: python -m data_prep build --dataset=manifest --sport={sport} \\")
    print(f"    --source_dir={folder} --output_dir=FEATURE_RECORDS")


def main(paths: list[str]) -> int:
    """Runs the command with the parsed flags."""
    from scoringnet_tf.inference.inputs import unreadable

    # 1. Check what is asked for, before TensorFlow is imported
    values = flags.FLAGS
    _check(paths)
    info = _records(values.records_dir) if values.records_dir else None
    wrong = unreadable(paths)
    if paths and len(wrong) == len(paths):
        for error in wrong:
            print(f"extract: {error} [{error.code}]", file=sys.stderr)
        return 1

    if values.joints:
        return _joints(paths, info)

    # 2. Extract
    cli.load_tensorflow()
    from scoringnet_tf.inference import feature_folder

    network, extractor, preprocessor, described = (_of_backbone if values.backbone else _of_c3d)(info)
    output_dir = as_path(values.output_dir)
    if info is None:
        videos = feature_folder.videos_of_files(paths, functools.partial(feature_folder.FileFrames, preprocessor))
    else:
        videos = feature_folder.videos_of_records(info, extractor.image_size)
    origin = feature_folder.origin_of(**described, extractor=extractor, preprocessor=preprocessor, info=info)
    feature_folder.prepare(output_dir, origin)
    kept, failed = feature_folder.extract_videos(videos, extractor, output_dir)

    # 3. Tell
    numbers, done = counted(extractor.size, "number"), counted(len(videos) - failed, "video")
    print(f"{output_dir}: features of {numbers} of {done}, there before: {'all' if kept == len(videos) else kept}.")
    if info is not None and not failed:
        _print_next(output_dir, feature_folder.write_tables(info, output_dir))
        _warn_of_learned(info, network)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
