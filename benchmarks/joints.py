"""Order of the test dives by gradient boosting on the joints that a ScoringNet reads, by the number of labels.

    python -m benchmarks.joints --records_dir=data/dives --labels=250,1000,6000

prints Spearman's rank correlation for each score, the mean over seeds. The trees see statistics over time in each of
the dive's true stages, in one film of it; a ScoringNet finds the stages itself, and sees a new film in each epoch.
"""

import numpy as np
from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import PREDICTED_SCORES, get_sport, src
from scoringnet_tf.support import cli

FLAGS = flags.FLAGS
flags.DEFINE_string("records_dir", None, "Records of joints.", required=True)
flags.DEFINE_list("labels", ["250", "1000", "6000"], "Numbers of training dives.")
flags.DEFINE_integer("seeds", 5, "Draws of these dives.", 1)
flags.DEFINE_integer("max_iter", 100, "Trees. Default: scikit-learn's.", 1)
flags.DEFINE_float("learning_rate", 0.1, "Learning rate of the trees. Default: scikit-learn's.", 1e-6)
BATCH = 32


def main(_: object) -> None:
    """The command."""
    info, numbers = DatasetInfo.load(FLAGS.records_dir), [int(number) for number in FLAGS.labels]
    train, test = (info.split(split)["ids"] for split in ("train", "test"))
    seen = _statistics(info, "train", np.random.default_rng(0).permutation(train)[: max(numbers)].tolist())
    tested = _statistics(info, "test", test)
    for number in numbers:
        ids = [np.random.default_rng(seed).permutation([*seen])[:number].tolist() for seed in range(FLAGS.seeds)]
        figures = np.mean([_figures(info, {name: seen[name] for name in chosen}, tested) for chosen in ids], axis=0)
        print(f"{number} labels: D-SRC {figures[0]:.3f}, E-SRC {figures[1]:.3f}, F-SRC {figures[2]:.3f}")


def _statistics(info: DatasetInfo, split: str, ids: list[str]) -> dict[str, np.ndarray]:
    """Id → statistics (K,) of a dive's `JointFeatures` over each stage but noise."""
    from scoringnet_tf.baselines.simple import sequence_statistics
    from scoringnet_tf.data.input_pipeline import videos
    from scoringnet_tf.models.backbones.joints import SIZE, JointFeatures

    features, found = JointFeatures(dtype="float32"), {}
    for inputs, targets, facts in videos(info.records_dir, split, ids=ids, batch_size=BATCH, with_info=True):
        steps = features(inputs["features"], inputs["mask"]).numpy()
        for name, video, stages in zip(facts["id"].numpy(), steps, targets["stages"].numpy(), strict=True):
            parts = [video[stages == stage].astype(float) for stage in range(1, len(info.stages))]
            parts = [part if len(part) else np.zeros((1, SIZE)) for part in parts]  # a dive may begin in the air
            found[name.decode()] = np.concatenate([sequence_statistics(part) for part in parts])
    return found


def _figures(info: DatasetInfo, train: dict[str, np.ndarray], test: dict[str, np.ndarray]) -> list[float]:
    """SRC of difficulty, execution and final score on the test dives."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    predicted = []
    for score in PREDICTED_SCORES:
        options = {"max_iter": FLAGS.max_iter, "learning_rate": FLAGS.learning_rate}
        trees = HistGradientBoostingRegressor(**options, random_state=0)
        trees.fit(np.stack([*train.values()]), info.true_scores(score, [*train]))
        predicted.append(trees.predict(np.stack([*test.values()])))
    predicted.append(get_sport(info.sport).fuse(*predicted))
    truth = [info.true_scores(score, [*test]) for score in (*PREDICTED_SCORES, "final")]
    return [src(*pair) for pair in zip(truth, predicted, strict=True)]


if __name__ == "__main__":
    cli.run(main)
