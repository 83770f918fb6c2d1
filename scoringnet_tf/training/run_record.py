"""`config.json` of a run: its configuration, versions, data and held-out videos, so that a result can be traced."""

import dataclasses
import platform
from collections.abc import Collection, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from scoringnet_tf import __version__
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import write_json
from scoringnet_tf.support.paths import AnyPath, as_path
from scoringnet_tf.support.reading import read_json
from scoringnet_tf.training.checkpoints import Checkpoints
from scoringnet_tf.training.config import PretrainingConfig, ScheduledFragments, TrainingConfig
from scoringnet_tf.training.fields import all_fields, flat, to_json

CONFIG = "config.json"
STARTS = ("start.initial_model", "schedule.segmenter")  # fields that name a trained ScoringNet
KINDS = {"configuration": dict, "data_hash": str, "precision": str, "versions": dict}
OPTIONAL = {"validation_ids": list, "learned_from": list, "built_of": dict}


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """What config.json holds of a run.

    Attributes:
        config: its configuration.
        data_hash: of the records.
        precision: the dtype policy that was chosen.
        validation_ids: the videos held out of the training split.
        built_of: what the model is built of besides, and no weight or data hash tells: what → a hash of it.
    """

    config: TrainingConfig | PretrainingConfig
    data_hash: str
    precision: str = "float32"
    validation_ids: Sequence[str] = ()
    built_of: Mapping[str, str | None] = dataclasses.field(default_factory=dict)

    def write(self, model_dir: AnyPath, learned_from: Collection[str] = ()) -> None:
        """Writes `config.json`; if `model_dir` holds a checkpoint to go on from, checks that the two runs agree.

        Args:
            model_dir: the run's folder.
            learned_from: what its training videos, and those of the models that it starts from, show; see `shown`.

        Raises:
            InputError: names every field that differs; or the run is to be longer, and was ended before its last
                epoch; or a checkpoint lies there without the configuration of its run.
        """
        path, values = as_path(model_dir) / CONFIG, self._values()
        values["learned_from"] = sorted(learned_from)
        _, state = Checkpoints(model_dir).latest()
        if state is not None:
            before = self._checked(path, state, f"{model_dir} holds a run with other settings")
            if state.get("stopped"):
                self._check_ended(before, state, model_dir)
            values["versions"] = before["versions"]
            values["learned_from"] = sorted({*learned_from, *before.get("learned_from", ())})
        write_json(path, values)

    def check(self, model_dir: AnyPath) -> None:
        """InputError, which names every field that differs, unless another process of the same run wrote the same."""
        path = as_path(model_dir) / CONFIG
        self._checked(path, {"phase": None}, f"{path}: the first worker has other settings")

    def is_written(self, model_dir: AnyPath) -> bool:
        """Whether this configuration is in a folder."""
        path = as_path(model_dir) / CONFIG
        return path.is_file() and not self._changes(_read(path), {"phase": None})

    def _values(self):
        return {
            "configuration": to_json(self.config),
            "data_hash": self.data_hash,
            "precision": self.precision,
            "validation_ids": list(self.validation_ids),
            "built_of": dict(self.built_of),
            "versions": versions(),
        }

    def _checked(self, path, state, differs):
        if not path.is_file():
            hint = "Put it back, or choose another --model_dir, which all workers see."
            raise InputError("not_found", f"{path}, the configuration of the run, is missing.", hint)
        before = _read(path)
        if changed := self._changes(before, state):
            hint = "Use the same settings, or choose another --model_dir."
            raise InputError("other_run", f"{differs}: {'; '.join(changed)}.", hint)
        return before

    def _changes(self, before, state):
        """What differs from another record that would change what is computed, a phrase for each."""
        changed = self._changed_fields(before["configuration"], state)
        if before["precision"] != self.precision:
            changed.append(f"precision (was {before['precision']}, now {self.precision})")
        if before["data_hash"] != self.data_hash:
            changed.append("the records (another data hash)")
        elif before.get("validation_ids", self.validation_ids) != list(self.validation_ids):
            changed.append("the held-out videos")
        parts = before.get("built_of", {})
        return changed + [f"the {part}" for part, value in self.built_of.items() if parts.get(part, value) != value]

    def _changed_fields(self, before, state):
        fields = {path: about for path, about, *_ in all_fields(type(self.config))}
        kind = type(self.config)
        old, now = flat(before, kind), flat(to_json(self.config), kind)
        if old and not old.keys() <= fields.keys():
            raise InputError("old_config", "config.json is of another version of this project.", "Begin a new run.")
        return [
            f"{f'--{about.flag}' if about.flag else path} (was {old.get(path)}, now {now.get(path)})"
            for path, about in fields.items()
            if old.get(path) != now.get(path) and not about.free and not self._extends(path, old, now, state)
        ]

    def _last_epochs(self, state):
        """The path of the epochs of a run's last phase; None if the state is of another."""
        if state["phase"] == "segmentation" and not getattr(self.config, "trains_kfs_alone", False):
            return None
        paths = {"joint": "epochs", "pretraining": "epochs", "scoring": "scoring_epochs"}
        paths["segmentation"] = "segmentation_epochs"
        return f"schedule.{paths[state['phase']]}" if state["phase"] in paths else None

    def _extends(self, path, old, now, state):
        """Whether a field adds epochs to the last phase, which changes nothing of what was computed before.

        A schedule from true to predicted fragments is laid over all epochs, so that more of them would change it.
        """
        fragments = getattr(self.config, "fragments", None)
        return (
            path == self._last_epochs(state)
            and isinstance(old.get(path), int)
            and now.get(path, 0) > old[path]
            and (not isinstance(fragments, ScheduledFragments) or state["phase"] == "segmentation")
        )

    def _check_ended(self, before, state, model_dir):
        path = self._last_epochs(state)
        kind = type(self.config)
        epochs, now = flat(before["configuration"], kind), flat(to_json(self.config), kind)
        if path and epochs[path] != now[path]:
            raise InputError(
                "run_ended",
                f"--{path.rpartition('.')[2]}={now[path]}: the run in {model_dir} was ended after epoch "
                f"{state['epoch']}, by patience or max_steps.",
                f"Use {epochs[path]}, or choose another --model_dir.",
            )


