"""The systems that ScoringNet is compared with (table 7 and later ones), on the same records and splits."""

import importlib

from scoringnet_tf.baselines.system import System

PLACES = {
    "c3d_svr": "svr.C3D_SVR",
    "c3d_lstm": "c3d_lstm.C3D_LSTM",
    "pose_dct": "poses.POSE_DCT",
    "apenft": "poses.APENFT",
    "consisa": "consisa.CONSISA",
    "s3d": "svr.S3D",
    "mean": "simple.MEAN",
    "duration": "simple.DURATION",
    "ridge": "simple.RIDGE",
    "support_vectors": "simple.SUPPORT_VECTORS",
    "gaussian_process": "simple.GAUSSIAN_PROCESS",
    "extra_trees": "simple.EXTRA_TREES",
    "component": "simple.COMPONENT",
    "faults": "ceilings.FAULTS",
    "judges": "ceilings.JUDGES",
}
NAMES = tuple(PLACES)
SIMPLE = tuple(name for name, place in PLACES.items() if place.startswith("simple."))  # what no network is needed for


def load_system(name: str) -> System:
    """The system of one of `NAMES`; its libraries are imported here, not before."""
    module, _, system = PLACES[name].partition(".")
    return getattr(importlib.import_module(f"scoringnet_tf.baselines.{module}"), system)
