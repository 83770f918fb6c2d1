"""ScoringNet (ACCV 2018) for Keras 3 and TensorFlow: scores skilled sports from untrimmed video.

`import scoringnet_tf` is cheap: Keras (and with it the backend) is imported at the first use of a model, loss or
metric, so that offline tools and command lines that only read flags do not wait for it. Saved models still reload with
`keras.models.load_model` alone: the classes register themselves as soon as Keras is there.
"""

import importlib

import wrapt

__version__ = "0.1.0"

_PUBLIC = {
    "C3D": "scoringnet_tf.models.c3d",
    "KeyFragmentSegmenter": "scoringnet_tf.models.segmentation",
    "ScorePredictor": "scoringnet_tf.models.score_prediction",
    "ScoringNet": "scoringnet_tf.models.scoring_net",
    "ScoringNetPreprocessor": "scoringnet_tf.models.preprocessor",
}
_FUNCTIONS = {"score_video": "scoringnet_tf.inference.prediction"}
_MODULES = ("losses", "metrics", "models", "sports")

__all__ = [*_PUBLIC, *_FUNCTIONS, *_MODULES]


def __getattr__(name):
    module = {**_PUBLIC, **_FUNCTIONS}.get(name)
    if module is not None:
        return getattr(importlib.import_module(module), name)
    if name in _MODULES:
        return importlib.import_module(f"scoringnet_tf.{name}")
    raise AttributeError(f"module 'scoringnet_tf' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])


@wrapt.when_imported("keras")
def _register_with_keras(_):
    """Makes every class of the package known to `keras.saving`, whichever of the two was imported first."""
    for module in (
        *_PUBLIC.values(),
        "scoringnet_tf.losses",
        "scoringnet_tf.metrics",
        "scoringnet_tf.training.schedules",
    ):
        importlib.import_module(module)
