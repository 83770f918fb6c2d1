"""What the true faults say of the scores of simulated videos, on a table whose truth is known."""

from types import SimpleNamespace

import numpy as np
import pytest
from refusals import refused
from scipy import stats
from tiny_sets import training_set

from scoringnet_tf.baselines import load_system
from scoringnet_tf.data.factors import copy_factors, factors_hash, read_deserved

RNG = np.random.default_rng(0)
DIFFICULTY = np.round(RNG.uniform(2, 4, 400), 1)
SPLASH, TWIST = RNG.uniform(size=(2, 400))
DESERVED = 30 - 12 * SPLASH**2 - 4 * (TWIST > 0.5)
EXECUTION = DESERVED + RNG.normal(0, 0.6, 400)  # the judges err
IDS = [f"{number:04d}" for number in range(1, 401)]


@pytest.fixture
def videos(tmp_path):
    """All 400 with `factors.csv` beside their records, as the simulator writes it."""
    columns = zip(range(1, 401), DIFFICULTY, EXECUTION, SPLASH, TWIST, DESERVED, strict=True)
    rows = [
        f"{number},107B,{d},{execution},{splash},{twist},{deserved},6 7"
        for number, d, execution, splash, twist, deserved in columns
    ]
    header = "video_id,dive,difficulty,execution,splash,twist,deserved,marks"
    (tmp_path / "factors.csv").write_text("\n".join([header, *rows, ""]))
    info = SimpleNamespace(records_dir=str(tmp_path), source=None, sport="diving", videos=dict.fromkeys(IDS))
    return SimpleNamespace(info=info, ids=IDS)


def predicted(name, videos, scores):
    """Of the last 200 videos, after the first 200."""
    system = load_system(name)
    inputs = system.see(videos)
    return system.learn(training_set(inputs[:200], scores[:200])).predict(inputs[200:])


def test_nothing_is_better_than_scores_without_the_judges_error(videos):
    """Faults come near it; neither sees the execution that the judges gave."""
    for scores, deserved in ((EXECUTION, DESERVED), (DIFFICULTY * EXECUTION, DIFFICULTY * DESERVED)):
        ceiling, by_faults = (predicted(name, videos, scores) for name in ("judges", "faults"))
        np.testing.assert_allclose(ceiling, deserved[200:], atol=0.6)
        least, most = (stats.spearmanr(each, scores[200:]).statistic for each in (by_faults, ceiling))
        assert 0.9 < least < most < 0.999
    assert stats.spearmanr(predicted("judges", videos, DIFFICULTY), DIFFICULTY[200:]).statistic == pytest.approx(1)


def test_ids_that_differ_in_zeros_alone_have_rows_of_their_own(videos, tmp_path):
    """Else an id has the row of its number."""

    def deserved(*ids):
        return read_deserved(SimpleNamespace(**{**vars(videos.info), "videos": dict.fromkeys(ids)}), ids)[:, 1].tolist()

    assert deserved("0002", "03") == pytest.approx(DESERVED[1:3])
    with refused("unknown_name", "row of 01"):
        deserved("1", "01")  # the table has 1 alone
    path = tmp_path / "factors.csv"
    path.write_text(path.read_text() + "01,107B,3,20,0,0,25,6 7\n")
    assert deserved("1", "01") == pytest.approx([DESERVED[0], 25])
    with refused("unknown_name", "row of 001"):
        deserved("001")


def test_a_table_that_lacks_something_is_refused(videos, tmp_path):
    see, path = load_system("judges").see, tmp_path / "factors.csv"
    with refused("unknown_name", "0500"):
        see(SimpleNamespace(info=videos.info, ids=["0001", "0500"]))
    text = path.read_text()
    path.write_text(text.replace("107B,", "107B,D", 1))
    with refused("wrong_value", "difficulty of video 1"):
        see(videos)
    for column in ("deserved", "video_id"):
        path.write_text(text.replace(column, "other"))
        with refused("missing_key", column):
            see(videos)
    (tmp_path / "copy").mkdir()
    copy_factors(tmp_path, tmp_path / "copy")
    assert (tmp_path / "copy/factors.csv").read_text() == path.read_text()
    path.unlink()
    copy_factors(tmp_path, tmp_path / "copy")  # nothing to copy: an older one is of other videos
    assert not (tmp_path / "copy/factors.csv").exists()
    with refused("not_found", "factors.csv"):
        see(videos)
    with refused("not_found", "factors.csv"):
        factors_hash(videos.info)
