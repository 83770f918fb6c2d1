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
    ("name", "flag"), [("predict", "model"), ("predict", "results_dir"), ("report", "output"), ("report", "judges")]
)
def test_a_flag_without_a_value_is_refused(name, flag):
    """As a shell makes it of a variable that is not set; as if it were not given, another thing would be done."""
    result = command(f"scoringnet_tf.{name}", "none.mp4", f"--{flag}=", check=False)
    assert result.stderr == f"{name}: --{flag}: expected a value. Received: an empty one.\n"
    assert (result.returncode, result.stdout) == (1, "")
