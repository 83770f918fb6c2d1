r"""Heads on real features: squared error, ranking, score distribution, and both, on P3D features of UNLV-Diving.

    python -m benchmarks.real_features --flagfile=recipes/features_p3d.flags --data_dir=UNLV_DIVING \
        --output_dir=runs/p3d

UNLV_DIVING holds `p3d.npz` (`features` (370, D), one vector a video, of S3D's release), the label files of the dataset
and `split_300_70/`. Settings of each head are chosen by cross-validation inside the 300 training videos, by F-SRC; then
each is trained on all of them by the flag file with those settings, ten seeds, and the 70 test videos are looked at
once. What is done already in --output_dir, by the same settings, is not done again.

Writes cross_validation_N.csv of head N, results.json and results.png, and prints the table with 95 % intervals of a
paired bootstrap over seeds and test videos.
"""

import collections
import contextlib
import csv
import hashlib
import io
import itertools
import json
import pathlib
import subprocess
import sys

import numpy as np
from absl import flags
from tqdm import tqdm

from data_prep.datasets import unlv
from data_prep.datasets.readers.matlab import read_vector
from data_prep.records.building import build_records
from scoringnet_tf import train
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError

flags.DEFINE_string("data_dir", None, "Folder with p3d.npz and the label files.")
flags.DEFINE_string("output_dir", None, "Folder for records, runs and results.")
flags.DEFINE_integer("folds", 5, "Of the cross-validation.", 2)
flags.DEFINE_integer("seeds", 10, "Runs of every head.", 1)
flags.DEFINE_string("cross_validate", None, "Internal: cross-validate this head in this process.")

EPOCHS = (20, 40, 60)
COMMON = {"dropout": [0.5, 0.7], "learning_rate": [1e-4, 3e-4]}
ALPHAS, SIGMAS = [1.0, 5.0], [0.3, 0.6]
HEADS = {
    "MSE": {"head": ["regression"], "alpha": [0.0]},
    "MSE + ranking": {"head": ["regression"], "alpha": ALPHAS},
    "distribution": {"head": ["distribution"], "alpha": [0.0], "score_sigma": SIGMAS},
    "distribution + ranking": {"head": ["distribution"], "alpha": ALPHAS, "score_sigma": SIGMAS},
}
DRAWS = 2000


def read_data(folder):
    """(features float32 (N, D), final scores (N,), training ids, test ids), ids from 1."""
    features = np.load(folder / "p3d.npz", allow_pickle=False)["features"].astype(np.float32)
    final = read_vector(folder / "diving_overall_scores.mat", "overall_scores")
    splits = unlv.read_split(folder / "split_300_70")
    return features, np.asarray(final, float), splits["train"], splits["test"]


def write_records(folder, features, final, train_ids, test_ids):
    """Records of these videos, by `data_prep build --dataset=manifest`; returns their folder."""
    if not (folder / "records").is_dir():
        source = folder / "source"
        source.mkdir(parents=True, exist_ok=True)
        with (source / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["features", "split", "final", "fps"])
            for split, ids in (("train", train_ids), ("test", test_ids)):
                for number in ids:
                    np.save(source / f"{number:03d}.npy", features[number - 1])
                    writer.writerow([f"{number:03d}.npy", split, f"{final[number - 1]:.2f}", 25])
        build_records("manifest", source, folder / "records", workers=1, sport="diving")
    return folder / "records"


def check_settings(output_dir, settings):
    """Writes what all runs have in common; InputError where --output_dir holds results of other settings."""
    features = pathlib.Path(flags.FLAGS.data_dir) / "p3d.npz"
    common = {"folds": flags.FLAGS.folds, "features": hashlib.sha256(features.read_bytes()).hexdigest(), **settings}
    path = output_dir / "settings.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else common
    changed = [name for name in common if before.get(name) != common[name]]
    if changed:
        raise InputError(
            f"--output_dir={output_dir}: expected results of the same settings. Received: other {', '.join(changed)}."
        )
    path.write_text(json.dumps(common, indent=2), encoding="utf-8")


def grid(head):
    """The settings of a head that are tried, a dictionary each."""
    options = {**COMMON, **HEADS[head]}
    return [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]


# === Cross-validation ===


