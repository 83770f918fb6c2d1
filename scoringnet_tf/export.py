r"""Exports a model for those who do not have this package: a SavedModel for TF Serving, LiteRT or ONNX.

    python -m scoringnet_tf.export --model=MODEL --export_dir=servables/diving

Writes EXPORT_DIR/VERSION, by default the version after the newest there, whose sport and format it must have. A
SavedModel has the signatures `serving_default` (frames and mask), `score_encoded` (JPEG or PNG frames of any size),
`segment` (stages alone) and `describe`; what they mean is in docs/serving.md.
"""

import sys

from absl import flags

from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.model_files import check_model
from scoringnet_tf.support.paths import as_path, check_access

flags.DEFINE_string("model", None, "A .keras file or a folder with one; the shipped diving model where not given.")
flags.DEFINE_string("export_dir", None, "Folder of the servable: TF Serving's base path.")
flags.DEFINE_integer(
    "version", None, "Version, a sub-folder of --export_dir; must not exist yet. Default: one above the highest.", 1
)
flags.DEFINE_enum("format", "saved_model", ["saved_model", "litert", "onnx"], "What to write.")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(export_dir=values.export_dir)
    check_access(values.export_dir, "export_dir", writing=True)
    base, there = as_path(values.export_dir), versions_in(values.export_dir)
    version = values.version or max(there, default=0) + 1
    target = base / str(version)
    if target.exists() or version in there:  # TF Serving reads the number: 007 is 7
        taken = base / there.get(version, str(version))
        raise InputError("todo", f"{taken}: expected a version that does not exist yet. Received: --version={version}.")
    check_model(values.model)

    from scoringnet_tf.inference.checks import doubts_of_statistics
    from scoringnet_tf.inference.model_description import model_description
    from scoringnet_tf.inference.versions import check_successor
    from scoringnet_tf.models.presets import check_trained, load_scoring_net

    network = load_scoring_net(values.model)
    check_trained(network, values.model)
    newest_first = [base / there[number] for number in sorted(there, reverse=True)]
    check_successor(newest_first, values.format, model_description(network))
    for doubt in doubts_of_statistics(network):
        if doubt.code != "no_intervals":  # which no export states
            print(f"export: {doubt} What it calls valid, or not, goes by less.", file=sys.stderr)
    if values.format == "saved_model":
        from scoringnet_tf.inference.serving import export_saved_model

        export_saved_model(network, target, version)
        print(f"SavedModel: {target}")
    else:
        from scoringnet_tf.inference.portable import export_portable

        print(f"{values.format}: {export_portable(network, target, version, values.format)}")


def versions_in(export_dir: str) -> dict[int, str]:
    """Version → its folder's name, of those in a folder whose names are numbers, as TF Serving has it."""
    base = as_path(export_dir)
    names = [child.name for child in base.iterdir()] if base.is_dir() else []
    return {int(name): name for name in names if name.isascii() and name.isdigit()}


if __name__ == "__main__":
    sys.exit(cli.run(main, uses_keras=True))
