"""The figures against SciPy and hand counts; the report; predictions of records."""

import csv
import dataclasses
import json
import math

import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars
from layouts import build_table
from scipy import stats
from training_runs import STATISTICS, telling

import scoringnet_tf
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments.catalogue import Experiment
from scoringnet_tf.experiments.report import cells
from scoringnet_tf.experiments.results import Results, read_predictions
from scoringnet_tf.inference import evaluation
from scoringnet_tf.inference.evaluation import Predictions, figures
from scoringnet_tf.models.settings import merged
from scoringnet_tf.report.evaluation_report import score_scatter, table, write_report
from scoringnet_tf.sports import SCORES, get_sport

DIVING = get_sport("diving")
STAGES = DIVING.stages


def predictions():
    rng = np.random.default_rng(0)
    truth = {"difficulty": rng.choice([3.2, 3.3, 3.6], 20), "execution": rng.uniform(15, 28, 20)}
    truth["final"] = truth["difficulty"] * truth["execution"]
    predicted = {score: values + rng.normal(0, values.std(), 20) for score, values in truth.items()}
    return Predictions(
        ids=[str(index) for index in range(20)],
        truth=truth,
        predicted=predicted,
        stages_true=[np.array([1, 1, 2, 3, -1])] * 20,
        stages_predicted=[np.array([1, 0, 2, 3, 3])] * 20,
        empty_fragments=np.eye(20, 2, dtype=bool),
    )


