"""What tests look at when input is refused: the code, and what is named. Never the sentence."""

import contextlib
import re

import pytest

from scoringnet_tf.support.messages import InputError


@contextlib.contextmanager
def refused(code, *named):
    """Expects an InputError of this code, which names these files, rows, flags or values; of None, nothing."""
    if code is None:
        yield
        return
    with pytest.raises(InputError) as caught:
        yield caught
    assert caught.value.code == code, f"{caught.value.code}: {caught.value}"
    missing = [str(name) for name in named if str(name) not in str(caught.value)]
    assert not missing, f"not named: {missing}, in: {caught.value}"


def code_printed(stderr):
    """The code of the error that a command printed; None where it printed none."""
    codes = re.findall(r"\[([a-z0-9_]+)\]$", stderr, flags=re.MULTILINE)
    return codes[-1] if codes else None


def codes(remarks):
    """The codes of remarks; "" for a note that has none."""
    return [getattr(remark, "code", "") for remark in remarks]


def said(remarks, code):
    """The only remark of this code, so that the names and numbers in it can be looked at."""
    (remark,) = [remark for remark in remarks if getattr(remark, "code", "") == code]
    return remark
