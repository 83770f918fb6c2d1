"""What SP starts from: KFS at its best, or a trained KFS for videos without stage labels."""

import keras
import pytest
from conftest import write_bars
from layouts import build_table
from refusals import refused
from training_runs import SMALL, assert_same, batch, eagerly, scoring_run, settings, trained, trained_by, watched

import scoringnet_tf
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.training.callbacks import StagesLabelled
from scoringnet_tf.training.network import build_network
from scoringnet_tf.training.plan import check
from scoringnet_tf.training.resolve import resolve


class Scripted(keras.callbacks.Callback):
    """Frame accuracies of KFS in place of those that were measured, and its weights after each epoch."""

    def __init__(self, values):
        super().__init__()
        self.values, self.kept = iter(values), []

    def on_epoch_end(self, epoch, logs=None):
        if self.model.terms.phase == "segmentation":
            logs["val_frame_accuracy"] = next(self.values)
            self.kept.append(self.model.segmenter.get_weights())


@pytest.mark.slow
def test_sp_starts_from_kfs_at_its_best(diving_features, tmp_path):
    """Its second epoch is the best of three."""
    scripted = Scripted([0.2, 0.9, 0.1])
    options = {"segmentation_epochs": 3, "scoring_epochs": 1, "scores": "final", "lr_multipliers": {}}
    trained_by(watched(eagerly(scoring_run(diving_features, tmp_path / "run", **options)), scripted))
    last = keras.models.load_model(tmp_path / "run/last.keras", compile=False)
    assert_same(last.segmenter.get_weights(), scripted.kept[1])
    assert any((a != b).any() for a, b in zip(scripted.kept[1], scripted.kept[2], strict=True))


@pytest.mark.parametrize("labelled", [0, 1])
def test_stage_labels_of_held_out_videos_alone_end_a_run_after_an_epoch(diving_records, tmp_path, labelled):
    """A label in a single training video is enough; an epoch that was cut short may have missed it."""
    run = scoring_run(diving_records, tmp_path)
    (phase, scoring), (inputs, targets) = run.phases, batch()
    run.task.compile_phase(run, phase)
    targets["stages"][labelled:] = -1
    run.model.compute_loss(y=targets, y_pred=run.model(inputs))
    logs = {"stage_loss": float(run.model.terms.trackers["stage_loss"].result())}
    of_phase = [
        [each for each in run.task.own_callbacks(run, one, tmp_path) if isinstance(each, StagesLabelled)]
        for one in (phase, scoring)
    ]
    ((check,), of_scoring) = of_phase
    check.set_model(run.model)
    run.model.stop_training = True
    check.on_epoch_end(0, logs)
    run.model.stop_training = False
    with refused(None if labelled else "no_stages", run.info.records_dir):
        check.on_epoch_end(0, logs)
    assert of_scoring == []


@pytest.fixture(scope="module")
def unlabelled_records(tmp_path_factory):
    """Eight videos with scores and no stages."""
    folder = tmp_path_factory.mktemp("unlabelled")
    rows = ["video,difficulty,execution,final,split"]
    for number in range(8):
        write_bars(folder / f"{number}.avi", 20, number)
        difficulty, execution = 3.0 + 0.1 * number, 20.0 + 0.5 * number
        rows.append(f"{number}.avi,{difficulty:.1f},{execution},{difficulty * execution:.2f},train")
    return build_table(folder, rows)


WITH_KFS = {"fragments": "predicted", "segmentation_epochs": 0, "scoring_epochs": 1, "scores": "final"}
WITH_KFS |= {"validation_fraction": 0.0}


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["segmenter", "initial_model"])
def test_a_trained_kfs_is_used_and_not_trained(unlabelled_records, tmp_path, flag):
    info = DatasetInfo.load(unlabelled_records)
    options = settings(tmp_path / "run", unlabelled_records, **WITH_KFS, **{flag: str(tmp_path / "model.keras")})
    first = trained(build_network(info, options, "float32", ["final"]))
    first.save(tmp_path / "model.keras")
    model = keras.models.load_model(trained_by(eagerly(resolve(check(options, info)))), compile=False)
    assert_same(first.segmenter.get_weights(), model.segmenter.get_weights())
    towers = [network.score_predictor.towers["final"].get_weights() for network in (first, model)]
    assert any((a != b).any() for a, b in zip(*towers, strict=True))


@pytest.mark.parametrize(
    ("segmenter", "code"), [(None, "no_segmenter"), ("no.keras", "not_found"), ("wide.keras", "other_model")]
)
def test_a_kfs_that_is_missing_or_built_otherwise_is_refused(unlabelled_records, tmp_path, segmenter, code):
    if code == "other_model":
        scoringnet_tf.ScoringNet(**{**SMALL, "width_multiplier": 1 / 8}).save(tmp_path / segmenter)
    start = {"segmenter": str(tmp_path / segmenter)} if segmenter else {}
    with refused(code, "--seg"):
        scoring_run(unlabelled_records, tmp_path / "run", **WITH_KFS, **start)
