r"""Trains ScoringNet on records (§4.2).

    python -m scoringnet_tf.train --flagfile=diving.flags --records_dir=… --model_dir=…

The best model by validation F-SRC is MODEL_DIR/best.keras; curves: tensorboard --logdir=MODEL_DIR. A run that was
stopped goes on when the same command is given again.
"""

import sys

from absl import flags

from scoringnet_tf import defaults
from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.sports import DECODINGS, NOISE, PREDICTED_SCORES
from scoringnet_tf.support import cli
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.model_files import check_is_file, check_model, configuration
from scoringnet_tf.support.paths import as_path, check_access
from scoringnet_tf.training import run_flags
from scoringnet_tf.training.targets import CHOICES, check_weights, is_kfs_alone

# `models.segmenters.STAGE_NETWORKS`, which --help names without Keras
STAGE_NETWORKS = ("c3d_bi_lstm", "c3d", "c3d_ed_tcn", "resnet50")

# === Data ===
flags.DEFINE_string("records_dir", None, "Folder of TFRecords made by `python -m data_prep build`.")
flags.DEFINE_string("model_dir", None, "Folder for checkpoints, models and curves; a stopped run in it goes on.")
flags.DEFINE_list(
    "image_size",
    [*map(str, defaults.IMAGE_SIZE)],
    "Height,width of the model's input, pixels, cropped from the stored frames (§3.1 gives none). C3D: 112,112.",
)
flags.DEFINE_integer(
    "batch_size", 8, "Videos per step; also the set whose pairs are ranked (Eq. 7). Not in the paper.", 1
)
flags.DEFINE_float(
    "validation_fraction",
    0.1,
    "Share of the training split held out to choose the best epoch, where the records have no validation split; 0 (the "
    "paper's) trains on all of it and keeps the last epoch. Never the test split.",
    0,
    0.9,
)
flags.DEFINE_integer("validation_every", 1, "Epochs between validations.", 1)
flags.DEFINE_integer(
    "max_start_shift", defaults.MAX_START_SHIFT, "The start frame is shifted by a random 0…this, frames (§4.2: 5).", 0
)

# === Model ===
flags.DEFINE_float(
    "width_multiplier",
    defaults.WIDTH_MULTIPLIER,
    "Scales every layer; 1 is the paper's model (§3), 0.125 suits a CPU.",
    0.01,
)
flags.DEFINE_list(
    "clip_lengths",
    [*map(str, defaults.CLIP_LENGTHS)],
    "m,t (Eqs. 2, 3): frames that the fragments of difficulty and execution are resampled to (no number).",
)
flags.DEFINE_enum(
    "stage_network",
    defaults.STAGE_NETWORK,
    STAGE_NETWORKS,
    "What labels the frames: KFS (§3.1); or what it is compared with (§4.4, Fig. 4): C3D without the Bi-LSTM, with an "
    "ED-TCN (CVPR 2017) in its place, or Keras Applications' ResNet50 on each frame.",
)
flags.DEFINE_integer(
    "lstm_units", defaults.LSTM_UNITS, "Bi-LSTM units per direction before the multiplier (§3.1: no number).", 1
)
flags.DEFINE_integer(
    "segmenter_fc_units",
    defaults.SEGMENTER_FC_UNITS,
    "First FC layer of KFS before the multiplier (§3.1: no number).",
    1,
)
flags.DEFINE_integer(
    "conv_filters", defaults.CONV_FILTERS, "Both convolutions of the regressor, before the multiplier (§3.2: none).", 1
)
flags.DEFINE_integer(
    "fc_units", defaults.FC_UNITS, "First two FC layers of the regressor, before the multiplier (§3.2: none).", 1
)
flags.DEFINE_integer(
    "pool_stride", defaults.POOL_STRIDE, "Of both 3×3×3 poolings of the regressor (§3.2: no number).", 1
)
flags.DEFINE_enum(
    "output_activation",
    defaults.OUTPUT_ACTIVATION,
    ["linear", "relu"],
    "Of the regressor's third FC layer, points (§3.2: ReLU); linear gives every score a gradient.",
)
flags.DEFINE_enum(
    "decoding",
    defaults.DECODING,
    DECODINGS,
    "From stage probabilities to stages: frame by frame (argmax, §4.3), or the best path in the sport's order, of one "
    "performance (ordered) or of several (cyclic). Kept with the model.",
)
flags.DEFINE_enum(
    "scores",
    "auto",
    CHOICES,
    "parts: a tower for difficulty and one for execution; videos that know the final score alone teach that. final: "
    "one tower for the final score. auto: what the records hold more of, said at the start.",
)
flags.DEFINE_enum(
    "head",
    defaults.HEAD,
    ["regression", "distribution"],
    "Of the towers: a score (§3.2), or the probability of every score, whose mean is the score and whose standard "
    "deviation says how sure it is (USDL, CVPR 2020).",
)
flags.DEFINE_integer(
    "views",
    defaults.VIEWS,
    "Of a fragment, when the model scores: 1, as it is; 2, mirrored too; 6, both also a frame earlier and later. The "
    "score is the mean of theirs. Not in the paper. Kept with the model.",
)
flags.DEFINE_float(
    "segmenter_dropout", defaults.SEGMENTER_DROPOUT, "Dropout in KFS. Not in the paper (§3.1 has none).", 0, 0.95
)
flags.DEFINE_float("dropout", defaults.DROPOUT, "Dropout in both towers (§3.2 has it, without a rate).", 0, 0.95)
flags.DEFINE_string(
    "pretrained", None, "C3D (.keras; pretrain, import_weights) loaded into KFS and both towers (§4.2)."
)
flags.DEFINE_string(
    "resnet50_weights",
    None,
    "Of --stage_network=resnet50: file of Keras Applications' weights without the top, e.g. those of ImageNet.",
)
flags.DEFINE_string(
    "initial_model",
    None,
    "Trained ScoringNet (.keras or a run's folder) whose weights the run starts from: to go on with other videos.",
)
flags.DEFINE_string(
    "segmenter",
    None,
    "Trained ScoringNet (.keras or a run's folder) whose KFS is used as it is: for videos without stage labels, with "
    "--fragments=predicted, or for several runs. Needs --training=staged.",
)

