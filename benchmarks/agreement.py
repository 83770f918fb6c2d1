r"""Whether the four ways to a score agree: `predict` of a file, `evaluate` of its record, the SavedModel, and Keras.

    python -m benchmarks.agreement --source_dir=VIDEOS --records_dir=RECORDS [--model=MODEL] [--videos=20]

RECORDS were built of the files in VIDEOS. Prints, over the first test videos, the largest and the mean difference of
each score from that of `predict`, which reads the file and runs KFS in windows: of the record (`evaluate`), of the
exported `score_encoded` given the file's frames as PNG, and of the Keras model given what its preprocessor makes of it.
"""

import pathlib
import sys
import tempfile

import cv2
import numpy as np
from absl import flags

from scoringnet_tf.sports import SCORES
from scoringnet_tf.support import cli

flags.DEFINE_string("source_dir", None, "Folder that the records were built of.")
flags.DEFINE_string("records_dir", None, "Records of frames, whose test split is scored.")
flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_integer("videos", 20, "How many of the test videos.", lower_bound=1)


def of_records(model, info, ids):
    """{id: {score: points}} as `evaluate` measures."""
    from scoringnet_tf.data.input_pipeline import videos
    from scoringnet_tf.inference.evaluation import predict_records, prediction_function

    dataset = videos(info.records_dir, "test", ids=ids, image_size=model.image_size, batch_size=4, with_info=True)
    found = predict_records(prediction_function(model), dataset)
    return {name: {score: values[at] for score, values in found.predicted.items()} for at, name in enumerate(found.ids)}


def of_files(scorer, paths):
    """The same as `predict` says it, whatever speaks against it."""
    found = {name: scorer(path, force=True) for name, path in paths.items()}
    return {
        name: {score: getattr(one, score) for score in SCORES if score in scorer.model.output}
        for name, one in found.items()
    }


def of_export(model, paths):
    """The same of the SavedModel, given the frames of a file as PNG."""
    import tensorflow as tf

    from scoringnet_tf.data.video import read_video
    from scoringnet_tf.inference.export import export_saved_model

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        export_saved_model(model, pathlib.Path(folder) / "1")
        score = tf.saved_model.load(str(pathlib.Path(folder) / "1")).signatures["score_encoded"]
        for name, path in paths.items():
            pngs = [cv2.imencode(".png", frame[..., ::-1])[1].tobytes() for frame in read_video(path).frames]
            outputs = score(encoded=tf.constant([pngs]), lengths=tf.constant([len(pngs)], tf.int64))
            found[name] = {key: float(value[0]) for key, value in outputs.items() if value.shape.rank == 1}
    return found


def of_keras(model, paths):
    """The same of the model itself, the whole video at once."""
    outputs = {name: model(model.preprocessor(path), training=False) for name, path in paths.items()}
    return {
        name: {key: float(value[0]) for key, value in found.items() if value.shape.rank == 1}
        for name, found in outputs.items()
    }


def main(_):
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(source_dir=values.source_dir, records_dir=values.records_dir)

    from scoringnet_tf.data.dataset_info import load_records
    from scoringnet_tf.inference.prediction import VideoScorer
    from scoringnet_tf.models.presets import load_scoring_net

    model, info = load_scoring_net(values.model), load_records(values.records_dir)
    ids = info.split("test")["ids"][: values.videos]
    paths = {name: pathlib.Path(values.source_dir) / info.videos[name]["path"] for name in ids}
    files = of_files(VideoScorer(model), paths)
    others = {
        "evaluate": of_records(model, info, ids),
        "SavedModel": of_export(model, paths),
        "Keras": of_keras(model, paths),
    }
    scores = list(next(iter(files.values())))
    print(f"| {len(ids)} videos against predict | {' | '.join(f'{score}, largest | mean' for score in scores)} |")
    print(f"|{'---|' * (2 * len(scores) + 1)}")
    for way, found in others.items():
        apart = np.array([[abs(found[name][score] - files[name][score]) for score in scores] for name in ids])
        cells = (f"{apart[:, at].max():.1e} | {apart[:, at].mean():.1e}" for at in range(len(scores)))
        print(f"| {way} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(cli.run(main))
