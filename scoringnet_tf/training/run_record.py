"""A run's `config.json`: configuration, versions, data and held-out videos, so that a result can be traced."""

import dataclasses
import platform
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.files import read_json, write_json
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath, as_path
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import PretrainingConfig, TrainingConfig
from scoringnet_tf.training.fields import all_fields, flat, to_json

CONFIG = "config.json"
KINDS = {"configuration": dict, "data_hash": str, "precision": str, "versions": dict, "validation_ids": list}
KINDS |= {"learned_from": list, "built_of": dict}
EPOCHS = {
    "pretraining": "epochs",
    "joint": "epochs",
    "segmentation": "segmentation_epochs",
    "scoring": "scoring_epochs",
}


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """What config.json holds."""

    config: TrainingConfig | PretrainingConfig
    data_hash: str  # of the records
    precision: str = "float32"  # the dtype policy that was chosen
    validation_ids: Sequence[str] = ()  # videos held out of the training split
    built_of: Mapping[str, str | None] = dataclasses.field(default_factory=dict)  # what no data hash tells → a hash

    def write(self, model_dir: AnyPath, videos_seen: Collection[str] = ()) -> None:
        """Writes `config.json`, with the fingerprints of the videos that the weights learn from (`learned_from`).

        InputError for a checkpoint from a run with other fields, which it names, or without configuration.
        """
        path, seen = as_path(model_dir) / CONFIG, {*videos_seen}
        values = dataclasses.asdict(self) | {"configuration": to_json(self.config), "versions": versions()}
        del values["config"]
        _, state = Checkpoints(model_dir).latest()
        if state is not None:
            before = self._checked(path, state, f"{model_dir} holds a run with other settings")
            values["versions"] = before["versions"]
            seen |= {*before["learned_from"]}
        write_json(path, values | {"learned_from": sorted(seen)})

    def check(self, model_dir: AnyPath) -> None:
        """InputError, which names every field that differs, unless the first worker wrote the same."""
        path = as_path(model_dir) / CONFIG
        self._checked(path, {}, f"{path}: the first worker has other settings")

    def _checked(self, path: Path, state: dict[str, Any], differs: str) -> dict[str, Any]:
        if not path.is_file():
            hint = "Put it back, or choose another --model_dir, which all workers see."
            raise InputError("not_found", f"{path}, the configuration of the run, is missing.", hint)
        before = _read(path)
        if changed := self._changes(before, state):
            hint = "Use the same settings, or choose another --model_dir."
            raise InputError("other_run", f"{differs}: {'; '.join(changed)}.", hint)
        return before

    def _changes(self, before: dict[str, Any], state: dict[str, Any]) -> list[str]:
        """What differs from another record that would change what is computed, a phrase for each."""
        fields = {path: about for path, about, *_ in all_fields(type(self.config))}
        old, now = (flat(each, type(self.config)) for each in (before["configuration"], to_json(self.config)))
        kinds = {path: about.alternatives for path, about in fields.items() if about.alternatives}
        if old.keys() - fields.keys() or any(old[path] not in kinds[path] for path in kinds.keys() & old):
            raise InputError("old_config", f"{CONFIG} is of another version of this project.", "Begin a new run.")
        changed = [
            f"{f'--{about.flag}' if about.flag else path} (was {old.get(path)}, now {now.get(path)})"
            for path, about in fields.items()
            if old.get(path) != now.get(path) and not about.free and not self._extends(path, old, now, state)
        ]
        if before["precision"] != self.precision:
            changed.append(f"precision (was {before['precision']}, now {self.precision})")
        if before["data_hash"] != self.data_hash:
            changed.append("the records (another data hash)")
        elif before["validation_ids"] != list(self.validation_ids):
            changed.append("the held-out videos")
        return changed + [
            f"the {part}" for part, value in self.built_of.items() if before["built_of"].get(part) != value
        ]

    def _extends(self, path: str, old: dict[str, Any], now: dict[str, Any], state: dict[str, Any]) -> bool:
        """Whether a field adds epochs to the last phase, which changes nothing of what was computed before.

        A phase that patience or max_steps ended is not given more.
        """
        phase = state.get("phase", "")
        alone = phase == "segmentation" and getattr(self.config, "trains_kfs_alone", False)
        return (
            path == f"schedule.{EPOCHS.get(phase)}"
            and isinstance(old.get(path), int)
            and now.get(path, 0) > old[path]
            and not state.get("stopped")
            and (alone or phase != "segmentation")
        )


def _read(path: Path) -> dict[str, Any]:
    """What `RunRecord.write` wrote; InputError naming the file if it is damaged, or another version wrote it."""
    values = read_json(path)
    wrong = [name for name, kind in KINDS.items() if not isinstance(values.get(name, kind()), kind)]
    if wrong or "data_hash" not in values:
        raise InputError("damaged", f"{path} is not the configuration of a run: {', '.join(wrong) or 'no data_hash'}.")
    if not KINDS.keys() <= values.keys():
        raise InputError("old_config", f"{path} is of another version of this project.", "Begin a new run.")
    return values


def _beside(model_path: AnyPath) -> dict[str, Any]:
    """The configuration beside a model; empty if there is none."""
    path = as_path(model_path).parent / CONFIG
    return _read(path) if path.is_file() else {}


def versions() -> dict[str, str]:
    """Package → version."""
    packages = {"tensorflow": tf, "keras": keras, "numpy": np}
    return {"scoringnet_tf": __version__, "python": platform.python_version()} | {
        name: package.__version__ for name, package in packages.items()
    }


# === What a run says of its model ===


def videos_of_run(model_path: AnyPath) -> set[str]:
    """Fingerprints of the videos that a model's run and its start learned from; empty if nothing says."""
    try:
        return set(_beside(model_path).get("learned_from", ()))
    except InputError as error:
        if error.code != "old_config":
            raise
        return set()


def held_out_of(info: DatasetInfo, model_path: AnyPath) -> list[str]:
    """The videos that a model's run held out of training; InputError if unknown, or it had other records."""
    path, values = as_path(model_path).parent / CONFIG, _beside(model_path)
    if not values:
        raise InputError("not_found", f"{path}, the configuration of the run that made the model, is missing.")
    if values["data_hash"] != info.data_hash:
        message = f"{info.records_dir}: the run that made {model_path} had other records (another data hash)."
        raise InputError("other_records", message)
    return values["validation_ids"]
