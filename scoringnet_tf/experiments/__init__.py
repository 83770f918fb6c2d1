"""The paper's tables and figures, each by one command; in Python `compare` makes one, and `load` reads one again."""

from scoringnet_tf.experiments.catalogue import EXPERIMENTS, Experiment, Row
from scoringnet_tf.experiments.comparison import Comparison, compare, load

__all__ = ["EXPERIMENTS", "Comparison", "Experiment", "Row", "compare", "load"]
