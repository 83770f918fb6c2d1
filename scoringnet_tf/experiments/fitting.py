"""A system that ScoringNet is compared with, in place of a training: it is fitted and predicts every rendering."""

import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scoringnet_tf import __version__
from scoringnet_tf.baselines import load_system
from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels
from scoringnet_tf.data.joints import joints_hash
from scoringnet_tf.experiments.training import (
    LOG,
    Surroundings,
    Training,
    as_arguments,
    hardware,
    run_command,
    run_folder,
    write_metafile,
)

FEATURES, SETTINGS = "features", "settings.json"  # a folder that all share; what the command says of its settings


@dataclasses.dataclass(frozen=True)
class Fitting(Training):
    """A run of `python -m scoringnet_tf.baselines`; `flags` are those of that command.

    Attributes:
        system: its name.
    """

    system: str = ""

    def configuration(self, surroundings: Surroundings) -> dict[str, Any]:
        """All that the result depends on; the C3D is that which the trainings start from, where they do."""
        # Of every rendering: reports on all of them lie in the one folder, and no data hash covers joints.
        reads_joints = load_system(self.system).sees == "joints"
        joints = {"joints": [joints_hash(info) for info in surroundings.tested]} if reads_joints else {}
        trained = Training({}, self.seed).configuration(surroundings)
        pretrained = {name: trained["flags"][name] for name in ("pretrained",) if trained["flags"].get(name)}
        return {
            "system": self.system,
            "flags": {**pretrained, **self.flags, "seed": str(self.seed)},
            "contents": {name: trained["contents"][name] for name in pretrained},
            "data_hash": surroundings.records.data_hash,
            **surroundings.records.beside_records(),
            **joints,
            "scoringnet_tf": __version__,
        }

    def kfs(self, _: Surroundings) -> None:
        """It has none."""

    def folder(self, surroundings: Surroundings) -> Path:
        """Where it is or will be."""
        return run_folder(surroundings, self.system, self.seed, self.configuration(surroundings))

    def is_trained(self, surroundings: Surroundings) -> bool:
        """Whether it was fitted, and has predicted every rendering."""
        reports = (self.report(surroundings, rendering) for rendering in surroundings.tested)
        return super().is_trained(surroundings) and all((one / "predictions.csv").is_file() for one in reports)

    def train(self, surroundings: Surroundings) -> None:
        """Fits it and predicts the renderings whose predictions are not there.

        Raises:
            TrainingError: the command failed.
        """
        if self.is_trained(surroundings):
            return
        folder, start = self.folder(surroundings), time.monotonic()
        renderings = ",".join(str(rendering.records_dir) for rendering in surroundings.renderings)
        arguments = [
            self.system,
            *as_arguments(self.configuration(surroundings)["flags"]),
            f"--records_dir={surroundings.records.records_dir}",
            *([f"--renderings={renderings}"] if renderings else []),
            f"--features_dir={surroundings.folder / FEATURES}",
        ]
        run_command("scoringnet_tf.baselines", [*arguments, f"--output_dir={folder}"], folder / LOG)
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        described = {
            "command": ["python", "-m", "scoringnet_tf.baselines", *arguments],
            "configuration": self.configuration(surroundings),
            "pixels": described_pixels(surroundings.records.simulation),
            "seed": self.seed,
            "chosen": settings["chosen"],
            "sees": settings["sees"],
            "versions": settings["versions"],
            "hardware": hardware(),
            "seconds": round(time.monotonic() - start, 1),
            "seconds_are_of": "the fit and its predictions; features that were there already were not extracted",
        }
        write_metafile(folder, described)

    def evaluate(self, surroundings: Surroundings, rendering: DatasetInfo, flags: Sequence[str] = ()) -> None:
        """Nothing: it predicts when it is fitted."""
