"""The configuration: every field is set by a flag or by --set, kept in JSON, and no value is lost on the way."""

import json
import subprocess
import sys

import pytest
from command_forks import forked
from refusals import code_printed, refused
from training_runs import changed, settings

from scoringnet_tf.training.config import (
    Joint,
    PredictedFragments,
    PretrainingConfig,
    Staged,
    TrainedModel,
    TrainingConfig,
    WholeVideos,
)
from scoringnet_tf.training.fields import all_fields, flat, to_json, with_values

CONFIGS = [TrainingConfig, PretrainingConfig]
PARSE = """
import contextlib, importlib, io, json, os, sys
from absl import flags
from scoringnet_tf.training import config, flags as training_flags
from scoringnet_tf.training.fields import to_json
for command, kind, words in json.load(sys.stdin):
    if not os.fork():
        importlib.import_module(command)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            flags.FLAGS([command, *words])
            values = to_json(training_flags.configuration(getattr(config, kind)()))
        print(json.dumps([values, printed.getvalue().splitlines()]), flush=True)
        os._exit(0)
    os.wait()
"""


def parsed(*lines):
    """(JSON of the configuration that a command makes, what it prints before) for each (class, words)."""
    commands = {TrainingConfig: "scoringnet_tf.train", PretrainingConfig: "scoringnet_tf.pretrain"}
    given = json.dumps([(commands[cls], cls.__name__, words) for cls, words in lines])
    done = subprocess.run([sys.executable, "-c", PARSE], input=given, capture_output=True, text=True)
    assert done.stdout.count("\n") == len(lines), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_json(cls, values):
    return with_values(cls(), flat(values, cls))[0]


def another(about, default, hint):
    """A value of a field that is not its default, as text."""
    if about.choices:
        return next(name for name in reversed(about.choices) if name != default)
    if isinstance(default, bool):
        return str(not default).lower()
    if isinstance(default, int | float):
        step = 1 if hint is int else 0.0625
        return str(default + step if about.high is None or default + step <= about.high else default - step)
    if isinstance(default, tuple) and default:
        return ",".join(str(each + 16) for each in default)
    return {"dict[str, float]": "c3d:0.5,kfs:0"}.get(str(hint), "0.5" if "float" in str(hint) else "some,thing")


def values_of(cls, chosen):
    """Path → text of another value for every field that has an effect where these alternatives are chosen."""
    config, _ = with_values(cls(), chosen)
    fields = {path: (about, default, hint) for path, about, hint, default in all_fields(cls)}
    paths = [path for path in flat(to_json(config), cls) if not fields[path][0].alternatives]
    return chosen | {path: another(*fields[path]) for path in paths}


CHOSEN = [  # every alternative at least once
    (TrainingConfig, {"schedule": "joint", "model.fragments": "true", "start": "pretrained"}),
    (TrainingConfig, {"schedule": "staged", "model.head": "distribution", "model.fragments.network": "c3d"}),
    (TrainingConfig, {"start": "initial_model", "model.fragments.network": "resnet50", "model.fragments": "predicted"}),
    (TrainingConfig, {"model.fragments.network": "c3d_ed_tcn", "model.head": "regression"}),
    (TrainingConfig, {"model.fragments": "whole"}),
    (PretrainingConfig, {}),
]


def test_every_field_is_tried_and_has_a_short_help():
    for cls in CONFIGS:
        tried = {path for of, chosen in CHOSEN if of is cls for path in values_of(cls, chosen)}
        assert {path for path, about, *_ in all_fields(cls) if not about.alternatives} <= tried
        assert [path for path, about, *_ in all_fields(cls) if len(about.help.split()) > 15] == []
    assert len({about.flag for _, about, *_ in all_fields(TrainingConfig)} - {""}) <= 37  # and --set


def test_a_configuration_goes_through_flags_and_json_unchanged():
    lines, expected = [], []
    for cls, chosen in CHOSEN:
        values, fields = values_of(cls, chosen), {path: about for path, about, *_ in all_fields(cls)}
        config, unused = with_values(cls(), values)
        assert unused == set() and of_json(cls, json.loads(json.dumps(to_json(config)))) == config
        now, default = flat(to_json(config), cls), flat(to_json(cls()), cls)
        assert all(now[path] != default[path] for path in now.keys() & default if not fields[path].alternatives)
        words = [  # what a start names chooses it
            f"--{fields[path].flag}={value}" if fields[path].flag else f"--set={path}={value}"
            for path, value in values.items()
            if path != "start"
        ]
        lines.append((cls, words))
        expected.append([to_json(config), []])
    for found, wanted in zip(parsed(*lines), expected, strict=True):
        assert found == wanted


