"""A small table on tiny records, and commands that leave what the real ones leave, with scores of their own."""

import csv
import json
import pathlib

import numpy as np
import pytest
from tiny_records import copy_of

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.experiments import training
from scoringnet_tf.experiments.catalogue import Experiment, Row
from scoringnet_tf.experiments.training import Surroundings
from scoringnet_tf.sports import SCORES

EXPERIMENT = Experiment(
    "Table",
    "Which?",
    [Row("MSE", {"alpha": "0"}), Row("ranking"), Row("ranking, true fragments", {}, ("--true_fragments",))],
    "MSE",
    {"diving": {"MSE": {"f_src": 0.79}}},
)
PRESET = """# Command: …
--alpha=5
--set=augmentation.flip=false
--scoring_epochs=1
"""
DESCRIBED = {"data": {"name": "unlv_diving", "sport": "diving", "hash": ["a"]}}


def given(arguments, name):
    """The values of a flag among arguments."""
    return [word.removeprefix(f"--{name}=") for word in arguments if word.startswith(f"--{name}=")]


@pytest.fixture
def surroundings(diving_records, tmp_path):
    (tmp_path / "preset.flags").write_text(PRESET)
    again = copy_of(diving_records, tmp_path / "again")
    return Surroundings(tmp_path / "preset.flags", DatasetInfo.load(diving_records), (again,), tmp_path / "runs")


class Commands(list):
    """(Module, arguments) of the commands that were run; those in which a word of `failing` stands fail."""

    failing = ""

    def run(self, module, arguments, log):
        """Stands for `training.run_command`."""
        if self.failing and self.failing in " ".join(arguments):
            raise training.TrainingError(f"failed at {self.failing}")
        self.append((module, arguments))
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        if module == "scoringnet_tf.train":
            (log.parent / "config.json").write_text('{"versions": {"keras": "3"}}')
        elif module == "scoringnet_tf.evaluate":
            self.write_report(given(arguments, "records_dir")[0], pathlib.Path(given(arguments, "output_dir")[0]))
        else:
            settings = {"chosen": {"final": {"C": 1}}, "sees": {}, "versions": {"keras": "3"}}
            (log.parent / "settings.json").write_text(json.dumps(settings))
            renderings = ",".join(given(arguments, "renderings")).split(",")
            for path in filter(None, [*given(arguments, "records_dir"), *renderings]):
                self.write_report(path, log.parent / f"test_{DatasetInfo.load(path).data_hash[:10]}")

    def write_report(self, records_dir, folder):
        """`predictions.csv` of random scores; one that is there stays."""
        info, rng = DatasetInfo.load(records_dir), np.random.default_rng(len(self))
        folder.mkdir(exist_ok=True)
        if (folder / "predictions.csv").exists():
            return
        (folder / "metrics.json").write_text("{}")
        with (folder / "predictions.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["video_id", *(f"{kind}_{score}" for score in SCORES for kind in ("true", "predicted"))])
            for video_id in reversed(info.split("test")["ids"]):
                truth = [info.videos[video_id][score] for score in SCORES]
                writer.writerow([video_id, *(value for score in truth for value in (score, score + rng.normal()))])

    def of(self, name):
        """The arguments of the commands of one module."""
        return [arguments for module, arguments in self if module.endswith(name)]


@pytest.fixture
def commands(monkeypatch):
    """The seam between a suite and what it runs: no process is started."""
    seen = Commands()
    monkeypatch.setattr(training, "run_command", seen.run)
    return seen
