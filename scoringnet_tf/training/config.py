"""`config.json` of a run: resolved flags, versions, data and held-out videos, so that a result can be traced."""

import platform
from collections.abc import Collection
from typing import Any

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

CONFIG = "config.json"
# Flags that may change between the start of a run and its continuation: they do not change what is computed.
FREE_TO_CHANGE = {"data_service", "model_dir", "records_dir", "reference", "replicas", "test_scores", "training_ids"}
# Flags that name a trained ScoringNet, or its KFS, to start from.
STARTED_FROM = ("initial_model", "segmenter")
# Phase → its epochs: those of the last one may be raised, which extends a finished run.
EPOCHS = {
    "joint": "epochs",
    "segmentation": "segmentation_epochs",
    "scoring": "scoring_epochs",
    "pretraining": "epochs",
}


def record_config(
    model_dir: AnyPath,
    settings: dict[str, Any],
    data_hash: str,
    precision: str,
    validation_ids: list[str],
    learned_from: Collection[str] = (),
    *,
    built_of: dict[str, str | None] | None = None,
) -> None:
    """Writes `config.json`; where `model_dir` holds a checkpoint to go on from, checks that settings and data agree.

    Args:
        model_dir: the run's folder.
        settings: flag name → value.
        data_hash: of the records.
        precision: the dtype policy that was chosen.
        validation_ids: the videos held out of the training split.
        learned_from: what its training videos, and those of the models that it starts from, show; see `shown`.
        built_of: what the model is built of besides, and no weight or data hash tells: what → a hash of it.

    Raises:
        InputError: names every setting that differs; or the run is to be longer, and was ended before its last epoch;
            or a checkpoint lies there without the configuration of its run.
    """
    path = as_path(model_dir) / CONFIG
    config = _configuration(settings, data_hash, precision, validation_ids, built_of)
    config["learned_from"] = sorted(learned_from)
    _, state = Checkpoints(model_dir).latest()
    if state is not None:
        if not path.is_file():
            raise InputError(
                "not_found",
                f"{path} is missing, but checkpoints/ lie beside it.",
                "Put it back, or choose another --model_dir.",
            )
        before = _read(path)
        changed = _changes(before, config, state)
        if changed:
            raise InputError(
                "other_run",
                f"{model_dir} holds a run with other settings: {'; '.join(changed)}.",
                "Use the same settings, or choose another --model_dir.",
            )
        last = _last_epochs(state, settings)
        if state.get("stopped") and last and settings[last] != before["settings"][last]:
            raise InputError(
                "run_ended",
                f"--{last}={settings[last]}: --patience or --max_steps ended the run in {model_dir} after epoch "
                f"{state['epoch']}.",
                f"Use {before['settings'][last]}, or choose another --model_dir.",
            )
        config["versions"] = before["versions"]
        config["learned_from"] = sorted({*learned_from, *before.get("learned_from", ())})
    write_json(path, config)


def is_recorded(
    model_dir: AnyPath,
    settings: dict[str, Any],
    data_hash: str,
    precision: str,
    validation_ids: list[str],
    *,
    built_of: dict[str, str | None] | None = None,
) -> bool:
    """Whether the configuration in a folder is this one; arguments of `record_config`."""
    path = as_path(model_dir) / CONFIG
    now = _configuration(settings, data_hash, precision, validation_ids, built_of)
    return path.is_file() and not _changes(_read(path), now, {"phase": None})


def check_config(
    model_dir: AnyPath,
    settings: dict[str, Any],
    data_hash: str,
    precision: str,
    validation_ids: list[str],
    *,
    built_of: dict[str, str | None] | None = None,
) -> None:
    """Checks that another process of the same run recorded the same; arguments of `record_config`.

    Raises:
        InputError: names every setting that differs, or there is no configuration.
    """
    path = as_path(model_dir) / CONFIG
    if not path.is_file():
        raise InputError(
            "not_found", f"{path} is missing: the first worker writes it.", "Use a --model_dir that all workers see."
        )
    now = _configuration(settings, data_hash, precision, validation_ids, built_of)
    changed = _changes(_read(path), now, {"phase": None})
    if changed:
        raise InputError(
            "other_run",
            f"{path}: the first worker has other settings: {'; '.join(changed)}.",
            "Start all workers with the same flags.",
        )


