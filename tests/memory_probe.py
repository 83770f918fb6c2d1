"""How much memory a piece of code takes, in a process of its own."""

import os
import pathlib
import subprocess
import sys

# Before anything is imported, for each thread has buffers of its own: on two cores, whatever the machine has.
ON_TWO_CORES = """
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
"""


def memory_of(code, *arguments):
    """The number that the code prints, which is to be MiB at the peak; `arguments` are its `sys.argv[1:]`."""
    root = pathlib.Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "MALLOC_ARENA_MAX": "2"}
    words = [sys.executable, "-c", ON_TWO_CORES + code, *map(str, arguments)]
    result = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return float(result.stdout)
