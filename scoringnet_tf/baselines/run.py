"""Fits a system to records, and leaves a report for each rendering, as `evaluate` does."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scoringnet_tf import __version__
from scoringnet_tf.baselines import load_system
from scoringnet_tf.baselines.system import Learned, See, System, TrainingSet
from scoringnet_tf.baselines.videos import BESIDE, Videos
from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels, shown
from scoringnet_tf.data.joints import INDEX, joints_folder, read_index
from scoringnet_tf.data.renderings import check_renderings
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.inference import evaluation
from scoringnet_tf.inference.extraction import load_c3d
from scoringnet_tf.report.evaluation_report import METRICS, write_report
from scoringnet_tf.report.evaluation_report import table as figure_table
from scoringnet_tf.sports import Sport, get_sport
from scoringnet_tf.support.files import read_json, write_json
from scoringnet_tf.support.messages import InputError, about, counted
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.training.run_record import versions, videos_of_run

SETTINGS = "settings.json"


@dataclasses.dataclass(frozen=True)
class Run:
    """A system, fitted to the training split of records and tried on the test split of these and of other renderings.

    Attributes:
        name: a name in `baselines.NAMES`.
        info: training records.
        tested: records whose test split is predicted: `info`, and other renderings.
        features_dir: folder for C3D's features; runs may share it.
        pretrained: C3D, as `--pretrained`.
        validation_fraction: share of the training split that chooses epochs.
    """

    name: str
    info: DatasetInfo
    tested: Sequence[DatasetInfo]
    output_dir: Path
    features_dir: Path
    pretrained: str
    validation_fraction: float = 0.1
    seed: int = 0

    def run(self) -> list[Path]:
        """Fits the system; returns the folders of the reports.

        Raises:
            InputError: the records are not what the system needs, those of `tested` are of other videos, or
                `output_dir` holds another run.
        """
        check_renderings(self.info, self.tested[1:])
        system = load_system(self.name)
        parts = [part for part in (self._part("train"), self._part("validation")) if part.ids]
        described = self._described(system, parts[0])
        if system.sees == "joints":
            self._check_joints()
        self._check_folder(described)
        reports = self._fit(system, parts, described)
        if seen := max(read_json(report / METRICS).get("seen_in_training") or 0 for report in reports):
            videos = counted(len(split_ids(self.info, "test")), "test video")
            print(f"--pretrained learned from {seen} of {videos}: its figures say nothing about others.")
        return reports

    def _part(self, split: str) -> Videos:
        """The training videos, or those held out."""
        none = split == "validation" and not self.validation_fraction and split not in self.info.splits
        return self._videos(self.info, split, () if none else split_ids(self.info, split, self.validation_fraction))

    def _videos(self, info: DatasetInfo, split: str, ids: Sequence[str]) -> Videos:
        return Videos(info, split, tuple(ids), self.pretrained, self.features_dir)

    def _folder(self, info: DatasetInfo) -> Path:
        return self.output_dir / f"test_{info.data_hash[:10]}"

    def _described(self, system: System, videos: Videos) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "system": self.name,
            "sees": videos.describe(system.sees),
            "data_hash": self.info.data_hash,
            **dict.fromkeys(("groups", "sport")),  # none: also a folder of a run that had some is of another
            **self.info.beside_records(),
            "validation_fraction": self.validation_fraction,
            "seed": self.seed,
            "scoringnet_tf": __version__,
        }

    def _check_joints(self) -> None:
        """InputError if a rendering's joints are others, from elsewhere, in another order or on another scale."""
        indices = [read_index(joints_folder(info)) for info in self.tested]
        kinds = [(one.source, one.names, one.format, one.unit == "heights" or bool(one.size)) for one in indices]
        for info, kind in zip(self.tested, kinds, strict=True):
            if kind != kinds[0]:
                where, others = joints_folder(info), joints_folder(self.tested[0])
                hint = f"{INDEX} of both must give one source, the same joints in one order, and one scale."
                raise InputError("other_records", f"{where} holds other joints than {others}.", hint)

    def _check_folder(self, described: Mapping[str, Any]) -> None:
        path, hint = self.output_dir / SETTINGS, "Choose a new folder."
        found = read_json(path) if path.is_file() else described
        if different := [name for name in described if found.get(name) != described[name]]:
            message = f"--output_dir={self.output_dir}: a run with another {', '.join(different)} is there."
            raise InputError("other_settings", message, hint)
        reports = [folder for folder in map(self._folder, self.tested) if folder.exists()]
        if reports and not path.is_file():
            raise InputError("exists", f"{reports[0]} is there without {SETTINGS}.", hint)

    def _fit(self, system: System, parts: Sequence[Videos], described: Mapping[str, Any]) -> list[Path]:
        see: Any = system.watch(parts[0], self.seed) if system.watch else system.see
        inputs = np.concatenate([see(part) for part in parts])
        held_out = np.concatenate([np.full(len(part.ids), part.split == "validation") for part in parts])
        ids = [video_id for part in parts for video_id in part.ids]
        groups = np.array([self.info.videos[video_id].get("group") or f"={video_id}" for video_id in ids])
        learned, of_any = {}, np.zeros(len(ids), bool)
        for score in self.info.scores:
            scores = np.concatenate([part.scores(score) for part in parts])
            known = np.isfinite(scores)
            of_any |= known
            if (known & ~held_out).sum() > 1:
                of_score = TrainingSet(inputs[known], scores[known], held_out[known], self.seed, groups[known])
                learned[score] = self._learned(system, score, of_score)
        chosen = {score: dict(found.chosen) for score, found in learned.items()}
        write_json(self.output_dir / SETTINGS, {**described, "chosen": chosen, "versions": versions()})
        return [self._report(system, see, info, learned, int(of_any.sum())) for info in self.tested]

    def _learned(self, system: System, score: str, training: TrainingSet) -> Learned:
        value, *others = {*training.scores.tolist()}
        if not others:  # nothing to learn, as of difficulty in a sport that has none
            return Learned(lambda inputs: np.full(len(inputs), value), {"constant": value})
        with about(f"{self.info.records_dir}: {self.name}, {score} scores"):
            return system.learn(training)

    def _report(self, system: System, see: See, info: DatasetInfo, learned: Mapping[str, Learned], number: int) -> Path:
        """Predicts a rendering, and writes its report."""
        videos = self._videos(info, "test", sorted(split_ids(info, "test")))
        inputs = see(videos)
        unlabelled = [np.full(1, -1) for _ in videos.ids]
        predictions = evaluation.Predictions(
            list(videos.ids),
            {score: videos.scores(score) for score in info.scores},
            {score: found.predict(inputs) for score, found in learned.items()},
            {},
            unlabelled,
            unlabelled,
            np.zeros((len(videos.ids), 0), bool),
        )
        measured = evaluation.figures(predictions, info.stages) | {
            "split": "test",
            "model": self.name,
            "data_hash": info.data_hash,
            "pixels": described_pixels(info.simulation) if info.simulation or not info.features else None,
            "training_videos": number,
            "seen_in_training": self._learned_before(system, info, videos.ids),
            **({system.sees: BESIDE[system.sees](info)} if system.sees in BESIDE else {}),
        }
        folder = self._folder(info)
        write_report(folder, predictions, measured, get_sport(info.sport))
        return folder

    def _learned_before(self, system: System, info: DatasetInfo, ids: Sequence[str]) -> int:
        """The number of videos that the C3D learned from whose features a system sees."""
        if system.sees != "clips" or info.features:
            return 0
        learned = load_c3d(self.pretrained)[0].learned_from | videos_of_run(model_path(self.pretrained))
        return sum(shown(info.videos[video_id]) in learned for video_id in ids)


def table(reports: Sequence[Path], sport: Sport) -> str:
    """The figures of reports for a terminal, a row each."""
    measured = [read_json(report / METRICS) for report in reports]
    learned = counted(measured[0]["training_videos"], "video")
    heading = f"{measured[0]['model']}, learned from {learned}; reports: {reports[0].parent}"
    rows = [(report.name, figures) for report, figures in zip(reports, measured, strict=True)]
    return f"{heading}\n{figure_table(rows, sport)}"
