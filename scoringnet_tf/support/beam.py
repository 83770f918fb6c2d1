"""Work on a cluster by Apache Beam: a local run's functions on any Beam runner. Needs the extra beam."""

import concurrent.futures
import contextlib
import functools
import io
import logging
import multiprocessing
import multiprocessing.connection
import os
import pickle
import shlex
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2

from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import InputError

POLL = 0.1  # seconds between two looks for the next result
LATE = 60.0  # seconds after which a shared folder shows a new file to every machine; NFS keeps what it knew of one
RESULTS = ".scoringnet-beam-"  # begins the name of a folder of results: what is called so was made here


@contextlib.contextmanager
def on_runner(runner: str, folder: Path) -> Iterator[Callable]:
    """A `map` that keeps the order and computes on a Beam runner.

    Each result passes through a file in `folder`, which all workers must see at the same path, and no other block use.
    The pipeline runs in a separate process, so that it ends with the block and with this process, even if that is
    killed. After the runner's name there may be Beam's own options, such as "FnApiRunner --direct_num_workers=4".
    InputError if Beam is not installed, does not know the runner or an option, or its pipeline failed.
    """
    _options(runner)
    for left in folder.glob(f"{RESULTS}*"):
        shutil.rmtree(left, ignore_errors=True)
    context = multiprocessing.get_context("spawn")
    their_end, lifeline = context.Pipe(duplex=False)
    with (
        their_end,
        tempfile.TemporaryDirectory(prefix=RESULTS, dir=folder, ignore_cleanup_errors=True) as results,
        concurrent.futures.ProcessPoolExecutor(1, context, initializer=_begin, initargs=(their_end,)) as process,
        lifeline,
    ):
        yield functools.partial(_map, process, runner, results)
        process.shutdown()  # Beam ends what it began, such as containers


def _begin(lifeline: Any) -> None:
    """Prepares the process: it ends with its workers when the parent's end of the lifeline closes."""

    def end_with_parent() -> None:
        multiprocessing.connection.wait([lifeline])
        os.killpg(0, signal.SIGKILL)

    os.setsid()  # Ctrl-C is for the command alone
    threading.Thread(target=end_with_parent, daemon=True).start()


def _options(runner: str) -> Any:
    """Beam's options; its workers log errors alone."""
    logging.disable(logging.WARNING)  # Beam says on import what it lacks for services that are not asked for
    try:
        from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
        from apache_beam.runners.portability.portable_runner import PortableRunner
        from apache_beam.runners.runner import create_runner
    except ImportError as error:
        message = f"--runner={runner} needs Apache Beam, which is not installed ({error})."
        raise InputError("missing_package", message, "pip install '.[beam]'") from error
    finally:
        logging.disable(logging.NOTSET)
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    usage = io.StringIO()
    try:
        name, *arguments = shlex.split(runner) or [""]
        with contextlib.redirect_stderr(usage):
            options = PipelineOptions([f"--runner={name}", "--default_sdk_harness_log_level=ERROR", *arguments])
            every = options.get_all_options(retain_unknown_options=True)
            unknown = every.keys() - options.get_all_options().keys()
    except (ValueError, SystemExit) as error:  # shlex's; argparse's, after its usage
        problem = error if isinstance(error, ValueError) else usage.getvalue().strip().splitlines()[-1]
        raise InputError("wrong_value", f"--runner={runner}: {problem}.") from error
    try:
        created = create_runner(options.view_as(StandardOptions).runner)
    except (ValueError, ImportError, AttributeError, TypeError) as error:  # no name, no module, nothing in it, no class
        raise InputError("unknown_name", f"--runner={runner}: Beam has no such runner ({error}).") from error
    if unknown and not isinstance(created, PortableRunner):  # whose job server knows more, such as Flink's
        names = ", ".join(sorted(unknown))
        raise InputError("unknown_name", f"--runner={runner}: Beam has no such option: {names}.")
    return options


def _map(
    process: concurrent.futures.Executor, runner: str, results: str, function: Callable, items: Iterable
) -> Iterator[Any]:
    """Begins at once, not when the first result is asked for."""
    items = list(items)
    folder = Path(tempfile.mkdtemp(dir=results))
    # Pickled, so that the process need not import what its workers work with.
    work = functools.partial(_keep_result, function=pickle.dumps(function), folder=folder)
    pipeline = process.submit(_run, runner, work, items)
    return _results(pipeline, runner, [folder / str(index) for index in range(len(items))])


def _run(runner: str, work: Callable, items: list) -> str | None:
    """What went wrong, in words, as not every Beam error can be sent to another process; else None."""
    options = _options(runner)
    import apache_beam as beam

    try:
        with beam.Pipeline(options=options) as pipeline:
            _ = pipeline | beam.Create(list(enumerate(items))) | beam.Reshuffle() | beam.Map(work)
    except Exception as error:  # whatever a worker raised, and Beam's, gRPC's and the runner's
        return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[-1]}"
    return None


def _keep_result(numbered: tuple[int, Any], function: bytes, folder: Path) -> None:
    """In a worker. If Beam asks for the same twice, the first result stands; without a folder nobody waits for it."""
    logging.getLogger("apache_beam").setLevel(logging.ERROR)  # which not every runner tells its workers
    cv2.setNumThreads(1)  # one worker a core: threads of their own would only fight
    path = folder / str(numbered[0])
    if folder.is_dir() and not path.exists():
        result = pickle.dumps(pickle.loads(function)(numbered[1]))
        if folder.is_dir():
            with replacing_file(path) as temporary:
                temporary.write_bytes(result)


def _results(pipeline: concurrent.futures.Future, runner: str, paths: list[Path]) -> Iterator[Any]:
    for path in paths:
        late = None
        # A listing asks a shared folder anew.
        while not path.exists() and path not in path.parent.iterdir():
            if pipeline.done():
                if error := pipeline.exception() or pipeline.result():
                    raise InputError("runner_failed", f"--runner={runner}: {error}")
                late = late or time.monotonic() + LATE
                if time.monotonic() > late:
                    raise InputError("no_result", f"{path}: no worker of --runner={runner} left its result there.")
            time.sleep(POLL)
        yield pickle.loads(path.read_bytes())  # written by our own workers, in a folder of our own
        path.unlink()
