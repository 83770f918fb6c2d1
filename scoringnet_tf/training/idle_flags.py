"""Flags of `train` and `pretrain` that change nothing beside others, or the records: they are named, not refused.

Each function gives {name: beside what it does nothing}, of all flags, given or not.
"""

from collections.abc import Mapping
from typing import Any

from absl import flags

from scoringnet_tf.data.augmentation import PIXEL_OPTIONS
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.training.targets import is_kfs_alone


def of_scoring(info: DatasetInfo, settings: Mapping[str, Any]) -> dict[str, str]:
    """Those of `train`."""
    staged, whole = settings["training"] == "staged", settings["fragments"] == "whole"
    of_kfs = ("stage_network", "lstm_units", "segmenter_fc_units", "segmenter_dropout", "stage_loss", "decoding")
    of_pairs = ("margin", "ties", "pair_reduction")
    of_others = ("epochs",) if staged else ("segmentation_epochs", "scoring_epochs")
    of_learning_kfs = ["stage_loss", "segmenter_dropout"]
    if settings["rates"] and all(entry.startswith("kfs:") for entry in settings["rates"]):
        of_learning_kfs.append("rates")
    found = dict.fromkeys(of_others, f"--training={settings['training']}")
    if whole:
        found |= dict.fromkeys((*of_kfs, "segmentation_epochs"), "--fragments=whole")
    elif settings["segmenter"]:
        found |= dict.fromkeys(("segmentation_epochs", *of_learning_kfs), "--segmenter")
    elif staged and not settings["segmentation_epochs"]:
        found |= dict.fromkeys(of_learning_kfs, "--segmentation_epochs=0")
    if settings["stage_network"] != "c3d_bi_lstm" and not whole:
        unused = ("lstm_units",) if settings["stage_network"] == "c3d" else of_kfs[1:4]
        found |= dict.fromkeys(unused, f"--stage_network={settings['stage_network']}")
    if is_kfs_alone(settings):
        of_sp = ("alpha", "beta", "loss_units", *of_pairs, "fragments", "fragment_jitter", "test_scores")
        found |= dict.fromkeys(of_sp, "--scoring_epochs=0")
        if not settings["initial_model"]:
            found |= dict.fromkeys(("reference", "training_ids"), "--scoring_epochs=0")
    elif not settings["alpha"]:
        found |= dict.fromkeys(of_pairs, "--alpha=0")
    if info.features:
        found |= dict.fromkeys((*PIXEL_OPTIONS, "image_size"), "records of features")
    if not settings["validation_fraction"] and "validation" not in info.splits:
        found["validation_every"] = "--validation_fraction=0"
    if settings["head"] == "regression":
        found["score_sigma"] = "--head=regression"
    return found | _of_any_run(info, settings)


def of_pretraining(info: DatasetInfo, settings: Mapping[str, Any]) -> dict[str, str]:
    """Those of `pretrain`."""
    found = {}
    if settings["clip_sampling"] == "whole":
        found["clips_per_video"] = "--clip_sampling=whole"
    if settings["top"] == "fc":
        found["pool_stride"] = "--top=fc"
    return found | _of_any_run(info, settings)


def _of_any_run(info, settings):
    found = {}
    if not settings["decay_steps"]:
        found["decay_rate"] = "--decay_steps=0"
    if "validation" in info.splits:
        found["validation_fraction"] = "the records' own validation split"
    return found


def say(idle: Mapping[str, str]) -> None:
    """Prints those of them that the command line, or a flag file, gives."""
    for name, beside in idle.items():
        flag = flags.FLAGS[name]
        if flag.present:
            print(f"--{name}={flag.value} changes nothing beside {beside}.")
