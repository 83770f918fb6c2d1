"""Label files that several tests simulate."""

import numpy as np
import pytest

from data_prep.simulator.files import write_vector


@pytest.fixture
def labels_dir(tmp_path):
    folder = tmp_path / "real"
    (folder / "split_3_2").mkdir(parents=True)
    write_vector(folder / "diving_overall_scores.mat", "overall_scores", [80.0, 81.0, 75.0, 49.2, 74.25])
    write_vector(folder / "diving_difficulty_level.mat", "difficulty_level", [3.2, 3.6, 3.0, 4.1, 2.7])
    for part, ids in (("training", [1, 3, 5]), ("testing", [2, 4])):
        write_vector(folder / "split_3_2" / f"{part}_idx.mat", f"{part}_idx", np.array(ids, np.uint16), column=True)
    rows = ["20,30,50,60", "5,14,38,44", "9,8,30,40", "30,41,64,75", "3,9,30,33"]
    (folder / "jump_drop_water_label.txt").write_text("\n".join(rows) + "\n")
    return folder
