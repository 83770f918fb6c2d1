"""What a case of bad input is: what was given, the command, its exit status, what it says."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

# What lies in the folder of a case if its command or `needs` names it; `test_bad_inputs` makes them.
SOUND = (
    *("dive.avi", "records", "motion_records", "feature_records", "dives", "own", "stages.csv", "v.npy"),
    *("model.keras", "vault.keras", "features.keras", "c3d.keras"),
)


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing that somebody gives to a command.

    Attributes:
        given: what it is, for the page.
        command: what is typed after `python -m`.
        says: all of stderr.
        make: puts it in a folder; where a dictionary comes back, further arguments of `command_forks.ended`.
        status: exit status.
        prints: all of stdout.
        needs: further names of `SOUND`, with blanks between.
        leaves: the files and folders that are written all the same, with blanks between.
    """

    given: str
    command: str
    says: str = ""
    make: Callable[[pathlib.Path], Any] | None = None
    status: int = 1
    prints: str = ""
    needs: str = ""
    leaves: str = ""


@dataclasses.dataclass(frozen=True)
class Video:
    """One thing that somebody gives as a video, among others: all of them go into one call of `predict --json`.

    Attributes:
        given: what it is, for the page.
        argument: how it is called.
        says: why it has no score.
        make: puts it in a folder.
    """

    given: str
    argument: str
    says: str
    make: Callable[[pathlib.Path], Any] | None = None
