"""The configuration that the flags of `train` and `pretrain` fill and config.json holds.

Every default is here or in `defaults`. A choice between things that exclude each other is a choice between dataclasses:
`Joint` training has no KFS epochs, `WholeVideos` have no KFS.
"""

import dataclasses

from scoringnet_tf import defaults
from scoringnet_tf.sports import DECODINGS
from scoringnet_tf.training.fields import setting

PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")

# === Sections that both commands share ===


@dataclasses.dataclass(frozen=True)
class PixelAugmentation:
    """Random changes to training videos, see `data.augmentation.Augmentation`."""

    flip: bool = setting(defaults.FLIP, "Random mirroring.")
    crop_shift: int = setting(defaults.CROP_SHIFT, "Largest random crop shift, pixels.", flag=True, low=0)
    zoom: float = setting(defaults.ZOOM, "Random zoom strength.", flag=True, low=0, high=0.5)
    color_jitter: float = setting(defaults.COLOR_JITTER, "Colour jitter strength.", True, low=0, high=1)
    degradation: float = setting(defaults.DEGRADATION, "Strength for random blur and noise.", low=0, high=1)


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """Adam; steps count weight updates."""

    learning_rate: float = setting(defaults.LEARNING_RATE, 'Learning rate of Adam (§4.2: "10e-4").', True, low=1e-12)
    decay_rate: float = setting(0.45, "Learning rate decay factor (§4.2).", low=0.01, high=1)
    decay_steps: int = setting(600, "Steps between learning rate decays (§4.2); 0: none.", flag=True, low=0)
    warmup_steps: int = setting(0, "Linear warm-up, steps.", flag=True, low=0)
    accumulation_steps: int = setting(1, "Batches whose gradients are averaged for one step.", low=1)
    clip_norm: float = setting(1.0, "Gradient clipping norm; 0: not clipped.", low=0)
    ema_momentum: float = setting(0.0, "Weight averaging momentum; 0: none.", low=0, high=0.99999)


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Where a run lies, on what it computes, when it ends early."""

    model_dir: str = setting("", "Run folder; a stopped run resumes.", flag=True, free=True)
    precision: str = setting("auto", "Precision; models are saved in float32.", flag=True, choices=PRECISIONS)
    seed: int = setting(
        0, "Random seed for initialisation, shuffling, augmentation and dropout.", flag=True, low=0, high=2**32 - 1
    )
    deterministic: bool = setting(True, "Bitwise repeatable computation; a little slower on a GPU.")
    patience: int = setting(0, "Validations without a better one that end a phase; 0: none.", low=0)
    max_steps: int = setting(0, "Steps that end a phase, for a trial; 0: none.", flag=True, low=0)


@dataclasses.dataclass(frozen=True)
class Records:
    """The records, and how they are read."""

    records_dir: str = setting("", "Records folder (python -m data_prep build).", flag=True, free=True)
    image_size: tuple[int, int] = setting(defaults.IMAGE_SIZE, "Model input height,width, pixels.", flag=True)
    validation_fraction: float = setting(0.1, "Held-out share, which chooses the epoch.", True, low=0, high=0.9)
    validation_every: int = setting(1, "Epochs between validations.", low=1)
    cache: str = setting("none", "Decoded frames cache: none, memory, disk, FOLDER.", flag=True, free=True)


# === train ===


@dataclasses.dataclass(frozen=True)
class Augmentation(PixelAugmentation):
    """Pixels, and the start frame."""

    max_start_shift: int = setting(defaults.MAX_START_SHIFT, "Largest random start shift, frames (§4.2).", low=0)


@dataclasses.dataclass(frozen=True)
class PartsOptimizer(Optimizer):
    """Adam, with a learning rate for each part."""

    lr_multipliers: dict[str, float] = setting(
        {}, "Factors on the rate, PART:FACTOR,…; 0: frozen.", True, low=0, high=100
    )


@dataclasses.dataclass(frozen=True)
class Data(Records):
    """Scored videos."""

    batch_size: int = setting(8, "Videos in a batch, ranked in pairs (Eq. 7).", flag=True, low=1)
    joint_noise: float = setting(1.0, "Film's errors on simulated joints, strength; 0: none.", low=0, high=2)
    shuffle_labels: bool = setting(False, "Scores exchanged between training videos: a control.")


@dataclasses.dataclass(frozen=True)
class FrameC3D:
    """C3D and fully connected layers, without the Bi-LSTM (§4.4)."""

    fc_units: int = setting(defaults.SEGMENTER_FC_UNITS, "Units in the first fully connected layer.", low=1)
    dropout: float = setting(defaults.SEGMENTER_DROPOUT, "Dropout rate.", low=0, high=0.95)


@dataclasses.dataclass(frozen=True)
class BiLSTM(FrameC3D):
    """The paper's KFS (§3.1): C3D, a Bi-LSTM, fully connected layers."""

    lstm_units: int = setting(defaults.LSTM_UNITS, "Bi-LSTM units in each direction.", low=1)


