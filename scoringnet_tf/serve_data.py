r"""Makes the batches of trainings on this machine: decoding and augmentation, by a tf.data service.

    python -m scoringnet_tf.serve_data --host=THIS_HOST [--port=5050]                  # on one machine
    python -m scoringnet_tf.serve_data --host=THIS_HOST --dispatcher=FIRST_HOST:5050   # on each further one
    python -m scoringnet_tf.train … --set=data.service=FIRST_HOST:5050

The first is a dispatcher with a worker, the others are workers, which may come and go. All must find the records by
the path that `train` is given. Whoever reaches the port can have it read files: leave it to a network of your own. Ends
by Ctrl+C.
"""

import sys
import time

from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.quiet import load_tensorflow

flags.DEFINE_string("host", "localhost", "Name or address by which the other machines reach this one.")
flags.DEFINE_integer("port", 5050, "Of the dispatcher on this machine; 0 takes a free one.", 0, 65535)
flags.DEFINE_string("dispatcher", None, "HOST:PORT of the first machine, to be a worker of; default: be the first.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    load_tensorflow()
    from scoringnet_tf.data.service import check_service, dispatcher_at, worker_of

    address, servers = values.dispatcher, []
    if address:
        check_service(address, "dispatcher")
    else:
        try:
            servers = [dispatcher_at(values.port)]
        except Exception as error:  # TensorFlow's, of a port that is taken
            raise InputError("busy", f"--port={values.port} is not free: {error}.") from error
        address = f"{values.host}:{servers[0].target.rpartition(':')[2]}"
        print(f"Train with it: python -m scoringnet_tf.train … --set=data.service={address}", flush=True)
    servers.append(worker_of(address, values.host))
    print(f"Working for {address}.", flush=True)
    while True:  # a server's own `join` would not see a signal
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(cli.run(main))