def _configuration(settings, data_hash, precision, validation_ids, built_of):
    return {
        "settings": settings,
        "data_hash": data_hash,
        "precision": precision,
        "validation_ids": validation_ids,
        "built_of": built_of or {},
        "versions": versions(),
    }


def _read(path):
    """What `record_config` wrote; InputError naming the file where it is damaged."""
    config = read_json(path)
    kinds = {"settings": dict, "data_hash": str, "precision": str, "versions": dict}
    optional = {"validation_ids": list, "learned_from": list, "built_of": dict}
    wrong = [name for name, kind in (kinds | optional).items() if not isinstance(config.get(name, kind()), kind)]
    missing = [name for name in kinds if name not in config]
    if wrong or missing:
        received = ", ".join([*(f"{name} {config[name]!r:.40}" for name in wrong), *(f"no {name}" for name in missing)])
        raise InputError("damaged", f"{path} is not the configuration of a run: {received}.")
    return config


def versions() -> dict[str, str]:
    """Package → version, of what a result is computed by."""
    return {
        "scoringnet_tf": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _changes(before, now, state):
    """What differs between two configurations that would change what is computed, a phrase each."""
    settings, old = now["settings"], before["settings"]
    changed = [
        f"--{name} (was {old.get(name)}, now {value})"
        for name, value in settings.items()
        if name not in FREE_TO_CHANGE and old.get(name) != value and not _extends(name, old, settings, state)
    ]
    if before["precision"] != now["precision"]:
        changed.append(f"precision (was {before['precision']}, now {now['precision']})")
    if before["data_hash"] != now["data_hash"]:
        changed.append("the records (another data hash)")
    elif before.get("validation_ids", now["validation_ids"]) != now["validation_ids"]:
        changed.append("the held-out videos")
    known = before.get("built_of", {})  # not of a run of before this was recorded
    changed += [f"the {what} (another)" for what, value in now["built_of"].items() if known.get(what, value) != value]
    return changed


def _last_epochs(state, settings):
    """The flag of the epochs of a run's last phase; None where the state is of another."""
    then_scoring = state["phase"] == "segmentation" and settings["scoring_epochs"]
    return None if then_scoring else EPOCHS.get(state["phase"])


def _extends(name, old, settings, state):
    """Whether a setting adds epochs to the last phase, which changes nothing of what was computed before.

    A schedule from true to predicted fragments is laid over all epochs, so that more of them would change it.
    """
    return (
        name == _last_epochs(state, settings)
        and settings[name] > old[name]
        and (settings.get("fragments") != "scheduled" or state["phase"] == "segmentation")
    )


def learned_from(model_path: AnyPath) -> set[str]:
    """What the training videos of a run show, and those of the models that it started from (`dataset_info.shown`).

    Args:
        model_path: path of the `.keras` file in a run's folder.

    Returns:
        A set; empty where nothing says.
    """
    path = as_path(model_path).parent / CONFIG
    return set(_read(path).get("learned_from", ())) if path.is_file() else set()


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
        raise InputError(
            "other_records",
            f"{info.records_dir}: the run that made {model_path} had other records (another data hash).",
        )
    return ids


def started_from(model_path: AnyPath) -> list[str]:
    """The trained models, as the user named them, whose weights the run of a model started from.

    Args:
        model_path: path of the `.keras` file in a run's folder.
    """
    path = as_path(model_path).parent / CONFIG
    settings = _read(path)["settings"] if path.is_file() else {}
    return [settings[name] for name in STARTED_FROM if settings.get(name)]


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
    if path.is_file():
        config = _read(path)
        if "validation_ids" in config:
            return config["validation_ids"], config["data_hash"]
    raise InputError(
        "damaged" if path.is_file() else "not_found",
        f"{path}, the configuration of the run that made the model, "
        f"{'does not name the held-out videos' if path.is_file() else 'is missing'}.",
    )