def _read(path):
    """What `RunRecord.write` wrote; InputError naming the file if it is damaged."""
    values = read_json(path)
    if "settings" in values and "configuration" not in values:  # of version 0.1
        values["configuration"] = values.pop("settings")
    wrong = [name for name, kind in KINDS.items() if not isinstance(values.get(name), kind)]
    wrong += [name for name, kind in OPTIONAL.items() if not isinstance(values.get(name, kind()), kind)]
    if wrong:
        raise InputError("damaged", f"{path} is not the configuration of a run: {', '.join(wrong)}.")
    return values


def versions() -> dict[str, str]:
    """Package → version, of what a result is computed by."""
    return {
        "scoringnet_tf": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


# === What a run says of its model ===


def learned_from(model_path: AnyPath) -> set[str]:
    """What the training videos of a run show, and those of the models that it started from (`dataset_info.shown`).

    Args:
        model_path: path of the `.keras` file in a run's folder.

    Returns:
        A set; empty if nothing says.
    """
    path = as_path(model_path).parent / CONFIG
    return set(_read(path).get("learned_from", ())) if path.is_file() else set()


def started_from(model_path: AnyPath) -> list[str]:
    """The trained models, as the user named them, whose weights the run of a model started from.

    Args:
        model_path: path of the `.keras` file in a run's folder.
    """
    path = as_path(model_path).parent / CONFIG
    values = _read(path)["configuration"] if path.is_file() else {}
    flat_values = flat(values, TrainingConfig)
    starts = [flat_values.get(name) or values.get(name.rpartition(".")[2]) for name in STARTS]
    return [start for start in starts if start]


def held_out_of(info: DatasetInfo, model_path: AnyPath) -> list[str]:
    """The videos that the run of a model held out of the training split of records.

    Args:
        info: `DatasetInfo` of the records.
        model_path: path of the `.keras` file in a run's folder.

    Raises:
        InputError: as `held_out_ids`; or they were held out of other records.
    """
    ids, data_hash = held_out_ids(model_path)
    if data_hash != info.data_hash:
        message = f"{info.records_dir}: the run that made {model_path} had other records (another data hash)."
        raise InputError("other_records", message)
    return ids


def held_out_ids(model_path: AnyPath) -> tuple[list[str], str]:
    """The videos that the run of a model held out of its training split, and the hash of its records.

    Args:
        model_path: path of the `.keras` file in a run's folder.

    Returns:
        (ids, data hash).

    Raises:
        InputError: there is no `config.json` beside it, or that does not say.
    """
    path = as_path(model_path).parent / CONFIG
    if not path.is_file():
        raise InputError("not_found", f"{path}, the configuration of the run that made the model, is missing.")
    values = _read(path)
    if "validation_ids" not in values:
        raise InputError("damaged", f"{path} does not name the held-out videos.")
    return values["validation_ids"], values["data_hash"]
