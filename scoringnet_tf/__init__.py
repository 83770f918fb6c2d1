"""ScoringNet (ACCV 2018) for Keras 3 and TensorFlow: scores skilled sports from untrimmed video.

`import scoringnet_tf` is cheap: Keras (and with it the backend) is imported at the first use of a model, loss or
metric, so that offline tools and command lines that only read flags do not wait for it. In a process that has imported
this package, before or after Keras, `keras.models.load_model` reloads saved models. Without it Keras cannot know their
classes.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:
    from scoringnet_tf.models.scoring_net import ScoringNet
    from scoringnet_tf.support.paths import AnyPath

# TensorFlow reads these when it is imported. Without AVX-512 it leaves oneDNN out, and 3-D convolutions take several
# times as long. Level 3 leaves six lines of its log: its libraries write them before they read the level.
if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.3.0.dev0"  # stands in results, records and runs that are kept

_MODELS = {
    "Backbone": "scoringnet_tf.models.backbones.backbone",
    "C3D": "scoringnet_tf.models.backbones.c3d",
    "I3D": "scoringnet_tf.models.backbones.i3d",
    "KeyFragmentSegmenter": "scoringnet_tf.models.segmentation",
    "ScorePredictor": "scoringnet_tf.models.score_prediction",
    "ScoringNet": "scoringnet_tf.models.scoring_net",
    "ScoringNetPreprocessor": "scoringnet_tf.data.preprocessor",
}
_PUBLIC = {
    **_MODELS,
    "Augmentation": "scoringnet_tf.data.augmentation",
    "DatasetInfo": "scoringnet_tf.data.dataset_info",
    "LayerwiseAdam": "scoringnet_tf.training.optimizer",
    "score_video": "scoringnet_tf.inference.predictor",
    "videos": "scoringnet_tf.data.input_pipeline",
}
_MODULES = ("losses", "metrics", "models", "sports")

__all__ = [*_PUBLIC, *_MODULES, "from_preset"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"scoringnet_tf.{name}")
    raise AttributeError(f"module 'scoringnet_tf' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def from_preset(preset: "AnyPath", dtype: str | None = None) -> "ScoringNet":
    """A trained `ScoringNet`: one that ships (`"diving_small"`, `"vault_small"`) or one at a path."""
    return __getattr__("ScoringNet").from_preset(preset, dtype)


@wrapt.when_imported("keras")
def _register_with_keras(_: object) -> None:
    """Makes every class of the package known to `keras.saving`, whichever of the two was imported first."""
    for module in (
        *_MODELS.values(),
        "scoringnet_tf.losses",
        "scoringnet_tf.metrics",
        "scoringnet_tf.training.optimizer",
    ):
        importlib.import_module(module)
