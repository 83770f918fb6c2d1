r"""Measures what a model's training videos are like, so that it can tell what is unlike them.

    python -m scoringnet_tf.calibrate --model=MODEL --records_dir=RECORDS

`train` does it at its end. For a model from before, or one that was trained further: the records are those that it was
trained on; their training and validation splits are looked at, never the test split. The file of the model is replaced
by the same model with what was measured. `predict` then withholds scores of what is too far from it, see
docs/serving.md.
"""

import sys

from absl import flags

from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError

flags.DEFINE_string("model", None, "A .keras file or a folder with one: a path, whose file is replaced.")
flags.DEFINE_string("records_dir", None, "Folder of the TFRecords that it was trained on.")
flags.DEFINE_integer("batch_size", 4, "Videos per step; does not change the result.", 1)


def main(_):
    """Runs the command with the parsed flags."""
    values = flags.FLAGS
    cli.require(model=values.model, records_dir=values.records_dir)
    info = load_records(values.records_dir)

    from scoringnet_tf.inference.calibration import add_reference
    from scoringnet_tf.models.presets import shipped_presets

    if values.model in shipped_presets():
        raise InputError(f"--model={values.model}: expected a path. Received: the name of a model that ships.")
    path, model = add_reference(values.model, info, values.batch_size)
    known = (model.provenance or {}).get("data_hash")
    if known and known != info.data_hash:
        print(f"{info.records_dir} are not the records that {path} was trained on: it now goes by these.")
    reference = model.reference
    print(f"Model: {path}, which now knows what {reference.num_videos} training videos are like:")
    for stage, (shortest, longest) in reference.durations.items():
        print(f"  {stage:<14} {shortest:.2f} to {longest:.2f} s")
    if reference.spread:
        print(f"  nearly all within a distance of {reference.spread.limit:.3g} from their middle")


if __name__ == "__main__":
    sys.exit(cli.run(main))
