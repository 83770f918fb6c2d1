"""The flags that tell which dataset is read, and how: of `build` and `check`."""

from typing import Any

from absl import flags

from data_prep.datasets import DATASETS
from data_prep.datasets.aqa7 import ACTIONS
from data_prep.datasets.readers.text import DELIMITERS

FLAGS = flags.FLAGS
flags.DEFINE_enum("dataset", None, sorted(DATASETS), "Official layout in --source_dir.", required=True)
flags.DEFINE_string("source_dir", None, "Folder with the dataset's videos and label files.", required=True)
flags.DEFINE_string("split_dir", None, "UNLV, MIT-Diving: folder with training_idx.mat. Default: the only split_*.")
flags.DEFINE_string("difficulty_csv", None, "UNLV-Vault: CSV file (video,difficulty) with the difficulties.")
flags.DEFINE_enum("action", None, [*ACTIONS], "AQA-7: its action.")
flags.DEFINE_integer("official_split", None, "UCF-101: official split. Default: 1.", lower_bound=1, upper_bound=3)
flags.DEFINE_string(
    "sport",
    None,
    "UNLV, MIT-Diving: diving or diving_phases. Manifest, motion: a shipped sport, or your own .yaml file.",
)
flags.DEFINE_string("manifest_csv", None, "Manifest: table (docs/data.md). Default: manifest.csv in --source_dir.")
flags.DEFINE_enum("delimiter", None, [*DELIMITERS], "Manifest: delimiter. Default: found.")
flags.DEFINE_boolean("decimal_comma", None, "Manifest: decimal commas (3,2) in numbers. Default: found.")
flags.DEFINE_string("encoding", None, "Manifest: table encoding, such as cp1252. Default: UTF-8.")
flags.DEFINE_integer(
    "feature_stride",
    None,
    "Manifest with features: video frames per step. Default: features.json, or 1.",
    lower_bound=1,
)
flags.DEFINE_string("split_csv", None, "CSV file (id,split), replacing the dataset's own split.")


def options() -> dict[str, Any]:
    """Returns the given options, for the dataset's `read`."""
    own = (flag for flag in FLAGS.get_key_flags_for_module(__name__) if flag.name not in ("dataset", "source_dir"))
    return {flag.name: flag.value for flag in own if flag.value is not None}