@dataclasses.dataclass(frozen=True)
class EDTCN:
    """C3D with an ED-TCN instead (§4.4)."""


@dataclasses.dataclass(frozen=True)
class TCN:
    """A TCN on what changes around each frame, for film and backbones; else on C3D."""

    dropout: float = setting(defaults.SEGMENTER_DROPOUT, "Channel dropout rate.", low=0, high=0.95)


@dataclasses.dataclass(frozen=True)
class ResNet50:
    """Keras Applications' ResNet50 on each frame (§4.4)."""


STAGE_NETWORKS = {"c3d_bi_lstm": BiLSTM, "c3d": FrameC3D, "c3d_ed_tcn": EDTCN, "tcn": TCN, "resnet50": ResNet50}


@dataclasses.dataclass(frozen=True)
class KeyFragments:
    """A model with KFS, whose towers see the fragments that it finds."""

    jitter: int = setting(defaults.FRAGMENT_JITTER, "Largest random fragment shift, frames.", "fragment_jitter", low=0)
    difficulty: tuple[str, ...] = setting((), "Stages that the difficulty tower sees; default: the sport's (§4.3).")
    execution: tuple[str, ...] = setting((), "Stages that the execution tower sees; default: the sport's (§4.3).")
    decoding: str = setting(defaults.DECODING, "Stage decoding (§4.3: argmax).", flag=True, choices=DECODINGS)
    network: BiLSTM | FrameC3D | EDTCN | TCN | ResNet50 = setting(
        BiLSTM(), "Network that labels frames (§3.1, §4.4).", "stage_network", alternatives=STAGE_NETWORKS
    )


class TrueFragments(KeyFragments):
    """SP is trained on the labelled fragments."""


class PredictedFragments(KeyFragments):
    """SP is trained on the fragments that KFS finds; in joint training with its dropout."""


@dataclasses.dataclass(frozen=True)
class WholeVideos:
    """A model without KFS, whose towers see whole videos (the paper's −KFS, table 4)."""


FRAGMENTS = {"true": TrueFragments, "predicted": PredictedFragments, "whole": WholeVideos}


