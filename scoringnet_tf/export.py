r"""Exports a model as a SavedModel for TF Serving.

    python -m scoringnet_tf.export --model=MODEL --export_dir=saved_models/diving/saved_model [--version=1]

Writes EXPORT_DIR/VERSION with two signatures: `serving_default` takes frames and mask as the Keras model does,
`encoded` takes the JPEG or PNG frames of one video of any size and does what training did to them.
"""

import sys

from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import as_path, check_access

flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_string("export_dir", None, "Folder of the servable: TF Serving's base path.")
flags.DEFINE_integer("version", 1, "Version, a sub-folder of --export_dir; must not exist yet.", 1)


def main(_):
    """Runs the command with the parsed flags."""
    cli.require(export_dir=flags.FLAGS.export_dir)
    target = as_path(flags.FLAGS.export_dir) / str(flags.FLAGS.version)
    check_access(flags.FLAGS.export_dir, "export_dir", writing=True)
    if target.exists():
        raise InputError(f"{target}: expected a version that does not exist yet. Received: --version={target.name}.")

    from scoringnet_tf.inference.serving import export_saved_model
    from scoringnet_tf.models.presets import load_scoring_net

    export_saved_model(load_scoring_net(flags.FLAGS.model), target)
    print(f"SavedModel: {target}")


if __name__ == "__main__":
    sys.exit(cli.run(main))
