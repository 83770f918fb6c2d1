"""Records in a store that TensorFlow reads itself, inside the graph: tensorflow-io's file systems, the extra `tfio`.

No shard is copied then. Importing tensorflow-io succeeds beside another TensorFlow, too; so a shard is looked up.
"""

import ctypes
import functools
import importlib.util
import os
import sys

from scoringnet_tf.support.messages import counted
from scoringnet_tf.support.paths import RemotePath

SCHEMES = ("s3", "hdfs")
BUILT_FOR = "2.16."  # the TensorFlow of tensorflow-io 0.37, the newest there is

# What TensorFlow's S3 reads: the last of these variables that is set, which Amazon's libraries for Python read.
SETTINGS = {
    "S3_ENDPOINT": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
    "S3_CA_FILE": ("AWS_CA_BUNDLE",),
}
# Each read is one request, of just its bytes; a server that does not answer is given up within minutes.
DEFAULTS = {
    "S3_DISABLE_MULTI_PART_DOWNLOAD": "1",
    "S3_CONNECT_TIMEOUT_MSEC": "10000",
    "S3_REQUEST_TIMEOUT_MSEC": "30000",
}


def in_graph(path: RemotePath, num_bytes: int) -> bool:
    """Whether TensorFlow itself finds a file of `num_bytes` at `path`; else one line on stderr says why not."""
    if path.protocol not in SCHEMES or not _registered():
        return False
    import tensorflow as tf

    expected = counted(num_bytes, "byte")
    try:
        received = counted(tf.io.gfile.stat(str(path)).length, "byte")
    except tf.errors.OpError as error:
        received = " ".join(error.message.split())
    if received == expected:
        return True
    print(f"{path}: tensorflow-io does not find its {expected} ({received}); shards are copied.", file=sys.stderr)
    return False


@functools.cache
def _registered() -> bool:
    """Whether tensorflow-io is here beside its own TensorFlow, and has registered its file systems."""
    import tensorflow as tf

    if not tf.__version__.startswith(BUILT_FOR) or not importlib.util.find_spec("tensorflow_io"):
        return False
    for name, others in SETTINGS.items():
        for value in filter(None, map(os.environ.get, others)):
            os.environ[name] = value
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    import tensorflow_io  # noqa: F401

    if sys.platform == "linux":
        # When C++ destroys static objects, the client for EC2's metadata writes to a log which is gone already,
        # and the process aborts (tensorflow/io#2039). Python has ended by then, so leave before, with its status.
        libc = ctypes.CDLL(None)
        libc.on_exit(libc._exit, None)
    return True
