"""The systems that ScoringNet is compared with (table 7 and later ones), on the same records and splits."""

import importlib

from scoringnet_tf.baselines.system import System

NAMES = ("c3d_svr", "c3d_lstm", "pose_dct", "apenft", "consisa", "s3d", "usdl", "core")


def load_system(name: str) -> System:
    """The system of one of `NAMES`; its libraries are imported here, not before."""
    return importlib.import_module(f"scoringnet_tf.baselines.{name}").SYSTEM
