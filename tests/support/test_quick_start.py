"""What a quick start leaves out, and that nothing of it is missing afterwards."""

import json
import pathlib
import subprocess
import sys

import pytest

from scoringnet_tf.support.quick_start import OPTIONAL, quick_start

ROOT = pathlib.Path(__file__).parents[2]


def printed(code):
    """The JSON that code prints in a process of its own."""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_optional_packages_are_missing_in_the_block_alone():
    found = printed(
        "import gc, json, scipy\n"
        "from scoringnet_tf.support.quick_start import quick_start\n"
        "def there(name):\n"
        "    try: __import__(name)\n"
        "    except ImportError: return False\n"
        "    return True\n"
        "with quick_start():\n"
        "    inside = [there('scipy'), there('matplotlib'), gc.isenabled()]\n"
        "print(json.dumps([inside, [there('scipy'), there('matplotlib'), gc.isenabled()]]))"
    )
    assert found == [[True, False, False], [True, True, True]]


def test_a_failure_in_the_block_leaves_nothing_missing():
    found = printed(
        "import gc, json\n"
        "from scoringnet_tf.support.quick_start import quick_start\n"
        "try:\n"
        "    with quick_start(): raise ValueError\n"
        "except ValueError: import matplotlib\n"
        "print(json.dumps(gc.isenabled()))"
    )
    assert found is True


def test_it_does_nothing_once_keras_is_there():
    import keras  # noqa: F401

    with quick_start():
        assert not [name for name in OPTIONAL if name in sys.modules and sys.modules[name] is None]


@pytest.mark.slow
def test_predict_scores_a_video_without_what_it_does_not_need():
    found = printed(
        "import contextlib, io, json, sys\n"
        "from absl import flags\n"
        "from scoringnet_tf import predict\n"
        "flags.FLAGS(['predict'])\n"
        "with contextlib.redirect_stdout(io.StringIO()) as text:\n"
        "    assert predict.main(['tests/clips/diving.mp4']) == 0\n"
        "assert 'final' in text.getvalue()\n"
        f"print(json.dumps([name for name in {OPTIONAL!r} if name in sys.modules]))"
    )
    assert found == []
