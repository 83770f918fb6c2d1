r"""Fits a system that ScoringNet is compared with, and evaluates it as `evaluate` does a model.

    python -m scoringnet_tf.baselines NAME --records_dir=RECORDS --output_dir=OUTPUT [--renderings=R2,R3] [--seed=0]

NAME is one of
    c3d_svr    C3D + SVR: Parmar and Morris, CVPR Workshops 2017
    c3d_lstm   C3D + LSTM, incremental labels: the same
    pose_dct   Pose + DCT: Pirsiavash, Vondrick, Torralba, ECCV 2014; needs joints beside the records
    apenft     ApEnFT, approximate entropy: Venkataraman, Vlachos, Turaga, BMVC 2015; needs joints
    consisa    ConsISA, independent subspaces and a bag of words: Le, Zou, Yeung, Ng, CVPR 2011; needs frames
    s3d        S3D, features stacked by stage: Xiang, Tian, Reiter, Hager, Tran, ICIP 2018
    mean, duration, ridge, support_vectors, gaussian_process, extra_trees, component
               scikit-learn's own: see `scoringnet cross_validate`, which tries them all
    faults, judges
               ceilings of simulated videos: gradient boosting on the true faults; scores without the judges' error

It learns from the training split alone; settings are chosen inside it. Writes settings.json (what was chosen), and a
report OUTPUT/test_HASH, as of `evaluate`, for the records and each of --renderings (HASH: of their data). What is
there already, by the same settings, is not done again. Prints SRC and mean error of each score.
"""

import sys

from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, unknown_name
from scoringnet_tf.support.model_files import WITH_C3D, check_model
from scoringnet_tf.support.paths import writable_path

flags.DEFINE_string("records_dir", None, "Training records, from `python -m data_prep build`.")
flags.DEFINE_list("renderings", [], "Further test records with the same videos, filmed anew.")
flags.DEFINE_string("output_dir", None, "Folder for the reports: new, or from the same settings.")
flags.DEFINE_string("features_dir", None, "Folder for cached C3D features. Default: OUTPUT_DIR/features.")
flags.DEFINE_string("pretrained", "motion_small", "C3D for the features: a .keras file or a shipped model.")
flags.DEFINE_float("validation_fraction", 0.1, "Training share for choosing the epoch; 0: the last epoch.", 0, 0.9)
flags.DEFINE_integer("seed", 0, "Random seed.", 0)


def main(arguments: list[str]) -> int:
    """Runs the command with the parsed flags."""
    from scoringnet_tf.baselines import NAMES

    values = flags.FLAGS
    if len(arguments) != 1 or arguments[0] not in NAMES:
        raise unknown_name("The system", " ".join(arguments), NAMES)
    cli.require(records_dir=values.records_dir, output_dir=values.output_dir)
    info = load_records(values.records_dir)
    if info.classes or not info.sport:
        raise InputError("no_scores", f"--records_dir={values.records_dir}: these records hold classes, and no scores.")
    output_dir = writable_path(values.output_dir, "output_dir")
    features_dir = writable_path(values.features_dir or output_dir / "features", "features_dir")
    check_model(values.pretrained, "pretrained", WITH_C3D)

    cli.load_tensorflow()
    from scoringnet_tf.baselines.run import Run, table
    from scoringnet_tf.sports import get_sport

    reports = Run(
        name=arguments[0],
        info=info,
        tested=(info, *(DatasetInfo.load(path) for path in values.renderings)),
        output_dir=output_dir,
        features_dir=features_dir,
        pretrained=values.pretrained,
        validation_fraction=values.validation_fraction,
        seed=values.seed,
    ).run()
    print(table(reports, get_sport(info.sport)))
    return 0


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
