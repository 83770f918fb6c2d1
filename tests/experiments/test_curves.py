"""Fig. 5: which samples are chosen, by their true scores alone; how many close pairs are in order."""

import csv
import dataclasses

import numpy as np
import pytest
from table_runs import commands, surroundings  # noqa: F401

from scoringnet_tf.experiments import curves, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS
from scoringnet_tf.experiments.training import Training

FIG5 = EXPERIMENTS["fig5"]


def course(truth, predicted):
    ids = tuple(f"{number:02d}" for number in range(len(truth)))
    return curves.Course(ids, np.array(truth, float), np.arange(1, len(predicted) + 1), np.array(predicted, float))


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        ([20, 16, 9, 13.5, 15.5, 13.5], [3, 4, 1]),  # 13.5, 15.5 and 16, around 14.5
        ([1, 2, 3, 9, 9, 9, 9, 10], [2, 3, 7]),
        ([1, 2, 9, 9, 9], [0, 1, 2]),
        ([10, 10, 12], [0, 2]),
    ],
)
def test_samples_are_of_adjacent_scores_around_the_median(truth, expected):
    assert curves.samples(course(truth, [[0] * len(truth)])) == expected


def test_only_close_pairs_of_different_scores_count():
    """A pair is close within half a deviation, 1.96 points: the first two and no other; ties do not count."""
    one = course([10, 11.9, 18, 18, 20.1], [[1, 2, 0, 0, 0], [2, 1, 9, 8, 7], [1, 1, 0, 0, 0]])
    assert 1.9 < curves.CLOSE * one.truth.std() < 2.1
    assert curves.share_in_order(one).tolist() == [[1.0, 0.0, 0.0]]
    assert np.isnan(curves.share_in_order(course([1, 1], [[0, 1]]))).all()


def test_pairs_count_as_often_as_their_videos_are_drawn():
    rng = np.random.default_rng(0)
    one = course(rng.integers(10, 20, 9), rng.normal(size=(2, 9)))
    counts = np.array([2, 0, 1, 1, 3, 0, 1, 1, 0])
    limit, right, total = curves.CLOSE * one.truth.std(), np.zeros(2), 0
    for i in range(9):
        for j in range(i):
            apart = one.truth[i] - one.truth[j]
            if 0 < abs(apart) <= limit:
                total += counts[i] * counts[j]
                right += counts[i] * counts[j] * ((one.predicted[:, i] - one.predicted[:, j]) * apart > 0)
    np.testing.assert_allclose(curves.share_in_order(one, counts[np.newaxis]), [right / total])


def test_intervals_cover_videos_and_seeds_and_are_paired():
    rng = np.random.default_rng(0)
    truth = rng.integers(10, 20, 30)
    alike = [course(truth, rng.normal(size=(1, 30))) for _ in range(3)]
    drawn = curves.drawn_shares({"one": alike, "same": alike, "other": alike[:1]}, 50)
    np.testing.assert_array_equal(drawn["one"], drawn["same"])
    assert drawn["one"].std() > 0.01 and drawn["other"].std() > 0.01
    assert abs(drawn["other"].mean() - curves.share_in_order(alike[0])[0, 0]) < 0.1


@pytest.fixture
def trained(surroundings, commands):  # noqa: F811
    """Both rows of two seeds; under the ranking loss every close pair comes into order."""
    suite.run([FIG5], surroundings, 2)
    for row in FIG5.rows:
        for seed in range(2):
            folder = Training(row.flags, seed).folder(surroundings)
            with (folder / "scoring_scores.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["epoch", "score", "video_id", "true", "predicted"])
                for epoch in range(1, 5):
                    for number in range(9):
                        sign = 1 if row.name != "MSE" and epoch > 1 else -1
                        video_id, true = f"{number + 1:03d}", 12 + number / 2
                        writer.writerow([epoch, "execution", video_id, true, 14 + sign * number / 4])
                        writer.writerow([epoch, "final", video_id, 50, 50])
    return surroundings


def test_curves_are_drawn_and_kept(trained, tmp_path):
    text = curves.write_curves(tmp_path / "fig5", FIG5, trained, 2)
    assert "| MSE | 0.000 [0.000, 0.000] | 0.000 |" in text
    assert "| MSE + ranking | 1.000 [1.000, 1.000] | 0.750 |" in text
    assert "MSE + ranking against MSE (95 %, paired): close pairs +1.000 to +1.000." in text
    assert "true scores: 13.50, 14.00, 14.50" in text and "mean of 2 seeds" in text
    with (tmp_path / "fig5/curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * 4 * 9
    assert {(row["video_id"], float(row["true"])) for row in rows} == {(f"{n + 1:03d}", 12 + n / 2) for n in range(9)}
    for row in rows:  # in order from the second epoch on, and under the ranking loss alone
        sign = 1 if row["row"] != "MSE" and row["epoch"] in "234" else -1
        assert float(row["predicted"]) == 14 + sign * (int(row["video_id"]) - 1) / 4
    assert (tmp_path / "fig5/fig5.png").stat().st_size > 10_000
    alone = curves.write_curves(tmp_path / "alone", dataclasses.replace(FIG5, rows=FIG5.rows[1:]), trained, 2)
    assert "| MSE + ranking | 1.000" in alone and "against" not in alone


def test_rows_are_drawn_of_the_seeds_that_all_have(trained, tmp_path):
    for row, seed, text in zip(FIG5.rows, (0, 1), ("mean of 1 seed;", None), strict=True):
        path = Training(row.flags, seed).folder(trained) / "scoring_scores.csv"
        path.write_text("\n".join(line for line in path.read_text().splitlines() if ",execution," not in line))
        found = curves.write_curves(tmp_path / f"{seed}", FIG5, trained, 2)
        assert found is None if text is None else text in found
    with (tmp_path / "0/curves.csv").open(newline="") as file:
        assert {(row["row"], row["seed"]) for row in csv.DictReader(file)} == {(row.name, "1") for row in FIG5.rows}
    assert not (tmp_path / "1").exists()