def test_figures_of_a_model_with_one_score_and_without_stages(tmp_path):
    made = predictions()
    made.predicted = {"final": made.predicted["final"]}
    made.deviations = {"final": np.full(20, 2.5)}
    made.stages_predicted = [np.full(5, -1)] * 20
    made.empty_fragments = np.zeros((20, 0), bool)
    measured = figures(made, STAGES)
    unknown = ("d_src", "e_med", "d_rl2", "frame_accuracy", "edit_score", "f1_50")
    assert all(math.isnan(measured[name]) for name in unknown)
    assert all(math.isnan(value) for value in measured["frame_accuracy_per_class"].values())
    assert measured["f_src"] == pytest.approx(stats.spearmanr(made.truth["final"], made.predicted["final"]).statistic)
    assert measured["num_empty_fragments"] == 0 and math.isnan(measured["share_out_of_order"])
    (tmp_path / "stages.png").write_bytes(b"of an earlier evaluation")
    write_report(tmp_path, made, measured, DIVING)
    assert not (tmp_path / "stages.png").exists() and (tmp_path / "scores.png").stat().st_size > 5_000
    with (tmp_path / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["video_id", "true_final", "predicted_final", "std_final"]
    assert rows[3]["std_final"] == "2.5"


def test_the_segments_of_every_video_count():
    made = predictions()
    made.stages_predicted = [*made.stages_predicted[1:], np.full(5, 0)]
    assert figures(made, STAGES)["edit_score"] == pytest.approx(19 / 20)


def test_how_unsure_a_model_is_comes_with_its_predictions():
    batch = (
        {"mask": tf.constant([[True, True]])},
        {"stages": tf.constant([[1, 2]]), **{score: tf.constant([50.0]) for score in SCORES}},
        {"id": tf.constant([b"1"]), "frame_rate": tf.constant([25.0])},
    )
    outputs = {"final": tf.constant([60.0]), "final_std": tf.constant([2.5])}
    found = evaluation.predict_records(lambda *_: outputs, [batch])
    assert (found.predicted, found.deviations) == ({"final": [60.0]}, {"final": [2.5]})


def test_figures_against_scipy_and_by_hand():
    made = predictions()
    measured = figures(made, STAGES)
    for score in ("difficulty", "execution", "final"):
        rho = stats.spearmanr(made.truth[score], made.predicted[score]).statistic
        assert measured[f"{score[0]}_src"] == pytest.approx(rho)
        error = sum(abs(a - b) for a, b in zip(made.truth[score], made.predicted[score], strict=True)) / 20
        assert measured[f"{score[0]}_med"] == pytest.approx(error)
    assert measured["frame_accuracy"] == pytest.approx(3 / 4)
    per_class = measured["frame_accuracy_per_class"]
    assert (per_class["pre-starting"], per_class["take-flight"], per_class["entry"]) == (0.5, 1.0, 1.0)
    assert math.isnan(per_class["noise"])
    assert measured["edit_score"] == 1  # the same stages in the same order; the fifth frame has no label
    assert measured["f1_50"] == 1 and measured["f1_25"] == 1  # of pre-starting half is found
    assert (measured["num_empty_fragments"], measured["num_videos"], measured["share_out_of_order"]) == (2, 20, 0)
    made.stages_predicted = [np.array([1, 2, 1, 2, 3])] * 5 + made.stages_predicted[5:]
    assert figures(made, STAGES)["share_out_of_order"] == 0.25


def test_the_bootstrap_of_a_figure_against_scipy_and_a_double_loop():
    made = predictions()
    found = evaluation.bootstrap(made)
    assert list(found) == [f"{initial}_{name}" for name in ("src", "med", "rl2") for initial in "def"]
    errors = np.abs(made.truth["final"] - made.predicted["final"])
    expected = stats.bootstrap((errors,), np.mean, rng=0, method="percentile").confidence_interval
    assert found["f_med"] == pytest.approx(tuple(expected), rel=0.05)
    rng = np.random.default_rng(1)
    drawn = rng.integers(20, size=(600, 19))
    ranks = (stats.rankdata(of["execution"][drawn], axis=1) for of in (made.truth, made.predicted))
    draws = [stats.pearsonr(*pair).statistic for pair in zip(*ranks, strict=True)]
    assert found["e_src"] == pytest.approx(np.percentile(draws, (2.5, 97.5)), abs=0.05)
    assert found["e_src"][0] < figures(made, STAGES)["e_src"] < found["e_src"][1]


def test_the_bootstrap_of_what_is_not_known():
    """Of one score, of two videos whose order a draw of one cannot tell, and of videos without a score."""
    made = Predictions(truth={"final": np.array([60.0, 90.0])}, predicted={"final": np.array([61.0, 93.0])})
    found = evaluation.bootstrap(made)
    assert list(found) == ["f_src", "f_med", "f_rl2"]
    assert found["f_med"] == (1.0, 3.0) and np.isnan(found["f_src"]).all()
    for unknown in (made.truth["final"][:1], made.truth["final"]):  # of one video nothing can be drawn
        unknown[:] = np.nan
        assert np.isnan(list(evaluation.bootstrap(made).values())).all()


@pytest.mark.parametrize(
    ("means", "predicted", "expected"),
    [
        # The final score is fused: 3.5 · 22 = 77.
        ({"difficulty": 3.5, "execution": 22.0}, None, {"d_med": 0.5, "e_med": 2.0, "f_med": (17.0 + 19.0) / 2}),
        # Beside a model of the final score alone it is the mean final score.
        ({"difficulty": 3.5, "execution": 22.0, "final": 78.0}, ("final",), {"f_med": 18.0}),
        ({"final": 80.0}, None, {"f_med": 18.0}),
        ({}, None, {}),
    ],
)
def test_mean_predictor(means, predicted, expected):
    truth = {"difficulty": np.array([3.0, 4.0]), "execution": np.array([20.0, 24.0]), "final": np.array([60.0, 96.0])}
    options = () if predicted is None else (predicted,)
    assert evaluation.mean_predictor_figures(truth, means, DIVING.fuse, *options) == pytest.approx(expected)


@pytest.fixture(scope="module")
def unsorted_records(tmp_path_factory):
    """Records in an order that is not that of their ids: each video has its own length and score."""
    folder = tmp_path_factory.mktemp("unsorted")
    rows = ["video,difficulty,execution,final,split"]
    for number in (7, 3, 9, 1, 5):
        write_bars(folder / f"{number}.avi", 10 + number, number)
        rows.append(f"{number}.avi,3.0,{20 + number},{3 * (20 + number)},test")
    return build_table(folder, rows)


@pytest.mark.slow
@pytest.mark.parametrize("records", ["diving_records", "unsorted_records"])
def test_every_prediction_has_the_name_of_its_video(records, request):
    """Zipping sorted ids onto the stream named the wrong videos of every dataset that is not stored in sorted order."""
    records_dir = request.getfixturevalue(records)
    info = DatasetInfo.load(records_dir)
    options = {"image_size": (32, 32), "width_multiplier": 1 / 16, "score_predictor": {"clip_lengths": (8, 8)}}
    model = telling(
        scoringnet_tf.ScoringNet(**merged(options, {"score_predictor": {"score_statistics": STATISTICS}})), 30_000.0
    )
    dataset = input_pipeline.videos(records_dir, "test", image_size=(32, 32), batch_size=2, with_info=True)
    result = evaluation.predict_records(evaluation.prediction_function(model), dataset)
    assert result.ids == sorted(info.split("test")["ids"])
    for index, video_id in enumerate(result.ids):
        video = info.videos[video_id]
        assert len(result.stages_true[index]) == len(result.stages_predicted[index]) == video["num_frames"]
        assert result.truth["execution"][index] == pytest.approx(video["execution"])
        alone = input_pipeline.videos(records_dir, "test", image_size=(32, 32), batch_size=1, ids=[video_id])
        ((inputs, _),) = alone
        expected = float(model(inputs, training=False)["final"][0])
        assert result.predicted["final"][index] == pytest.approx(expected, abs=0.01)
    assert np.ptp(result.predicted["final"]) > 0.1


@pytest.mark.slow
def test_true_fragments_change_the_scores_and_not_the_stages(diving_records):
    model = telling(
        scoringnet_tf.ScoringNet(
            image_size=(32, 32),
            width_multiplier=1 / 16,
            score_predictor={
                "clip_lengths": (8, 8),
                "score_statistics": {"difficulty": (3.0, 100.0), "execution": (20.0, 100.0)},
            },
        ),
        3000.0,
    )
    inputs, targets = next(iter(input_pipeline.videos(diving_records, "test", image_size=(32, 32), batch_size=3)))
    predicted = evaluation.prediction_function(model)(inputs, targets["stages"])
    true = evaluation.prediction_function(model, true_fragments=True)(inputs, targets["stages"])
    np.testing.assert_array_equal(predicted["stages"], true["stages"])
    expected = model.score_fragments(inputs["frames"], targets["stages"], inputs["mask"])
    np.testing.assert_allclose(true["execution"], expected["execution"], rtol=1e-5)
    assert np.abs(true["execution"] - predicted["execution"]).min() > 1e-3


def test_report_files(tmp_path):
    made = predictions()
    write_report(tmp_path, made, figures(made, STAGES), DIVING)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["frame_accuracy_per_class"]["noise"] is None  # NaN is not JSON
    with (tmp_path / "stages.csv").open() as file:
        rows = [row for row in csv.reader(file) if row[0] == "7"]
    assert rows == [
        *(
            ["7", "true", "pre-starting", "0", "2"],
            ["7", "true", "take-flight", "2", "3"],
            ["7", "true", "entry", "3", "4"],
        ),
        *(["7", "predicted", "pre-starting", "0", "1"], ["7", "predicted", "noise", "1", "2"]),
        *(["7", "predicted", "take-flight", "2", "3"], ["7", "predicted", "entry", "3", "5"]),
    ]
    for name in ("scores.png", "stages.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_errors_have_the_digits_that_the_scores_deserve():
    unit = dataclasses.replace(DIVING, final_range=(0.0, 1.0))
    rows = [("model", {"f_med": 0.06137, "f_src": 0.5}), ("95 %", {"f_med": (0.05124, 0.07), "f_src": (0.4, 0.6)})]
    model, ends = (line.split()[-1] for line in table(rows, unit).splitlines()[1:])
    assert (model, ends) == ("0.0614", "0.051–0.070")
    assert [line.split()[-1] for line in table(rows, DIVING).splitlines()[1:]] == ["0.061", "0.05–0.07"]
    found = Predictions(["a", "b"], {"final": np.array([0.5, 0.75])}, {"final": np.array([0.525, 0.75])})
    assert "MED 0.013" in score_scatter(found, unit).axes[0].get_title()


def told(ids, scores, truth):
    """`predict_records` of a model that predicts `scores` (N,), single precision, of every kind, two videos a batch."""
    batches, outputs = [], []
    for pair in np.array_split(np.arange(len(ids)), -(-len(ids) // 2)):
        inputs, stages = {"mask": tf.ones((len(pair), 3), tf.bool)}, tf.zeros((len(pair), 3), tf.int32)
        targets = {score: tf.constant(truth[pair], tf.float32) for score in SCORES}
        info = {"id": tf.constant([ids[index] for index in pair]), "frame_rate": tf.fill(len(pair), 25.0)}
        batches.append((inputs, {**targets, "stages": stages}, info))
        outputs.append({score: tf.constant(scores[pair], tf.float32) for score in SCORES})
    predicted = iter(outputs)
    return evaluation.predict_records(lambda *_: next(predicted), batches)


def test_the_file_of_predictions_gives_the_figures_of_metrics_json(tmp_path):
    """To the last digit, in each table; also of a model whose predictions differ after the fourth decimal alone."""
    rng = np.random.default_rng(0)
    truth = np.round(rng.uniform(2, 4, 25), 1)
    made = told([f"{number:02d}" for number in rng.permutation(25)], 3 + 1e-6 * rng.normal(size=25), truth)
    measured = figures(made, STAGES) | {"bootstrap": evaluation.bootstrap(made)}
    write_report(tmp_path, made, measured, DIVING)
    kept = json.loads((tmp_path / "metrics.json").read_text())
    assert abs(kept["f_src"]) > 1e-3
    found = read_predictions(tmp_path / "predictions.csv")
    results = Results(
        found.ids, found.truth, {"one": {s: v[np.newaxis, np.newaxis] for s, v in found.predicted.items()}}
    )
    for name, cell in cells([results], Experiment("", "", []))["one"].items():
        assert (cell["mean"], list(cell["interval"])) == (kept[name], kept["bootstrap"][name])


def test_predictions_are_written_as_short_as_single_precision_allows(tmp_path):
    made = told(["a", "b"], np.array([3.2, 1 / 3]), np.array([24.5, np.nan]))
    write_report(tmp_path, made, {}, DIVING)
    rows = (tmp_path / "predictions.csv").read_text().splitlines()
    assert [row.split(",")[-2:] for row in rows[1:]] == [["24.5", "3.2"], ["nan", "0.33333334"]]


def test_predictions_come_last_and_those_of_before_are_gone(tmp_path):
    """So whoever finds predictions.csv finds all other files of the same run."""
    made = predictions()
    write_report(tmp_path, made, {}, DIVING)
    (tmp_path / "scores.png").unlink()
    (tmp_path / "scores.png/blocked").mkdir(parents=True)  # so that the file cannot be written
    with pytest.raises(OSError):
        write_report(tmp_path, made, {}, DIVING)
    assert not (tmp_path / "predictions.csv").exists()


def test_table_shows_three_decimals_and_dashes():
    text = table([("model", {"d_src": 0.12345, "d_med": math.nan})], DIVING)
    assert "0.123" in text
    assert text.count("–") == 8
    text = table([("model", {"f1_10": 0.9, "f1_25": 0.8, "f1_50": 0.7})], DIVING)
    assert text.split("\n")[0].split()[2] == "F1@50" and text.split("\n")[1].split()[1:4] == ["–", "–", "0.700"]
    text = table([("95 % over videos", {"d_src": (-0.001, 0.456), "e_src": (math.nan, math.nan)})], DIVING)
    assert text.split("\n")[1].split()[4:] == ["–", "–", "–", "0.00–0.46", *["–"] * 5]
