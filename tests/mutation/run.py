r"""Small wrong changes of the code, one at a time: does a test notice each? Prints a score; CI does not run it.

    make mutate    or    python tests/mutation/run.py [WORD…]

With words only those changes are tried whose file, place or description holds one of them. Each is applied to a copy of
the repository, and the tests that it names are run there until the first failure.
"""

import json
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


def noticed(mutant, copy):
    """Whether the tests of a mutant fail with its change in the repository `copy`."""
    path = copy / mutant.file
    original = path.read_text(encoding="utf-8")
    path.write_text(mutant.applied(original), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
    try:
        result = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(original, encoding="utf-8")
    if result.returncode not in (0, 1):  # no test was run, or pytest itself failed: that says nothing
        raise SystemExit(f"{mutant.description}: pytest exited {result.returncode}:\n{result.stdout[-3000:]}")
    return result.returncode == 1


def main(words):
    """Tries the chosen mutants; exit status 1 where one was not noticed."""
    chosen = [m for m in MUTANTS if not words or any(word in f"{m.file} {m.description}" for word in words)]
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in filter(None, files.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        for number, mutant in enumerate(chosen, start=1):
            start = time.monotonic()
            found = noticed(mutant, copy)
            results.append({"file": mutant.file, "change": mutant.description, "noticed": found})
            seconds = time.monotonic() - start
            mark = "noticed    " if found else "NOT NOTICED"
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
