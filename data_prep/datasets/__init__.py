"""The datasets that `python -m data_prep build` reads: one module each, with a function

    read(source_dir: Path, <option>=None, …) -> Source

whose options are those of the command's flags that it names. Adding a dataset is one module and one entry here.
"""

from data_prep.datasets import motion, unlv_diving, unlv_vault

DATASETS = {
    "motion": motion,
    "unlv_diving": unlv_diving,
    "unlv_vault": unlv_vault,
}