# === Loss ===
flags.DEFINE_float(
    "alpha", None, "Weight α of the ranking loss; by default 10 for vault and 5 for other sports (§4.2).", 0
)
flags.DEFINE_float("beta", defaults.BETA, "β: weight of ‖w‖² in both towers (§4.2).", 0)
flags.DEFINE_float("margin", defaults.MARGIN, "δ of Eq. 7, in --loss_units. Not in the paper.", 1e-6)
flags.DEFINE_float(
    "score_sigma",
    defaults.SCORE_SIGMA,
    "Of --head=distribution: standard deviation of the Gaussian around the true score, in standard deviations of the "
    "training scores. USDL: 5 of 100 bins.",
    0.01,
    4,
)
flags.DEFINE_enum("pair_reduction", defaults.PAIR_REDUCTION, ["sum", "mean"], "Over the pairs of a batch: Eq. 7 sums.")
flags.DEFINE_enum(
    "ties",
    defaults.TIES,
    ["skip", "constant"],
    "Pairs of equal scores: left out; or the constant δ that Eq. 7 as printed adds, which has no gradient.",
)
flags.DEFINE_enum(
    "loss_units",
    "standard",
    ["standard", "points"],
    "Units of Eqs. 6 and 7: standard deviations, or points of the sport.",
)
flags.DEFINE_enum(
    "stage_loss",
    defaults.STAGE_LOSS,
    ["categorical", "binary"],
    "Form of Eq. 5; the paper prints one, names the other.",
)

# === Schedule ===
flags.DEFINE_enum("training", "joint", ["joint", "staged"], "KFS and SP in one step (Eq. 10), or KFS first, then SP.")
flags.DEFINE_integer("epochs", 60, "Epochs of joint training. Not in the paper.", 1)
flags.DEFINE_integer(
    "segmentation_epochs", 20, "Epochs of KFS in staged training; 0 keeps the KFS of --initial_model as it is.", 0
)
flags.DEFINE_integer("scoring_epochs", 60, "Epochs of SP in staged training; 0 trains KFS alone, see --segmenter.", 0)
flags.DEFINE_enum(
    "fragments",
    defaults.FRAGMENTS,
    ["true", "predicted", "scheduled", "whole"],
    "Key fragments that SP is trained on (§4.3 does not say): true labels, KFS's predictions (in joint training with "
    "its dropout), or from the former to the latter. whole: a model without KFS, whose towers see --clip_lengths "
    "frames of the whole video, evenly sampled (the paper's −KFS, table 4); it needs no stage labels. A sport "
    "without stages has no other.",
)
flags.DEFINE_list(
    "difficulty_fragment",
    [],
    "Stages whose frames the Difficulty tower sees. Default: the sport's (§4.3); tables 1 and 2 try others.",
)
flags.DEFINE_list("execution_fragment", [], "The same of the Execution tower.")
flags.DEFINE_integer(
    "fragment_jitter",
    defaults.FRAGMENT_JITTER,
    "Fragments that SP is trained on are moved by a random ± 0…this, frames. Not in the paper.",
    0,
)
flags.DEFINE_list(
    "rates",
    [],
    "PART:FACTOR, …: factors on the learning rate, above 0 and up to 100, of c3d (every C3D; below 1 spares a "
    "pretrained trunk), kfs, and SP's towers difficulty, execution, final. A C3D has the factor of c3d times that of "
    "the part it lies in. Not in the paper.",
)
flags.DEFINE_list(
    "freeze",
    [],
    "Parts, named as in --rates, that do not learn and keep the weights of --pretrained (c3d), --segmenter (kfs) or "
    "--initial_model (any).",
)

