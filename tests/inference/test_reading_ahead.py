"""While a video is scored the next one is read: results, errors and their order are those of one after the other."""

import threading

import pytest
from command_forks import TIMEOUT
from conftest import write_bars

from scoringnet_tf.inference.inputs import reading_ahead, scored
from scoringnet_tf.inference.prediction import VideoScorer
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
    return [*named[:3], ("x*", InputError("todo", "x*: none")), *named[3:]]


def results(scorer, videos):
    found = [scored(scorer, *named, force=True) for named in videos]
    return [each.to_dict() for each in found]


@pytest.mark.slow
def test_results_are_those_of_one_after_the_other(model, videos):
    expected, scorer = results(VideoScorer(model), videos), VideoScorer(model)
    assert results(scorer, reading_ahead(scorer, videos)) == expected
    assert [each.get("code") for each in expected] == [None, "unreadable", None, "unreadable", None, "unreadable", None]
    assert not scorer._ahead  # nothing that was read is left


def test_the_next_is_read_by_a_thread_of_its_own(model, videos, monkeypatch):
    scorer, readers = VideoScorer(model), []
    parts = scorer.preprocessor.parts

    def watched(source, **options):
        def of_thread():
            readers.append((source.name, threading.current_thread() is threading.main_thread()))
            yield from parts(source, **options)

        return of_thread()

    monkeypatch.setattr(scorer.preprocessor, "parts", watched)
    results(scorer, reading_ahead(scorer, [videos[0], videos[2], videos[4]]))
    assert sorted(readers) == [("0.avi", True), ("1.avi", False), ("2.avi", False)]


def test_another_stream_or_a_strict_reading_is_made_anew(model, videos):
    """What was read for one purpose is not taken for another."""
    scorer = VideoScorer(model)
    path = type(videos[0][0])(videos[0][0])
    scorer.read_ahead(path)
    assert scorer._parts(path, None, False) is not None and scorer._parts(path, 1, True) is not None
    assert list(scorer._ahead) == [(path, None, True)]
    (video,) = scorer._parts(path, None, True)
    assert len(video.frames) == 30 and not scorer._ahead


def test_what_is_not_wanted_any_more_is_not_read_to_its_end(model, videos, monkeypatch):
    """As where the command is stopped in the first video: the second ends where it is, not where its file ends."""
    scorer, begun = VideoScorer(model), threading.Event()
    encode, seen = scorer.preprocessor.stored.encode, []

    def slow(frame, *arguments):
        seen.append(frame)
        if len(seen) == 3:
            begun.set()
            assert stopped.wait(TIMEOUT)
        return encode(frame, *arguments)

    stopped = threading.Event()
    monkeypatch.setattr(type(scorer.preprocessor.stored), "encode", lambda self, *arguments: slow(*arguments))
    ahead = reading_ahead(scorer, [videos[0], videos[2]])
    next(ahead)
    ((_, first),) = scorer._ahead.values()
    assert begun.wait(TIMEOUT)
    ahead.close()
    stopped.set()
    assert isinstance(first.exception(TIMEOUT), StopIteration) and len(seen) < 20 and not scorer._ahead
