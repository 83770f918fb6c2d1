"""How long `cross_validate --nonetwork` takes for 120 × 20 numbers, against a scikit-learn script: that row."""

import pathlib
import sys
import tempfile

from benchmarks import predicting
from benchmarks.pairs import Ask

CROSS_VALIDATE = (sys.executable, "-m", "scoringnet_tf.cross_validate", "--nonetwork")
SCRIPT = (sys.executable, "-m", "benchmarks.peers.regressions")


def measurements(vectors: str) -> Ask:
    """Seconds of either command, by the clock; `vectors` is a folder by `data.vectors`."""
    source, records = pathlib.Path(vectors, "source"), pathlib.Path(vectors, "records")

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return predicting.seconds(*CROSS_VALIDATE, f"--records_dir={records}", f"--output_dir={folder}")

    ways = {"cross_validate": ours, "scikit-learn": lambda: predicting.seconds(*SCRIPT, source)}
    return lambda what: ways[what]()