# === Run ===
flags.DEFINE_integer(
    "replicas",
    1,
    "Devices that share each batch, and learn what one would from the whole of it: GPUs. Without one the processor "
    "counts as so many, which is no faster. Not in the paper.",
    1,
)
flags.DEFINE_string(
    "data_service",
    None,
    "HOST:PORT of `python -m scoringnet_tf.serve_data`: other machines decode and augment the training videos. "
    "Batches, order and result are those without it; validation stays here. Not in the paper.",
)
flags.DEFINE_bool(
    "test_scores",
    False,
    "Also score the test videos after each epoch (where videos are held out, after each validation), into "
    "PHASE_test_scores.csv. Nothing is chosen by it.",
)
flags.DEFINE_bool("shuffle_labels", False, "Control: train on scores exchanged between videos; must learn nothing.")

flags.DEFINE_bool(
    "reference",
    True,
    "Afterwards measure what the training videos are like (up to 2,000 of them), so that predict can tell what is "
    "unlike them, and how far scores of held-out videos are off, for intervals; see calibrate.",
)
flags.DEFINE_bool(
    "training_ids",
    True,
    "Keep ids and true scores of training videos in the model, so that predict shows the three most alike; "
    "--notraining_ids where a model is shared and these are not to be.",
)

flags.adopt_module_key_flags(run_flags)


def _add_reference(run, best, training_ids):
    """Keeps with the best model what its training videos are like, where they can be compared."""
    from scoringnet_tf.inference.calibration import add_reference, can_be_measured, is_measured
    from scoringnet_tf.training.calibration_split import held_out_by_run, not_learned_from

    if can_be_measured(run.model) and not is_measured(best, run.info, training_ids):
        held_out = held_out_by_run(run.info, best, run.info.data_hash)
        apart = not_learned_from(run.info, best, run.info.data_hash)
        add_reference(best, run.info, held_out, training_ids=training_ids, apart=apart)


def _fit_to_sport(settings, info):
    """Leaves out what the sport does not have: its towers' flags, unless they are given, and stages to cut by."""
    for score in {*PREDICTED_SCORES} - {*info.scores}:
        if not settings[f"{score}_fragment"]:
            del settings[f"{score}_fragment"]
    if info.stages == [NOISE] and not flags.FLAGS["fragments"].present:
        settings["fragments"] = "whole"


def _check_teaches(settings):
    """InputError where what was asked for teaches nothing."""
    run_flags.check_learning_rate(settings)
    if settings["batch_size"] == 1 and settings["alpha"] != 0 and not is_kfs_alone(settings):
        raise InputError(
            "out_of_range",
            "--batch_size=1: the ranking loss (Eq. 7) compares videos of a batch.",
            "Use --batch_size=2 or more, or --alpha=0.",
        )


def _check_starting_weights(settings):
    """InputError where a file of weights that the run is to start from is not there, or of another model."""
    for flag in ("initial_model", "segmenter"):
        if settings[flag]:
            check_model(settings[flag], flag)
    if settings["pretrained"]:
        configuration(settings["pretrained"], "pretrained", ["C3D"])
    if path := settings["resnet50_weights"]:
        check_is_file(path, "resnet50_weights")


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    settings = cli.flag_values(sys.modules[__name__])
    cli.require(records_dir=settings["records_dir"], model_dir=settings["model_dir"])
    settings["image_size"], settings["clip_lengths"] = cli.size_flag("image_size"), cli.size_flag("clip_lengths")
    _check_teaches(settings)
    info = load_records(settings["records_dir"])
    _fit_to_sport(settings, info)
    check_access(settings["model_dir"], "model_dir", writing=True)
    check_weights(info, settings)
    if not (as_path(settings["model_dir"]) / "config.json").is_file():  # a run goes on without what it started from
        _check_starting_weights(settings)

    from scoringnet_tf.training import idle_flags
    from scoringnet_tf.training.scoring import ScoringRun

    run = ScoringRun(info, settings)
    idle_flags.say(idle_flags.of_scoring(info, run.settings))
    best = run.run()
    if run.worker > 0:
        return
    if not run.model.scores_learned:
        print(
            f"Best model: {best}\nTrain SP:   python -m scoringnet_tf.train --segmenter={best} … (suggest takes it too)"
        )
        return
    if settings["reference"]:
        _add_reference(run, best, settings["training_ids"])
    print(
        f"Best model: {best}\n"
        f"Evaluate:   python -m scoringnet_tf.evaluate --model={best} --records_dir={info.records_dir}"
    )


if __name__ == "__main__":
    sys.exit(cli.run(main, may_be_empty=True, uses_keras=True))