@dataclasses.dataclass(frozen=True)
class Regression:
    """A score (§3.2)."""

    output_activation: str = setting(defaults.OUTPUT_ACTIVATION, "Activation (§3.2: ReLU).", choices=("linear", "relu"))


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A probability for every score; their mean is the score (USDL, CVPR 2020)."""

    sigma: float = setting(defaults.SCORE_SIGMA, "Target width, standard deviations.", low=0.01, high=4)


SEPARATE = "c3d"  # the paper's net: a C3D for each part
HEADS = {"regression": Regression, "distribution": Distribution}


@dataclasses.dataclass(frozen=True)
class Model:
    """The network."""

    backbone: str = setting(
        SEPARATE,
        "c3d: one per part, as in the paper. One for all: i3d, FILE.keras[:LAYER], c3d:LAYER.",
        flag=True,
    )
    width_multiplier: float = setting(defaults.WIDTH_MULTIPLIER, "Factor on all widths.", flag=True, low=0.01)
    clip_lengths: tuple[int, int] = setting(defaults.CLIP_LENGTHS, "Frames m,t in a fragment (Eqs. 2, 3).", flag=True)
    fragments: KeyFragments | WholeVideos = setting(
        TrueFragments(), "Key fragments that SP is trained on, or whole videos.", flag=True, alternatives=FRAGMENTS
    )
    scores: str = setting("auto", "Scores with a tower: parts, or final.", True, choices=("auto", "parts", "final"))
    head: Regression | Distribution = setting(
        Regression(), "Tower output: a score or its distribution.", flag=True, alternatives=HEADS
    )
    conv_filters: int = setting(defaults.CONV_FILTERS, "Filters in both tower convolutions (§3.2).", low=1)
    fc_units: int = setting(defaults.FC_UNITS, "Units in the first two fully connected layers (§3.2).", low=1)
    pool_stride: int = setting(defaults.POOL_STRIDE, "Stride in both tower poolings (§3.2).", low=1)
    statistics: bool = setting(True, "Statistics over time in towers that read features.")
    auxiliary: bool = setting(False, "Towers that also tell the simulator's element and faults.")
    dropout: float = setting(defaults.DROPOUT, "Tower dropout rate (§3.2).", flag=True, low=0, high=0.95)
    views: int = setting(defaults.VIEWS, "Views of a clip that are scored: 1, or 2 (mirrored, too).", flag=True)


@dataclasses.dataclass(frozen=True)
class Loss:
    """Eqs. 5 to 9."""

    alpha: float | None = setting(None, "Ranking loss weight α; default: the sport's (§4.2).", flag=True, low=0)
    beta: float = setting(defaults.BETA, "Tower weight decay β (§4.2).", flag=True, low=0)
    ranking_margin: float = setting(defaults.MARGIN, "Ranking loss margin δ (Eq. 7).", low=1e-6)
    pair_reduction: str = setting(defaults.PAIR_REDUCTION, "Over pairs (Eq. 7: sum).", choices=("sum", "mean"))
    ties: str = setting(defaults.TIES, "Pairs with equal scores (Eq. 7: constant).", choices=("skip", "constant"))
    units: str = setting("standard", "Standard deviations, or points (Eqs. 6, 7).", choices=("standard", "points"))
    stages: str = setting(defaults.STAGE_LOSS, "Stage loss form (Eq. 5).", choices=("categorical", "binary"))


@dataclasses.dataclass(frozen=True)
class Joint:
    """KFS and SP in one step (Eq. 10)."""

    epochs: int = setting(60, "Joint training epochs.", flag=True, low=1)


@dataclasses.dataclass(frozen=True)
class Staged:
    """KFS first, then SP."""

    segmentation_epochs: int = setting(20, "KFS epochs in staged training; 0 keeps a trained KFS.", flag=True, low=0)
    scoring_epochs: int = setting(60, "SP epochs in staged training; 0 trains KFS alone.", flag=True, low=0)
    segmenter: str | None = setting(None, "Trained ScoringNet whose KFS is used as it is.", flag=True, file=True)


@dataclasses.dataclass(frozen=True)
class Scratch:
    """Random weights."""


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """A C3D goes into KFS and both towers (§4.2)."""

    pretrained: str | None = setting(None, "C3D (.keras) for KFS and both towers (§4.2).", flag=True)


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """All weights from a model trained on other videos."""

    initial_model: str | None = setting(None, "Trained ScoringNet to start from.", flag=True)


SCHEDULES = {"joint": Joint, "staged": Staged}
STARTS = {"scratch": Scratch, "pretrained": Pretrained, "initial_model": TrainedModel}


@dataclasses.dataclass(frozen=True)
class TrainingRunOptions(RunOptions):
    """Further ones for `train`."""

    replicas: int = setting(1, "Devices that share each batch.", flag=True, low=1, free=True)
    reference: bool = setting(True, "Calibration at the end, as by calibrate.", free=True)


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Everything that `train` is told."""

    data: Data = Data()
    model: Model = Model()
    loss: Loss = Loss()
    optimizer: PartsOptimizer = PartsOptimizer()
    augmentation: Augmentation = Augmentation()
    schedule: Joint | Staged = setting(
        Joint(), "KFS and SP jointly (Eq. 10), or one after the other.", "training", alternatives=SCHEDULES
    )
    start: Scratch | Pretrained | TrainedModel = setting(Scratch(), "Weights to start from.", alternatives=STARTS)
    run: TrainingRunOptions = TrainingRunOptions()

    @property
    def fragments(self) -> KeyFragments | None:
        """The key fragments, if the model has KFS."""
        return self.model.fragments if isinstance(self.model.fragments, KeyFragments) else None

    @property
    def backbone(self) -> str | None:
        """The one that all parts read, as `--backbone` names it; None if each has a C3D of its own."""
        return None if self.model.backbone == SEPARATE else self.model.backbone

    @property
    def starts(self) -> dict[str, str]:
        """Flag → path: the models that the run starts from."""
        paths = {flag: getattr(self.start, flag, None) for flag in ("pretrained", "initial_model")}
        paths["segmenter"] = getattr(self.schedule, "segmenter", None)
        return {flag: path for flag, path in paths.items() if path}

    @property
    def trains_kfs_alone(self) -> bool:
        """Whether SP is left as it is."""
        return isinstance(self.schedule, Staged) and not self.schedule.scoring_epochs

    @property
    def frozen(self) -> list[str]:
        """The parts that do not learn."""
        return [part for part, factor in self.optimizer.lr_multipliers.items() if factor == 0]


