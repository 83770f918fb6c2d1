r"""Exports a model for those who do not have this package: a SavedModel for TF Serving, LiteRT or ONNX.

    python -m scoringnet_tf.export --model=MODEL --export_dir=servables/diving

Writes EXPORT_DIR/VERSION. Clients of the newest version there must be able to use it. docs/serving.md describes the
signatures of a SavedModel.
"""

import sys

from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import check_model
from scoringnet_tf.support.paths import writable_path

flags.DEFINE_string("model", None, "Model: a .keras file or its folder. Default: diving_small.")
flags.DEFINE_string("export_dir", None, "Folder for all versions: TF Serving's base path.")
flags.DEFINE_integer("version", None, "Version number. Default: one above the highest.", 1)
flags.DEFINE_enum("format", "saved_model", ["saved_model", "litert", "onnx"], "Export format.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(export_dir=values.export_dir)
    base = writable_path(values.export_dir, "export_dir")
    names = [child.name for child in base.iterdir()] if base.is_dir() else []
    taken = {int(name): base / name for name in names if name.isascii() and name.isdecimal()}  # TF Serving: 007 is 7
    version = values.version or 1 + max(taken, default=0)
    target = base / str(version)
    if version in taken:
        message = f"--version={version}: {taken[version]} is there already."
        raise InputError("exists", message, "Choose another, or leave it out.")
    check_model(values.model)

    cli.load_tensorflow()
    from scoringnet_tf.inference import export, export_formats
    from scoringnet_tf.inference.reliability import doubts
    from scoringnet_tf.models.presets import check_trained, load_scoring_net

    network = load_scoring_net(values.model)
    check_trained(network, values.model)
    newest_first = [taken[number] for number in sorted(taken, reverse=True)]
    export.check_successor(newest_first, values.format, export.model_description(network))
    for doubt in doubts(network):
        if doubt.code != "no_intervals":  # exports have none
            print(f"export: {doubt} So `valid` depends on fewer checks.", file=sys.stderr)
    if values.format == "saved_model":
        export.export_saved_model(network, target, version)
        print(f"SavedModel: {target}")
    else:
        convert = export_formats.export_onnx if values.format == "onnx" else export_formats.export_litert
        print(f"{values.format}: {convert(network, target, version)}")


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
