"""What all commands share: the exit status of --help, flags without a value."""

import pytest
from test_commands import COMMANDS, command

ALL = [(name,) for name in COMMANDS] + [("data_prep", name) for name in ("build", "check", "simulate", "suggest")]


@pytest.mark.parametrize("arguments", ALL, ids=[" ".join(arguments) for arguments in ALL])
@pytest.mark.parametrize("flag", ["--help", "-helpfull"])
def test_help_succeeds(arguments, flag):
    result = command(*arguments, flag)
    assert result.stderr == "" and "--" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "flag", "status"),
    [
        (("scoringnet_tf.predict", "none.mp4"), "results_dir", 1),
        (("scoringnet_tf.report", "none.mp4"), "judges", 1),
        (("scoringnet_tf.evaluate",), "output_dir", 1),
        (("scoringnet_tf.calibrate",), "held_out_split", 1),
        (("data_prep", "inspect", "--records_dir=none"), "output", 1),
        (("data_prep", "suggest", "--output=new.csv"), "videos_dir", 1),
        (("data_prep", "check", "--dataset=unlv_diving", "--source_dir=none"), "split_csv", 2),
    ],
)
def test_a_flag_without_a_value_is_refused(arguments, flag, status):
    """As a shell makes it of a variable that is not set; as if it were not given, another thing would be done."""
    result = command(*arguments, f"--{flag}=", check=False)
    name = arguments[1] if arguments[0] == "data_prep" else arguments[0].partition(".")[2]
    assert result.stderr == f"{name}: --{flag}: expected a value. Received: an empty one.\n"
    assert (result.returncode, result.stdout) == (status, "")


def test_training_takes_an_empty_value(tmp_path):
    """It undoes that of a flag file."""
    (tmp_path / "recipe.flags").write_text("--initial_model=nowhere.keras\n")
    result = command(
        "scoringnet_tf.train", f"--flagfile={tmp_path / 'recipe.flags'}", "--initial_model=", check=False, cwd=tmp_path
    )
    assert "--records_dir: expected a value" in result.stderr
