r"""Extracts features of videos: what a C3D gives at one of its layers, one .npy (steps × size) a video.

    python -m scoringnet_tf.extract --model=MODEL --endpoint=conv5b --output_dir=FEATURES VIDEO…
    python -m scoringnet_tf.extract --model=MODEL --endpoint=pool5 --records_dir=RECORDS --output_dir=FEATURES
    python -m data_prep build --dataset=manifest --sport=diving --source_dir=FEATURES --output_dir=FEATURE_RECORDS

The second writes manifest.csv and stage_labels.csv as well, so that the third makes records of the features. What made
them is in features.json beside them. --per=frame is C3D without temporal pooling, as KFS has it: a vector for every
--stride frames, of all that it sees around them. --per=clip is C3D as it was trained, over clips that begin every
--stride frames; beyond the end the last frame is repeated. Of L frames either gives ⌈L / stride⌉ steps, of a video
L frames at the rate of the model (frame_rate in features.json), which stages of features count too. A C3D by itself
knows no rate: --frame_rate says it, and --frame_size the size of frames where the C3D does not.

A run that was stopped goes on when the same command is given again: a video whose file is there is left out, by its
bytes (videos.json). One run at a time writes to a folder. A video that cannot be read to its end is reported on
stderr, the others go on, no manifest.csv is written, and the exit status is 1.
"""

import functools
import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from absl import flags
from tqdm import tqdm

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records, shown
from scoringnet_tf.data.video import Clip
from scoringnet_tf.inference.inputs import unreadable
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.model_files import WITH_C3D, check_model, model_path
from scoringnet_tf.support.paths import AnyPath, as_path, check_access, name_of

if TYPE_CHECKING:
    from scoringnet_tf.inference.extraction import Extraction
    from scoringnet_tf.inference.feature_folder import Video
    from scoringnet_tf.models.c3d import C3D
    from scoringnet_tf.models.preprocessor import ScoringNetPreprocessor

ENDPOINTS = (  # `models.c3d.ENDPOINTS` and its fully connected layers, which --help names without Keras
    *("conv1a", "pool1", "conv2a", "pool2", "conv3a", "conv3b", "pool3", "conv4a", "conv4b", "pool4"),
    *("conv5a", "conv5b", "pool5", "fc6", "fc7"),
)

flags.DEFINE_string(
    "model", None, "A .keras file of a C3D (pretrain, import_weights) or of a ScoringNet, or a folder with one."
)
flags.DEFINE_enum(
    "part",
    None,
    ["kfs", "difficulty", "execution", "final"],
    "Of a ScoringNet: whose C3D, KFS's or that of a tower of SP. Default: kfs.",
)
flags.DEFINE_enum(
    "endpoint", None, ENDPOINTS, "Layer whose output the features are, ReLU included. fc6, fc7: of clips."
)
flags.DEFINE_enum("per", "frame", ["frame", "clip"], "What a step of features is of.")
flags.DEFINE_integer("clip_length", None, "With --per=clip: frames of a clip. Default: 16.", 1)
flags.DEFINE_integer(
    "stride", None, "Frames from one step to the next. Default: 1, with --per=clip half of --clip_length.", 1
)
flags.DEFINE_enum(
    "pool",
    "none",
    ["none", "mean"],
    "none: all places of the layer, flattened. mean: their mean (of a clip, in time too).",
)
flags.DEFINE_list(
    "frame_size",
    None,
    "Height,width in pixels that a video's frames are resized to before the centre is taken, where --model is a C3D "
    "that does not say how it was trained. Default: what the model says.",
)
flags.DEFINE_float(
    "frame_rate",
    None,
    "Frames per second that a video is brought to, where --model is a C3D: of what learns from the features. Default: "
    "what the model says.",
    lower_bound=0.1,
)
flags.DEFINE_float(
    "aspect",
    None,
    "Width over height of the picture, to which a video of another one is cut, where --model is a C3D. Default: what "
    "the model says; with a C3D no video is cut.",
    lower_bound=0.1,
    upper_bound=10,
)
flags.DEFINE_string("records_dir", None, "Folder of TFRecords to extract from, all splits, instead of VIDEO arguments.")
flags.DEFINE_string(
    "output_dir", None, "Folder for the features: a new one, or one of the same settings, whose files are kept."
)


