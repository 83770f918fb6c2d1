"""Training learns what can be learnt, and nothing where labels say nothing: the whole way from records to figures."""

import numpy as np
import pytest
from conftest import write_video
from training_runs import settings

from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.inference import evaluation
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.training.scoring import ScoringRun

BOARD = (128, 128, 128)
SETTINGS = {
    "flip": False,
    "crop_shift": 0,
    "zoom": 0.0,
    "color_jitter": 0.0,
    "degradation": 0.0,
    "max_start_shift": 0,
    "fragment_jitter": 0,
    "image_size": [16, 16],
    "width_multiplier": 1 / 8,
    "segmenter_fc_units": 512,
    "conv_filters": 512,
    "fc_units": 512,
    "dropout": 0.0,
    "lr_multipliers": {},
    "beta": 0.0,
    "learning_rate": 2e-3,
    "decay_steps": 60,
    "batch_size": 8,
    "validation_fraction": 0.0,
    "segmentation_epochs": 12,
    "scoring_epochs": 30,
}


@pytest.fixture(scope="module")
def separable_records(tmp_path_factory):
    """Sixty videos of 16 plain frames: red in flight is the difficulty, green at entry is the execution."""
    folder, rng = tmp_path_factory.mktemp("separable"), np.random.default_rng(0)
    rows = ["video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"]
    for number in range(60):
        difficulty, execution = round(rng.uniform(2.5, 3.5), 1), round(rng.uniform(15, 27))
        red, green = 255 * (difficulty - 2.5), 255 * (execution - 15) / 12
        crowd = (20, 4 * number, 200)  # no two files are the same, and none says anything here
        colors = [BOARD] * 3 + [(red, 0, 0)] * 6 + [(0, green, 0)] * 4 + [crowd] * 3
        write_video(folder / f"{number:02d}.avi", [np.full((48, 64, 3), color).astype(np.uint8) for color in colors])
        split = "test" if number % 3 == 0 else "train"
        rows.append(f"{number:02d}.avi,{split},{difficulty},{execution},{difficulty * execution:.2f},0,3,9,13")
    (folder / "manifest.csv").write_text("\n".join(rows))
    plain = BuildSettings((24, 32), on_lookalike="keep")  # some differ by no more than two encodings of one video
    build_records("manifest", folder, folder / "records", plain, workers=1, sport="diving")
    return folder / "records"


def figures_after(records_dir, model_dir, **changes):
    """Of the test videos, after a run; and the MED of always answering the training means."""
    info = DatasetInfo.load(records_dir)
    model = load_scoring_net(ScoringRun(info, settings(model_dir, records_dir, **{**SETTINGS, **changes})).run())
    dataset = videos(records_dir, "test", image_size=model.image_size, batch_size=10, with_info=True)
    predictions = evaluation.predict_records(evaluation.prediction_function(model), dataset)
    means = {score: known["mean"] for score, known in info.score_statistics["train"].items()}
    baseline = evaluation.mean_predictor_figures(predictions.truth, means, model.sport.fuse)
    return evaluation.figures(predictions, model.sport.stages), baseline


@pytest.fixture(scope="module")
def learned(separable_records, tmp_path_factory):
    """The folder of the run, and its figures."""
    folder = tmp_path_factory.mktemp("learned")
    return folder, *figures_after(separable_records, folder)


@pytest.mark.slow
def test_training_learns_what_is_there(learned):
    _, measured, baseline = learned
    assert measured["frame_accuracy"] > 0.9
    assert min(measured[name] for name in ("d_src", "e_src", "f_src")) > 0.9, measured
    assert all(measured[name] < 0.4 * baseline[name] for name in ("d_med", "e_med", "f_med")), measured


@pytest.mark.slow
def test_training_learns_nothing_from_exchanged_scores(learned, separable_records, tmp_path):
    """`--shuffle_labels`, with the KFS of the run above: that its stages stay, `test_wiring` holds.

    Told by MED: a score has one colour here, and any function of it that happens to rise has a high SRC.
    """
    folder, *_ = learned
    changes = {"shuffle_labels": True, "segmentation_epochs": 0, "segmenter": str(folder)}
    measured, baseline = figures_after(separable_records, tmp_path, **changes)
    assert measured["frame_accuracy"] > 0.9
    assert all(measured[name] > 0.8 * baseline[name] for name in ("d_med", "e_med", "f_med")), (measured, baseline)
