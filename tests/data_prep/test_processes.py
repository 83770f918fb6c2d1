"""Work in several processes: in order, bounded, and never without an end."""

import os
import signal
import time
from pathlib import Path

import pytest
from command_forks import TIMEOUT
from refusals import refused

from data_prep.support.processes import in_processes


def begun(item):
    """Leaves a file that says that the item was begun; the first one then waits for a file that lets it end."""
    folder, number = item
    Path(folder, f"begun {number}").touch()
    while number == 0 and not Path(folder, "end").exists():
        time.sleep(0.01)
    return number


def process_of(item):
    if item == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


@pytest.mark.parametrize(("ahead", "expected"), [(3, 6), (None, 40)])
def test_results_behind_a_slow_one_are_bounded(tmp_path, ahead, expected):
    items = [(str(tmp_path), number) for number in range(40)]
    with in_processes(2, ahead) as map_items:
        results = map_items(begun, items)
        end = time.monotonic() + TIMEOUT
        while len(list(tmp_path.glob("begun *"))) < expected and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)
        assert len(list(tmp_path.glob("begun *"))) == expected
        (tmp_path / "end").touch()
        assert list(results) == list(range(40))


def test_a_killed_process_is_reported_and_not_waited_for():
    with refused("process_killed", "--workers"), in_processes(2) as map_items:
        list(map_items(process_of, range(50)))


def test_the_processes_end_with_the_block_even_amid_their_work(tmp_path):
    with pytest.raises(RuntimeError), in_processes(2) as map_items:
        map_items(begun, [(str(tmp_path), 0), (str(tmp_path), 0)])
        while not list(tmp_path.glob("begun *")):
            time.sleep(0.01)
        raise RuntimeError  # nobody lets the first one end
