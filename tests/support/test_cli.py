"""What all commands share: the exit status of --help."""

import pytest
from test_commands import COMMANDS, command

ALL = [(name,) for name in COMMANDS] + [("data_prep", name) for name in ("build", "check", "simulate", "suggest")]


@pytest.mark.parametrize("arguments", ALL, ids=[" ".join(arguments) for arguments in ALL])
@pytest.mark.parametrize("flag", ["--help", "-helpfull"])
def test_help_succeeds(arguments, flag):
    result = command(*arguments, flag)
    assert result.stderr == "" and "--" in result.stdout