# === pretrain ===


@dataclasses.dataclass(frozen=True)
class ClipData(Records):
    """Classified videos, and their clips."""

    batch_size: int = setting(30, "Clips in a batch.", flag=True, low=1)
    clip_length: int = setting(defaults.CLIP_LENGTH, "Frames in a clip.", flag=True, low=1)
    clip_sampling: str = setting("whole", "Clip sampling.", flag=True, choices=("whole", "consecutive"))


@dataclasses.dataclass(frozen=True)
class ClassifierModel:
    """A C3D with class heads."""

    width_multiplier: float = setting(defaults.WIDTH_MULTIPLIER, "Factor on all widths.", flag=True, low=0.01)
    top: str = setting(
        "fc", "Layers under the classes: C3D's fc6 and fc7, or SP's regressor.", True, choices=("fc", "regressor")
    )
    dropout: float = setting(0.5, "Dropout rate in the fully connected layers.", flag=True, low=0, high=0.95)
    weight_decay: float = setting(0.0, "Weight decay on convolution kernels.", flag=True, low=0)
    pretrained: str | None = setting(None, "C3D (.keras) to go on from.", flag=True)


@dataclasses.dataclass(frozen=True)
class Epochs:
    """How long."""

    epochs: int = setting(16, "Passes over the training clips.", flag=True, low=1)


@dataclasses.dataclass(frozen=True)
class PretrainingConfig:
    """Everything that `pretrain` is told."""

    data: ClipData = ClipData()
    model: ClassifierModel = ClassifierModel()
    optimizer: Optimizer = Optimizer()
    augmentation: PixelAugmentation = PixelAugmentation()
    schedule: Epochs = Epochs()
    run: RunOptions = RunOptions()

    @property
    def starts(self) -> dict[str, str]:
        """Flag → path: the C3D that the run goes on from."""
        return {"pretrained": self.model.pretrained} if self.model.pretrained else {}