def extraction_of_flags() -> "Extraction":
    """The `Extraction` that the flags ask for."""
    from scoringnet_tf.inference.extraction import Extraction

    values = flags.FLAGS
    clip_length = values.clip_length
    if values.per == "clip" and clip_length is None:
        clip_length = 16
    default_stride = max(1, clip_length // 2) if values.per == "clip" else 1
    return Extraction(values.endpoint, values.per, values.stride or default_stride, clip_length, values.pool)


def preprocessor_of(
    c3d: "C3D", of_network: "ScoringNetPreprocessor | None", info: DatasetInfo | None
) -> "ScoringNetPreprocessor":
    """The `ScoringNetPreprocessor` of the frames: that of the ScoringNet, of the records, or what the C3D says."""
    from scoringnet_tf.inference.extraction import records_preprocessor
    from scoringnet_tf.models.preprocessor import ScoringNetPreprocessor

    values, known = flags.FLAGS, bool(of_network or info)
    stated = None if known else c3d.preprocessing["frame_size"]
    for flag, said in (("frame_size", known or stated), ("frame_rate", known), ("aspect", known)):
        if said and values[flag].value is not None:
            raise InputError("todo", f"--{flag}: expected none, as the model or the records say it. Received: one.")
    if info is not None:
        return records_preprocessor(c3d, of_network, info)
    if of_network:
        return of_network
    frame_size = stated or (values.frame_size and cli.size_flag("frame_size"))
    for flag, given, what in (
        ("frame_size", frame_size, "height,width"),
        ("frame_rate", values.frame_rate, "frames per second"),
    ):
        if not given:
            raise InputError("todo", f"--{flag}: expected {what}, as this C3D does not say it. Received: none.")
    image_size = c3d.get_config()["input_shape"][1:3]
    return ScoringNetPreprocessor(image_size, tuple(frame_size), aspect=values.aspect, frame_rate=values.frame_rate)


def videos_of(paths: Sequence[str], preprocessor: "ScoringNetPreprocessor") -> "list[Video]":
    """`Video`s of files; InputError where two would have the same name."""
    from scoringnet_tf.inference.feature_folder import Video

    names = [name_of(path) for path in paths]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError("todo", f"Expected videos of different names. Received: {', '.join(repeated)} more than once.")
    return [
        Video(name, functools.partial(_read_file, preprocessor, path), functools.partial(_sha256, path))
        for name, path in zip(names, paths, strict=True)
    ]


def _read_file(preprocessor, path, image_size):
    """As of `feature_folder.Video`: at the rate of training, as `predict` brings a video to it."""
    from scoringnet_tf.inference.checks import missing_frames

    assert tuple(image_size) == preprocessor.image_size
    video = preprocessor.read(path)
    for warning in video.warnings:
        tqdm.write(f"extract: {path}: {warning}", file=sys.stderr)
    samples = video.samples(preprocessor.frame_rate)
    for warning in missing_frames(video, samples):
        tqdm.write(f"extract: {path}: {warning}", file=sys.stderr)
    return lambda numbers: preprocessor.sampled(video, samples[list(numbers)]), len(samples)


def _sha256(path):
    if not pathlib.Path(path).exists():
        return ""  # reading it says so
    return Clip(pathlib.Path(path)).sha256()


def checked_info(records_dir: AnyPath) -> DatasetInfo:
    """The `DatasetInfo` of the records; InputError where they are not scored videos of frames."""
    info = load_records(records_dir)
    if info.features or not info.sport or info.classes:
        received = "features" if info.features else "classes to pretrain on"
        raise InputError(
            "todo", f"--records_dir={records_dir}: expected records of frames with scores. Received: {received}."
        )
    return info


def _say_learned(info, c3d):
    """Prints of how many of the videos the features are no fair ones; `train` and `evaluate` cannot know."""
    from scoringnet_tf.training.config import learned_from

    learned = c3d.learned_from | learned_from(model_path(flags.FLAGS.model))
    seen = sum(shown(video) in learned for video in info.videos.values())
    if seen:
        print(
            f"Of these {counted(len(info.videos), 'video')} the model learned from {seen}: on them what learns from "
            "the features errs less than on others. Take others for figures and intervals (calibrate --held_out_split)."
        )


def main(paths: list[str]) -> int:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(model=values.model, endpoint=values.endpoint, output_dir=values.output_dir)
    if bool(paths) == bool(values.records_dir):
        received = "both" if paths else "neither"
        raise InputError("todo", f"Expected video files or --records_dir. Received: {received}. See --help.")
    info = checked_info(values.records_dir) if values.records_dir else None
    check_access(values.output_dir, "output_dir", writing=True)
    check_model(values.model, kinds=WITH_C3D)
    wrong = unreadable(paths)
    if paths and len(wrong) == len(paths):  # TensorFlow would be imported for nothing
        for error in wrong:
            print(f"extract: {error}", file=sys.stderr)
        return 1

    from scoringnet_tf.inference import feature_folder
    from scoringnet_tf.inference.extraction import FeatureExtractor, load_c3d

    c3d, of_network = load_c3d(values.model, values.part or "kfs")
    if values.part and not of_network:
        raise InputError("todo", f"--part: expected none, as --model={values.model} is a C3D. Received: {values.part}.")
    preprocessor = preprocessor_of(c3d, of_network, info)
    extractor = FeatureExtractor(c3d, extraction_of_flags())
    output_dir, part = as_path(values.output_dir), (values.part or "kfs") if of_network else None
    videos = videos_of(paths, preprocessor) if info is None else feature_folder.videos_of_records(info)
    origin = feature_folder.origin_of(values.model, part, extractor, c3d, preprocessor, info)
    feature_folder.prepare(output_dir, origin)
    with feature_folder.alone_in(output_dir):
        kept, failed = feature_folder.extract_videos(videos, extractor, output_dir)
    numbers, done = counted(extractor.size, "number"), counted(len(videos) - failed, "video")
    print(f"{output_dir}: features of {numbers} of {done}, there before: {'all' if kept == len(videos) else kept}.")
    if info is not None and not failed:
        sport = feature_folder.write_tables(info, output_dir)
        print(f"Build records of them: python -m data_prep build --dataset=manifest --sport={sport} \\")
        print(f"    --source_dir={output_dir} --output_dir=FEATURE_RECORDS")
        _say_learned(info, c3d)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
