"""Keeps TensorFlow's and Beam's notices off stderr, so that a user sees our words there, and every error.

TensorFlow's C++ writes some lines before it reads TF_CPP_MIN_LOG_LEVEL, and a few harmless ones as errors; they go to
file descriptor 2, which Python's streams have no say in, and so does what a worker of Beam says when it begins and
ends. That descriptor therefore becomes a pipe to a process that passes on every line but the notices. It is a process
and not a thread, so that the last words of one that is aborted come through, too. What Python itself prints does not
take that way.

The event loop beneath an object store's library logs each error of a task that nobody awaited, such as the one that
sends a request whose connection is lost. The request itself fails too, and of that the command tells. gcsfs logs what
it raises as well, with its traceback, and, as google.auth, of whom it may not ask for what it can do without; what is
beneath it warns of each Python that Google will not support for long.
"""

import logging
import os
import subprocess
import sys
import warnings

# Regular expressions of lines, in the formats of TensorFlow 2.16 to 2.21 and Beam 2.77.
NOTICES = (
    r"^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$",
    r"^I\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+\.cc:\d+\] ",
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+: I \S+\.cc:\d+\] ",
    # No driver (303), no GPU: every other failure to use one is news.
    r"\.cc:\d+\] failed call to cuInit: .*UNKNOWN ERROR \(303\)$",
    r"\.cc:\d+\] Unable to register cu\w+ factory: .* when one has already been registered$",
    # An option of tf.data that its own rewriting of graphs adds, and its kernels then do not know.
    r"\.cc:\d+\] NodeDef mentions attribute use_unbounded_threadpool which is not in the op definition: ",
    # Said of booleans on every CPU, one with AVX-512 included, and of integers.
    r"\.cc:\d+\] oneDNN supports DT_\w+ only on platforms with AVX-512\.",
    # Of Beam's workers on this machine, which read no level of logging before these.
    r"^INFO:(__main__|apache_beam\.[\w.]+):",
    r"^WARNING:__main__:No semi_persistent_directory found: ",
    r"^WARNING:root:apitools not found, ",
)
FILTER = """
import re, sys
notices = [re.compile(notice.encode()) for notice in sys.argv[1:]]
for line in sys.stdin.buffer:
    if not any(notice.search(line.rstrip()) for notice in notices):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""


def hold_back() -> None:
    """Holds the notices back until the process ends; not where TF_CPP_MIN_LOG_LEVEL asks for them by 0 or 1."""
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") in ("0", "1") or sys.stderr is None or not sys.executable:
        return
    for library in ("gcsfs", "google.auth"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.")
    logging.getLogger("asyncio").addFilter(lambda record: "exception was never retrieved" not in record.getMessage())
    errors = os.dup(2)
    reading, writing = os.pipe()
    # Without site and in a session of its own: it starts at once, and Ctrl-C is for the command alone.
    command = [sys.executable, "-I", "-S", "-c", FILTER, *NOTICES]
    _readers.append(subprocess.Popen(command, stdin=reading, stdout=subprocess.DEVNULL, start_new_session=True))
    os.dup2(writing, 2)
    os.close(reading)
    os.close(writing)
    sys.stderr = os.fdopen(errors, "w", 1, sys.stderr.encoding, sys.stderr.errors)


_readers: list[subprocess.Popen] = []  # kept, for nobody waits for them: they end once nobody writes any more
