"""A sentence with a code: it is text to whoever prints it, and keeps its code wherever it goes."""

import copy
import json
import pickle

import pytest

from scoringnet_tf.support.remarks import Remark

SAID = Remark("aspect", "The picture is 1.79:1.")


@pytest.mark.parametrize("send", [copy.copy, copy.deepcopy, lambda said: pickle.loads(pickle.dumps(said))])
def test_copies_and_processes_keep_the_code(send):
    again = send(SAID)
    assert (again, again.code, type(again)) == ("The picture is 1.79:1.", "aspect", Remark)


def test_it_is_its_sentence():
    assert f"Warning: {SAID}" == "Warning: The picture is 1.79:1." and "1.79" in SAID
    assert json.dumps(SAID.to_dict()) == '{"code": "aspect", "message": "The picture is 1.79:1."}'
