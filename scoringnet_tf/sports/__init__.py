"""What a sport is, the sports that ship, and a user's own. Neither Keras nor TensorFlow.

A sport is a file (`shipped/*.yaml`): adding one is adding a file.
"""

from scoringnet_tf.sports.definition import column_of, definition_of, differences, read_sport, sport_of, sport_yaml
from scoringnet_tf.sports.dive_table import DIVE_TABLES, DiveTable, read_dive_table
from scoringnet_tf.sports.dives import POSITION_NAMES, STARTS, Dive, number_of, parse_dive
from scoringnet_tf.sports.registry import SPORTS, SportForm, get_sport, kept_form, named_sport, option_form
from scoringnet_tf.sports.score_metrics import MEASURES, as_points, decimals, med, relative_l2, src, width_of
from scoringnet_tf.sports.sport import (
    DECODINGS,
    FINAL_ALONE,
    NOISE,
    PREDICTED_SCORES,
    SCORES,
    SHORTEST,
    Sport,
    StageEdge,
    in_order,
    stage_runs,
)