def test_a_later_value_stands_above_an_earlier_one_and_what_has_no_effect_is_named(tmp_path):
    lines = ["--set=loss.ties=constant", "--set=run.patience=3", "--pretrained=c3d.keras", "--alpha=2", "--epochs=7"]
    (tmp_path / "a.flags").write_text("\n".join(lines))
    words = ["--set=loss.ties=skip", "--set=run.patience=4", "--pretrained=", "--alpha=3"]
    words += ["--training=staged", "--set=model.head.sigma=0.5"]
    ((values, printed),) = parsed((TrainingConfig, [f"--flagfile={tmp_path / 'a.flags'}", *words]))
    config = of_json(TrainingConfig, values)
    assert (config.loss.ties, config.run.patience, config.loss.alpha, config.starts) == ("skip", 4, 3, {})
    assert len(printed) == 2 and "--epochs=7" in printed[1] and "--training=staged" in printed[1]
    assert "--set=model.head.sigma=0.5" in printed[0] and "--head=regression" in printed[0]


def test_a_file_to_start_from_that_nothing_would_read_is_refused(diving_records, tmp_path):
    """Without it another model would be trained."""
    words = [f"--records_dir={diving_records}", f"--model_dir={tmp_path / 'run'}", "--segmenter=x"]
    done = forked("scoringnet_tf.train", *words)
    assert done.returncode == 1 and code_printed(done.stderr) == "flag_unused" and "--training=joint" in done.stderr


@pytest.mark.parametrize(
    ("values", "code", "named"),
    [
        ({"loss.delta": "1"}, "unknown_name", ["loss.delta"]),
        ({"schedule": "later"}, "unknown_name", ["joint, staged"]),
        ({"loss.ties": "all"}, "unknown_name", ["skip, constant"]),
        ({"model.pool_stride": "two"}, "wrong_value", ["model.pool_stride", "two"]),
        ({"model.pool_stride": "0"}, "out_of_range", ["model.pool_stride", "1"]),
        ({"data.image_size": "64"}, "wrong_value", ["--image_size", "64", "2 positive integers"]),
        ({"data.image_size": "64,0"}, "wrong_value", ["64,0"]),
        ({"augmentation.flip": "2"}, "wrong_value", ["augmentation.flip"]),
        ({"loss.alpha": "nan"}, "wrong_value", ["--alpha", "a number"]),
        ({"augmentation.zoom": "0.6"}, "out_of_range", ["--zoom", "0.5"]),
        ({"optimizer.learning_rate": "0"}, "out_of_range", ["--learning_rate"]),
        ({"start.pretrained": "a", "start.initial_model": "b"}, "flags_conflict", ["--pretrained", "--initial_model"]),
        ({"optimizer.lr_multipliers": "c3d"}, "wrong_value", ["--lr_multipliers", "PART:FACTOR"]),
        ({"optimizer.lr_multipliers": "c3d:fast"}, "wrong_value", ["c3d:fast"]),
        ({"optimizer.lr_multipliers": "c3d:nan"}, "wrong_value", ["c3d:nan"]),
        ({"optimizer.lr_multipliers": "c3d:100.5"}, "out_of_range", ["c3d:100.5"]),
        ({"optimizer.lr_multipliers": "kfs:2,kfs:3"}, "wrong_value", ["kfs:3"]),
    ],
)
def test_values_that_a_field_cannot_have_are_refused(values, code, named):
    with refused(code, *named):
        with_values(TrainingConfig(), values)


def test_an_alternative_keeps_the_fields_that_it_shares(tmp_path):
    config = settings(tmp_path, tmp_path, fragment_jitter=7, decoding="cyclic")
    other = changed(config, fragments="predicted")
    assert isinstance(other.fragments, PredictedFragments)
    assert (other.fragments.jitter, other.fragments.decoding) == (7, "cyclic")
    assert other.fragments.network == config.fragments.network
    assert isinstance(changed(other, fragments="whole").model.fragments, WholeVideos)


def test_python_writes_one_with_dataclasses():
    config = TrainingConfig(schedule=Staged(3, 5), start=TrainedModel("x"))
    assert config == of_json(TrainingConfig, to_json(config))
    assert (config.trains_kfs_alone, config.starts) == (False, {"initial_model": "x"})
    assert TrainingConfig(schedule=Staged(3, 0)).trains_kfs_alone
    assert not TrainingConfig(schedule=Joint(1)).trains_kfs_alone