def cross_validate(head, output_dir, settings):
    """Appends a row for every fold, setting and epoch of `EPOCHS` to the CSV file of a head."""
    features, final, train_ids, _ = read_data(pathlib.Path(flags.FLAGS.data_dir))
    order = np.random.default_rng(0).permutation(train_ids)
    folds = [order[start :: flags.FLAGS.folds] for start in range(flags.FLAGS.folds)]
    path = output_dir / f"cross_validation_{list(HEADS).index(head)}.csv"
    done = {row["settings"] for row in read_rows(path)}
    for tried in tqdm(grid(head), head, unit="setting"):
        name, rows = json.dumps(tried), []
        if name in done:
            continue
        for index, held_out in enumerate(folds):
            trained = [number for number in train_ids if number not in set(held_out)]
            curve = validation_curve(features, final, trained, held_out, {**settings, **tried, "seed": index})
            rows += [[head, name, index, epoch, f"{f_src:.4f}"] for epoch, f_src in zip(EPOCHS, curve, strict=True)]
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if not file.tell():
                writer.writerow(["head", "settings", "fold", "epoch", "f_src"])
            writer.writerows(rows)


def validation_curve(features, final, train_ids, held_out, settings):
    """F-SRC on the held-out videos after each of `EPOCHS`, on the public API: model, losses, optimizer of `train`."""
    import keras

    import scoringnet_tf
    from scoringnet_tf.inference import evaluation
    from scoringnet_tf.training.optimizer import make_optimizer
    from scoringnet_tf.training.scoring import adapt_features, losses

    def arrays(ids):
        rows = np.array(ids) - 1
        inputs = {"features": features[rows][:, np.newaxis], "mask": np.ones((len(rows), 1), bool)}
        return inputs, {"stages": np.full((len(rows), 1), -1, np.int32), "final": final[rows].astype(np.float32)}

    keras.utils.set_random_seed(settings["seed"])
    (x, y), (held_out_inputs, truth) = arrays(train_ids), arrays(held_out)
    model = scoringnet_tf.ScoringNet(
        features={"size": features.shape[1], "stride": 1, "origin": None},
        scores=("final",),
        fragments="whole",
        clip_lengths=(1, 1),
        score_statistics={"final": (float(y["final"].mean()), float(y["final"].std()))},
        kernel_l2=settings["beta"],
        score_predictor={
            "head": settings["head"],
            "fc_units": settings["fc_units"],
            "dropout_rate": settings["dropout"],
        },
    )
    adapt_features(model, [({name: keras.ops.convert_to_tensor(value) for name, value in x.items()}, None)])
    steps = -(-len(train_ids) // settings["batch_size"])
    model.compile(
        make_optimizer(settings, "float32"), loss=losses(model, settings), metrics={}, steps_per_execution=steps
    )
    curve = []
    for first, last in itertools.pairwise((0, *EPOCHS)):
        model.fit(x, y, batch_size=settings["batch_size"], initial_epoch=first, epochs=last, verbose=0)
        curve.append(evaluation.src(truth["final"], np.asarray(model(held_out_inputs)["final"])))
    keras.backend.clear_session()
    return curve


def read_rows(path):
    """Rows of a CSV file as dictionaries; none where there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def chosen_settings(output_dir):
    """Head → the settings and number of epochs with the highest mean F-SRC over the folds, and that mean."""
    found = {}
    for index, head in enumerate(HEADS):
        scores = collections.defaultdict(list)
        for row in read_rows(output_dir / f"cross_validation_{index}.csv"):
            scores[row["settings"], int(row["epoch"])].append(float(row["f_src"]))
        (name, epochs), values = max(scores.items(), key=lambda item: np.mean(item[1]))
        found[head] = {**json.loads(name), "epochs": epochs}, float(np.mean(values))
    return found


# === Test ===


def predicted_scores(records_dir, run_dir, settings):
    """(true, predicted) final scores (70,) of the test videos by a run of `train` with these settings."""
    from scoringnet_tf.data.dataset_info import DatasetInfo
    from scoringnet_tf.data.input_pipeline import videos
    from scoringnet_tf.inference import evaluation
    from scoringnet_tf.models.presets import load_scoring_net
    from scoringnet_tf.training.scoring import ScoringRun

    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        path = ScoringRun(DatasetInfo.load(records_dir), {**settings, "model_dir": str(run_dir)}).run()
    model = load_scoring_net(path)
    dataset = videos(records_dir, "test", image_size=model.image_size, batch_size=70, num_frames=1, with_info=True)
    found = evaluation.predict_records(evaluation.prediction_function(model), dataset)
    return found.truth["final"], found.predicted["final"]


def figures(truth, predicted):
    """{"F-SRC", "MED", "R-l2"} of one run."""
    from scoringnet_tf.inference import evaluation

    measures = (evaluation.src, evaluation.med, evaluation.relative_l2)
    return {name: measure(truth, predicted) for name, measure in zip(("F-SRC", "MED", "R-l2"), measures, strict=True)}


def bootstrap(truth, predicted):
    """Draws of each figure (DRAWS,) over seeds and test videos, the same for every head: {head: {figure: draws}}."""
    rng = np.random.default_rng(0)
    draws = {head: collections.defaultdict(list) for head in predicted}
    for _ in tqdm(range(DRAWS), "Bootstrap", unit="draw"):
        videos = rng.integers(0, len(truth), len(truth))
        seeds = rng.integers(0, flags.FLAGS.seeds, flags.FLAGS.seeds)
        for head, runs in predicted.items():
            found = {seed: figures(truth[videos], runs[seed][videos]) for seed in set(seeds.tolist())}
            for name in ("F-SRC", "MED", "R-l2"):
                draws[head][name].append(np.mean([found[seed][name] for seed in seeds.tolist()]))
    return draws


def interval(draws):
    """95 % of the draws, low and high."""
    return [float(value) for value in np.percentile(draws, [2.5, 97.5])]


def draw(results, path):
    """F-SRC of every seed, by head, as PNG."""
    from matplotlib.figure import Figure

    axes = (figure := Figure(figsize=(7, 3), layout="constrained")).subplots()
    for row, found in enumerate(results.values()):
        axes.scatter(found["F-SRC"], [row] * len(found["F-SRC"]), s=18, alpha=0.6)
        axes.plot(found["interval"]["F-SRC"], [row] * 2, linewidth=1, color="#555555")
        axes.plot(np.mean(found["F-SRC"]), row, "|", markersize=16, color="#111111")
    axes.set(yticks=range(len(results)), yticklabels=list(results), xlabel="F-SRC of the 70 test videos")
    axes.invert_yaxis()
    figure.savefig(path, dpi=120)


def main(_):
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(data_dir=values.data_dir, output_dir=values.output_dir)
    output_dir = pathlib.Path(values.output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    settings = cli.flag_values(train)
    settings["image_size"], settings["clip_lengths"] = cli.size_flag("image_size"), cli.size_flag("clip_lengths")
    if settings["fragments"] != "whole":
        raise InputError("--flagfile: expected recipes/features_p3d.flags, of vectors. Received: none, or another.")
    check_settings(output_dir, settings)
    if values.cross_validate:
        cross_validate(values.cross_validate, output_dir, settings)
        return 0
    for head in HEADS:  # in a process of its own: TensorFlow keeps what it has traced
        command = [sys.executable, "-m", "benchmarks.real_features", *sys.argv[1:], f"--cross_validate={head}"]
        if status := subprocess.run(command).returncode:  # it has said why
            return status
    features, final, train_ids, test_ids = read_data(pathlib.Path(values.data_dir))
    records_dir = write_records(output_dir, features, final, train_ids, test_ids)
    settings["records_dir"] = str(records_dir)
    chosen, predicted, truth = chosen_settings(output_dir), {}, None
    for index, (head, (best, mean)) in enumerate(chosen.items()):
        print(f"{head}: {best}, F-SRC in cross-validation {mean:.3f}")
        runs = []
        for seed in tqdm(range(values.seeds), head, unit="seed"):
            run = {**settings, **best, "seed": seed}
            truth, scores = predicted_scores(records_dir, output_dir / f"runs/{index}_{seed}", run)
            runs.append(scores)
        predicted[head] = np.array(runs)
    draws = bootstrap(truth, predicted)
    results = {}
    for head, (best, mean) in chosen.items():
        found = [figures(truth, scores) for scores in predicted[head]]
        results[head] = {name: [run[name] for run in found] for name in found[0]}
        results[head] |= {"settings": best, "cross_validation": mean}
        results[head]["interval"] = {name: interval(values) for name, values in draws[head].items()}
        against = np.array(draws[head]["F-SRC"]) - np.array(draws["MSE"]["F-SRC"])
        results[head]["F-SRC more than MSE"] = interval(against)
    (output_dir / "results.json").write_text(json.dumps(results, indent=2))
    draw(results, output_dir / "results.png")
    print(table(results))
    return 0


def table(results):
    """The results as a Markdown table: mean and deviation over seeds, intervals of the bootstrap."""
    lines = ["| head | F-SRC | more than MSE | MED | R-ℓ2 ×100 |", "|---|---|---|---|---|"]
    for head, found in results.items():
        cells = [
            f"{np.mean(found[name]):.3f} ± {np.std(found[name], ddof=1) if len(found[name]) > 1 else 0:.3f} "
            f"[{found['interval'][name][0]:.3f}, {found['interval'][name][1]:.3f}]"
            for name in ("F-SRC", "MED", "R-l2")
        ]
        low, high = found["F-SRC more than MSE"]
        cells.insert(1, "–" if head == "MSE" else f"[{low:+.3f}, {high:+.3f}]")
        lines.append(f"| {head} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(cli.run(main))
