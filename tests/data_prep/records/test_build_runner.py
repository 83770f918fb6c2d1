"""What `build --runner` refuses before anything is read; `make distributed` shows what it builds."""

import contextlib

import pytest
from conftest import write_unlv_diving

from data_prep.records import building
from data_prep.records.building import BuildSettings, build_records
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


def test_workers_are_given_paths_that_hold_in_any_folder(tmp_path, monkeypatch):
    given = []

    @contextlib.contextmanager
    def here(runner, folder):
        given.append(folder)
        yield lambda function, items: map(function, given.extend(clip.path for clip in items) or items)

    monkeypatch.setattr(building, "on_runner", here)
    write_unlv_diving(tmp_path / "source")
    monkeypatch.chdir(tmp_path)
    build_records("unlv_diving", "source", "records", BuildSettings((36, 48)), runner="DirectRunner")
    assert len(given) > 1 and all(path.is_absolute() for path in given)
    assert (tmp_path / "records" / "dataset_info.json").is_file()
