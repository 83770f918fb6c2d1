r"""Small wrong changes of the code, one at a time: does a test notice each? Prints a score; CI does not run it.

    make mutate    or    python tests/mutation/run.py [WORD…]

With words only those changes are tried whose file, place or description holds one of them. Each is applied to a copy of
the repository, and the tests that it names are run there until the first failure. All of these tests are run without a
change first: one that fails anyway would notice everything.
"""

import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from mutants import MUTANTS

ROOT = pathlib.Path(__file__).parents[2]
REPORT = ROOT / "build/mutation.json"
TIMEOUT = 900  # seconds; a change that hangs a test is noticed
RAN = 100  # beyond what a process says that did not come as far as pytest, which would count as noticed
PASSED, FAILED = RAN + 0, RAN + 1  # of pytest's statuses
# A process that has imported these once is forked for every change: most tests take less time than TensorFlow does.
FORKS = multiprocessing.get_context("forkserver")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as scoringnet_tf does, which must come from the copy
IMPORTED = ["pytest", "tensorflow", "keras", "scipy.stats", "matplotlib.pyplot", "cv2", "av"]


def copy_repository(target):
    """Copies what git tracks to the folder `target`."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _pytest(copy, tests, log):
    """Runs tests of the repository `copy` in this process and ends it with `RAN` and pytest's exit status."""
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    import pytest

    sys.exit(RAN + int(pytest.main(["-x", "-p", "no:cacheprovider", *tests])))


def status_of(tests, copy):
    """`PASSED` or `FAILED` for tests of the repository `copy`; None where they did not end in time."""
    log = copy.with_suffix(".log")
    log.unlink(missing_ok=True)
    process = FORKS.Process(target=_pytest, args=(copy, tests, log))
    process.start()
    process.join(TIMEOUT)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    if process.exitcode not in (PASSED, FAILED):  # no test was run, or pytest itself failed: that says nothing
        ended = f"pytest exited {process.exitcode - RAN}" if process.exitcode >= RAN else "pytest was not reached"
        raise SystemExit(f"{' '.join(tests)}: {ended}:\n{_read(log)}")
    return process.exitcode


def _read(log):
    return log.read_text()[-3000:] if log.is_file() else "nothing was printed"


def noticed(mutant, copy, number):
    """Whether the tests of a mutant fail with its change in the repository `copy`."""
    path = copy / mutant.file
    path.write_text(mutant.applied(path.read_text(encoding="utf-8")), encoding="utf-8")
    os.utime(path, (number, number))  # a time of its own: compiled files are told apart by second and size
    try:
        return status_of(mutant.tests, copy) != PASSED
    finally:
        shutil.copy2(ROOT / mutant.file, path)


def main(words):
    """Tries the chosen mutants; exit status 1 where one was not noticed."""
    chosen = [m for m in MUTANTS if not words or any(word in f"{m.file} {m.description}" for word in words)]
    FORKS.set_forkserver_preload(IMPORTED)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "repository")
        copy_repository(copy)
        for tests in dict.fromkeys(mutant.tests for mutant in chosen):
            if status_of(tests, copy) != PASSED:
                log = copy.with_suffix(".log").read_text()[-3000:]
                raise SystemExit(f"{' '.join(tests)}: expected tests that pass without a change. Received:\n{log}")
        for number, mutant in enumerate(chosen, start=1):
            start = time.monotonic()
            found = noticed(mutant, copy, number)
            results.append({"file": mutant.file, "change": mutant.description, "noticed": found})
            mark, seconds = "noticed    " if found else "NOT NOTICED", time.monotonic() - start
            print(
                f"{number:3}/{len(chosen)}  {mark}  {seconds:4.0f} s  {mutant.file}: {mutant.description}", flush=True
            )
    score = sum(result["noticed"] for result in results)
    print(f"{score} of {len(results)} noticed")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"noticed": score, "tried": len(results), "results": results}, indent=2))
    return 0 if score == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
