"""While a video is scored the next one is read: results, errors and their order are those of one after the other."""

import threading

import av
import pytest
from conftest import write_bars

from scoringnet_tf.inference.inputs import reading_ahead, scored
from scoringnet_tf.inference.predictor import Predictor
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.support.errors import InputError


@pytest.fixture(scope="module")
def model(stage_model):
    return load_scoring_net(stage_model)


@pytest.fixture
def videos(tmp_path):
    """Three videos, one that is none, one that is missing, a name that means nothing, and the first once more."""
    files = [tmp_path / f"{number}.avi" for number in range(3)]
    for number, file in enumerate(files):
        write_bars(file, 30 + number, number)
    (tmp_path / "text.avi").write_text("no video")
    paths = [files[0], tmp_path / "text.avi", *files[1:], tmp_path / "missing.avi", files[0]]
    named = [(str(path), None) for path in paths]
    return [*named[:3], ("x*", InputError("not_found", "x*: none")), *named[3:]]


def results(scorer, videos, **options):
    return [scored(scorer, *named, force=True, **options).to_dict() for named in videos]


def test_results_are_those_of_one_after_the_other(model, videos):
    expected = results(Predictor(model), videos)
    scorer = Predictor(model)
    assert results(scorer, reading_ahead(scorer, videos)) == expected
    assert [each.get("code") for each in expected] == [None, "unreadable", None, "unreadable", None, "unreadable", None]


def test_the_next_is_read_by_a_thread_of_its_own(model, videos, monkeypatch):
    """Its file may go once it was read; that of another stream is read anew."""
    original, readers = av.open, []

    def opened(file, *arguments, **options):
        readers.append((str(file), threading.current_thread() is threading.main_thread()))
        return original(file, *arguments, **options)

    monkeypatch.setattr(av, "open", opened)
    scorer = Predictor(model)
    results(scorer, reading_ahead(scorer, [videos[0], videos[2], videos[4]]))
    firsts = dict(reversed(readers))
    assert [firsts[videos[index][0]] for index in (0, 2, 4)] == [True, False, False]
    readers.clear()
    results(scorer, reading_ahead(scorer, [videos[0], videos[2]], stream=0))  # which is not what is asked for
    assert (videos[2][0], True) in readers


def test_what_is_not_wanted_any_more_is_not_read_to_its_end(model, tmp_path):
    """As when the command is stopped in the first video: the second ends where it is."""
    write_bars(tmp_path / "long.avi", 600)
    write_bars(tmp_path / "short.avi", 9)
    unwanted = threading.Event()
    preprocessor = Predictor(model).preprocessor
    parts = preprocessor.parts(tmp_path / "long.avi", length=50, overlap=10, unwanted=unwanted.is_set)
    assert len(next(parts).frames) == 50
    unwanted.set()
    assert list(parts) == []
    scorer = Predictor(model)
    ahead = reading_ahead(scorer, [(str(tmp_path / "short.avi"), None), (str(tmp_path / "long.avi"), None)])
    next(ahead)
    ahead.close()
    assert scorer(tmp_path / "long.avi", force=True).num_frames == 600
