"""The flags that say which dataset is read, and how: of `build` and `check`."""

from typing import Any

from absl import flags

from data_prep.datasets import DATASETS
from scoringnet_tf.sports import SPORTS

FLAGS = flags.FLAGS
flags.DEFINE_enum("dataset", None, sorted(DATASETS), "Which official layout --source_dir has.", required=True)
flags.DEFINE_string("source_dir", None, "Folder with the videos and label files of the dataset.", required=True)
flags.DEFINE_string(
    "split_dir",
    None,
    "UNLV and MIT-Diving: folder with training_idx.mat and testing_idx.mat. Default: the only split_* of --source_dir.",
)
flags.DEFINE_string(
    "difficulty_csv", None, "UNLV-Vault: CSV file (video,difficulty) where there is no gym_vault_difficulty_level.mat."
)
flags.DEFINE_string(
    "action",
    None,
    "AQA-7: the action to read: diving, gym_vault, ski_big_air, snowboard_big_air, sync_diving_3m or sync_diving_10m. "
    "Rhythmic gymnastics: the apparatus: Ball, Clubs, Hoop or Ribbon; default: all.",
)
flags.DEFINE_integer("official_split", None, "UCF-101: which official split. Default: 1.", lower_bound=1, upper_bound=3)
flags.DEFINE_string(
    "sport",
    None,
    f"Manifest, motion: sport of the videos, which says what stages and scores mean: {', '.join(SPORTS)}, or a file "
    "(.yaml) that defines one's own.",
)
flags.DEFINE_string(
    "manifest_csv",
    None,
    "Manifest: CSV file with the columns video,split and any of difficulty,execution,final,penalty,marks (of judges, "
    "or mark_1,mark_2,…),num_frames,group,id; start_time,end_time (seconds or hh:mm:ss) or start_frame,end_frame where "
    "performances share a file; and boundaries of stages (a column with the first frame of each stage, and end). A "
    "column features in place of videos (FILE or FILE#ARRAY; .npy, .npz or .h5; steps × size) makes records of "
    "features; fps then is the video's frame rate. Default: manifest.csv of --source_dir.",
)
flags.DEFINE_list(
    "columns",
    None,
    "Manifest: what columns of other names mean, MEANING=COLUMN,…, e.g. final=Points,difficulty=DD,mark_1=Judge A.",
)
flags.DEFINE_string(
    "delimiter",
    None,
    "Manifest: what is between cells: a character, or comma, semicolon, tab, bar. Default: found in the header.",
)
flags.DEFINE_boolean(
    "decimal_comma", None, "Manifest: whether numbers are written 3,2 and not 3.2. Default: found from the numbers."
)
flags.DEFINE_string("encoding", None, "Manifest: encoding of the table, e.g. cp1252. Default: UTF-8.")
flags.DEFINE_integer(
    "feature_stride",
    None,
    "Manifest with a column features: frames of the video from one step to the next. Default: what features.json "
    "beside the features says, else 1.",
    lower_bound=1,
)
flags.DEFINE_string(
    "split_csv",
    None,
    "CSV file (id,split) with the split of every record, as `python -m data_prep split` writes it. Default: the "
    "dataset's own split.",
)
OPTIONS = (
    *("split_dir", "difficulty_csv", "action", "official_split"),
    *("sport", "manifest_csv", "columns", "delimiter", "decimal_comma", "encoding", "feature_stride"),
    "split_csv",
)


def options() -> dict[str, Any]:
    """The options that were given, for the dataset's `read`."""
    return {name: FLAGS[name].value for name in OPTIONS if FLAGS[name].value is not None}
