"""What `build --runner` refuses before anything is read; `make distributed` shows what it builds."""

import pytest
from conftest import write_unlv_diving

from data_prep.records.building import build_records
from scoringnet_tf.support.errors import InputError


@pytest.mark.parametrize(
    ("output", "more", "message"),
    [
        (
            "memory://beam/records",
            {},
            "--runner=DirectRunner: expected --output_dir in a file system. Received: memory:",
        ),
        ("records", {"workers": 2}, "--workers=2: expected it without --runner. Received: --runner=DirectRunner"),
    ],
)
def test_what_a_runner_cannot_do_is_refused(tmp_path, output, more, message):
    source = write_unlv_diving(tmp_path / "source")
    target = output if "://" in output else tmp_path / output
    with pytest.raises(InputError, match=message):
        build_records("unlv_diving", source, target, runner="DirectRunner", **more)
