"""The paper's tables and figures, each by one command; `compare` is one of them in Python."""

from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.comparison import Comparison, compare

__all__ = ["EXPERIMENTS", "Comparison", "Experiment", "Row", "compare"]
