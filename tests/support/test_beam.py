"""Work on a cluster where Beam is not installed; with Beam: tests/distributed."""

import sys

import pytest
from refusals import refused

from scoringnet_tf.support import beam


@pytest.mark.parametrize("missing", ["apache_beam", "apache_beam.options.pipeline_options"])
def test_a_missing_beam_is_named(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with refused("missing_package", "--runner=DirectRunner", ".[beam]"), beam.on_runner("DirectRunner", tmp_path):
        pass
