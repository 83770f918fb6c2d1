"""ScoringNet: key fragment segmentation and score prediction in one functional model (§3, Fig. 1)."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from scoringnet_tf import __version__, defaults
from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
from scoringnet_tf.models.backbones.backbone import Backbone, as_backbone
from scoringnet_tf.models.compatibility import copy_network
from scoringnet_tf.models.decoding import StageDecision
from scoringnet_tf.models.fragments import FragmentSelector
from scoringnet_tf.models.parameter_groups import learning_parts
from scoringnet_tf.models.saving import Clonable, Functional, Preset, arguments_of, clonable
from scoringnet_tf.models.score_prediction import ScorePredictor
from scoringnet_tf.models.segmentation import KeyFragmentSegmenter, video_inputs
from scoringnet_tf.models.trainer import Trainer
from scoringnet_tf.models.training_statistics import TrainingStatistics, checksum, is_current
from scoringnet_tf.models.tta import check_views, score_views, select_views
from scoringnet_tf.sports import Sport, SportForm, get_sport, kept_form
from scoringnet_tf.support.messages import InputError, unknown_name

if TYPE_CHECKING:
    from scoringnet_tf.data.dataset_info import DatasetInfo
    from scoringnet_tf.support.paths import AnyPath

keras.saving.register_keras_serializable(package="scoringnet_tf")(ScoringNetPreprocessor)  # which knows no Keras

FRAGMENTS = ("key", "whole")
BUILT_OF = (  # arguments that tell nothing of records
    *("image_size", "width_multiplier", "preprocessing", "dtype", "segmenter", "score_predictor", "clip_lengths"),
    *("kernel_l2", "scores", "fragments", "fragment_stages", "decoding", "views", "backbone"),
)


def _check_kept(provenance, features, reference):
    """InputError (`wrong_value`) if what a model keeps of its training is of another kind than scoring needs."""
    kept = provenance or {}
    rate, simulation = kept.get("frame_rate"), kept.get("simulation")
    if not isinstance(simulation, dict | None) or (rate is not None and not _is_positive(rate)):
        raise InputError("wrong_value", f"provenance: frame_rate {rate!r} or simulation {simulation!r} is impossible.")
    if features and not all(_is_positive(features.get(name)) for name in ("size", "stride")):
        raise InputError("wrong_value", f"features need a positive size and stride, not {features!r}.")
    if reference:
        TrainingStatistics.from_config(reference)


def _is_positive(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _measured(info, towers):
    """Score → (mean, standard deviation) of training; InputError if nothing can be learned from a score."""
    statistics = info.score_statistics.get("train", {})
    if missing := " and ".join(score for score in towers if not statistics.get(score)):
        raise InputError("no_scores", f"No training video of {info.records_dir} has a known {missing} score.")
    found = {score: (statistics[score]["mean"], statistics[score]["std"]) for score in towers}
    # Equal scores deviate by rounding alone.
    constant = " and ".join(score for score, (mean, std) in found.items() if not std > 1e-9 * max(abs(mean), 1.0))
    if constant:
        hint = "" if "final" in towers else "Train one tower for the final score (--scores=final)."
        raise InputError("equal_scores", f"All training videos of {info.records_dir} have the same {constant}.", hint)
    return found


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoringNet(Preset, Trainer, Clonable, Functional):
    """Scores an untrimmed video: KFS labels its frames, the key fragments go to SP, SP's scores are fused.

    Call arguments: `{"frames": uint8 (B, L, H, W, 3) RGB, "mask": bool (B, L), true for real frames}`; L is free, and
    shorter videos of a batch are padded on the right. `preprocessor` makes them from a video. Returns a dictionary:

    - `stages`: (B, L, S) stage probabilities per frame;
    - `labels`: int32 (B, L), the stage of every frame, see `decoding`; ignore those of padding;
    - `difficulty`, `execution`, `final`: (B,) in points of the sport;
    - `empty_fragments`: bool (B, n), true if KFS found no frame for a tower, which saw the whole video instead.

    The fragments are cut by `labels`: no gradient flows from SP to KFS.

    A model can do without what the data lack. `scores=("final",)` has one tower and one score. `fragments="whole"` has
    no KFS, and no `stages`, `labels` or `empty_fragments`. `features` takes `{"features": (B, L, D) float32, "mask"}`
    in place of frames, and has no C3D. A distribution head says how sure it is, see `ScorePredictor`.

    The paper's net has three C3Ds. With a `backbone` a video is read once, for stages and scores: the heads are those
    of a model of features, and read what the backbone gives.

    Args:
        sport: a `sports.Sport`, the name of one that ships, or your own definition, which is kept whole.
        image_size, width_multiplier, preprocessing: of both parts; with a backbone the size is its own.
        clip_lengths, score_statistics, kernel_l2, scores: of `ScorePredictor`.
        segmenter: further arguments of `KeyFragmentSegmenter`, e.g. `{"lstm_units": 512}`.
        score_predictor: further arguments of `ScorePredictor`, e.g. `{"dropout_rate": 0.1}`.
        frame_size: (H, W) that videos are resized to before the centre crop to `image_size`, for the preprocessor.
        stored: `jpeg_quality`, `aspect` and `fit` of the training records (`DatasetInfo.stored`), for the preprocessor;
            None for those of the models that ship.
        backbone: a `Backbone`, or a `keras.Model` that becomes one; its weights are shared. None: a C3D for each part.
        decoding: how stages are decided: `"argmax"` frame by frame (§4.3), `"ordered"` or `"cyclic"`, see
            `StageDecision`.
        fragments: what the towers see: `"key"`, the key fragments that KFS finds, or `"whole"`, the video sampled
            evenly (the paper's −KFS, table 4). None: `"key"`, unless the sport has no stages.
        fragment_stages: score → names of the stages of its key fragment; None for those of the sport.
        views: test-time augmentation; the score is the mean over views. 1: off, as in the paper. 2: add a mirror image.
            6: also shift by ±1 frame. Whole videos have 1 or 2, features and backbones 1. Training sees one view.
        features: of the training records of features (`DatasetInfo.features`): `{"size": D, …}`; None for frames.
        provenance: what the weights were trained on; plain values.
        reference: `TrainingStatistics.get_config()`, as `inference.calibration` measures them; None if that was not
            done: the model then cannot tell what is unlike its training videos.

    Attributes:
        sport, scores, views, features, image_size, frame_size, provenance: as of the arguments.
        fragment_stages, seen_stages: stages of each score's fragment, and of all of them; empty without KFS.
        sampled_frames: T if the towers see only T even samples of a video; else None.
        backbone, segmenter, score_predictor: each a model; None if there is no such part.
        networks: the names of those that there are.
        preprocessor: makes inputs of videos.
        content, encoded: the key of the model's first input, and of the heads', `"frames"` or `"features"`.
        frame_rate: frames, or steps of features, per second of the training videos; None if unknown.
        reference: the `TrainingStatistics`, or None.

    Example:
    >>> model = ScoringNet(sport="diving", image_size=(64, 64), width_multiplier=1 / 8)
    >>> scores = model({"frames": frames, "mask": mask})  # doctest: +SKIP
    >>> model.compile(keras.optimizers.Adam(1e-3))
    >>> model.fit(videos(RECORDS, "train", batch_size=8))  # doctest: +SKIP
    """

    @clonable
    def __init__(
        self,
        sport: SportForm = "diving",
        image_size: Sequence[int] = defaults.IMAGE_SIZE,
        width_multiplier: float = defaults.WIDTH_MULTIPLIER,
        clip_lengths: Sequence[int] = defaults.CLIP_LENGTHS,
        score_statistics: Mapping[str, Sequence[float]] | None = None,
        kernel_l2: float = defaults.BETA,
        segmenter: dict[str, Any] | None = None,
        score_predictor: dict[str, Any] | None = None,
        frame_size: Sequence[int] = (128, 171),
        provenance: dict[str, Any] | None = None,
        preprocessing: dict[str, Any] | None = None,
        stored: dict[str, Any] | None = None,
        decoding: str = defaults.DECODING,
        scores: Sequence[str] | None = None,
        fragments: str | None = None,
        views: int = defaults.VIEWS,
        features: dict[str, Any] | None = None,
        fragment_stages: dict[str, Sequence[str]] | None = None,
        reference: dict[str, Any] | None = None,
        backbone: Backbone | keras.Model | dict[str, Any] | None = None,
        dtype: str | None = None,
        name: str = "scoring_net",
        **kwargs: Any,
    ):
        config, rules = arguments_of(locals()), get_sport(sport)
        scores = rules.tower_scores if scores is None else scores
        fragments = fragments or ("key" if rules.stages[1:] else "whole")
        if fragments not in FRAGMENTS:
            raise unknown_name("fragments", fragments, FRAGMENTS)
        if backbone is not None:
            if features:
                raise InputError("flags_conflict", "A model has a backbone or features, not both.")
            backbone = as_backbone(backbone, image_size)
            if tuple(image_size) not in (defaults.IMAGE_SIZE, backbone.frame_size):
                message = f"image_size is {tuple(image_size)}; the backbone sees {backbone.frame_size} (height, width)."
                raise InputError("wrong_shape", message, "Leave image_size out.")
            image_size = backbone.frame_size
        check_views(views, of_frames=not features and backbone is None, of_fragments=fragments == "key")
        if fragments == "key" and not rules.stages[1:]:
            raise InputError("no_stages", f"The sport {rules.name} has no stages.", "Use fragments='whole'.")
        _check_kept(provenance, features, reference)
        for score, names in (fragment_stages or {}).items():
            if score not in scores:
                raise unknown_name("fragment_stages", score, scores)
            if not names:
                raise InputError("wrong_value", f"fragment_stages names no stage for {score}.")
        shared: dict[str, Any] = {
            "sport": kept_form(rules),
            "image_size": image_size,
            "width_multiplier": width_multiplier,
            "preprocessing": preprocessing,
            "features": features["size"] if features else None if backbone is None else backbone.size,
            "dtype": dtype,
        }
        kfs = KeyFragmentSegmenter(**shared, **(segmenter or {})) if fragments == "key" else None
        sp = ScorePredictor(
            **shared,
            clip_lengths=clip_lengths,
            score_statistics=score_statistics,
            kernel_l2=kernel_l2,
            scores=scores,
            **(score_predictor or {}),
        )
        lengths = {score: sp.input[f"{score}_clip"].shape[1] for score in sp.scores}

        # === Functional Model ===
        # 1. The backbone, if there is one: a vector for every frame
        inputs = video_inputs(image_size, features["size"] if features else None)
        content, mask = inputs["features" if features else "frames"], inputs["mask"]
        encoded = content if backbone is None else backbone(inputs)
        # 2. KFS: a stage for every frame
        if kfs is None:
            decision, outputs, stages, labels = None, {}, {}, None
        else:
            decision = StageDecision(decoding, name="stage_decision", dtype="float32")
            stages = {score: rules.fragment(score) for score in lengths} | (fragment_stages or {})
            probabilities = kfs({"features" if shared["features"] else "frames": encoded, "mask": mask})
            labels = decision(probabilities, mask)
            outputs = {"stages": probabilities, "labels": labels}
        # 3. Key fragments, or whole videos, to SP
        selectors = [
            FragmentSelector(rules.stage_indices(stages.get(score, ())), n, name=f"{score}_fragment", dtype="float32")
            for score, n in lengths.items()
        ]
        clips, empty = select_views(sp.scores, selectors, encoded, labels, mask, views)
        outputs |= {**empty, **score_views(sp, clips, views)}
        super().__init__(inputs, outputs, name=name, **kwargs)

        # === Config ===
        self.backbone: Any = backbone
        self.segmenter: Any = kfs
        self.score_predictor = sp
        self.stage_decision: Any = decision
        self.selectors = selectors
        of_frames = {"image_size": image_size, "frame_size": frame_size, "stored": stored, "provenance": provenance}
        self.preprocessor = ScoringNetPreprocessor.of_network(of_frames)
        self._learned_parts = frozenset(["backbone"] if backbone is not None and backbone.pretrained else [])
        self.sport: Sport = rules
        self.scores = tuple(scores)
        self.views = views
        self.content = "features" if features else "frames"
        self.encoded = "features" if shared["features"] else "frames"
        self.features = features
        self.image_size: Any = tuple(image_size)
        self.frame_size: Any = tuple(frame_size)
        self.provenance = provenance
        self.frame_rate: float | None = (provenance or {}).get("frame_rate")
        self.reference = TrainingStatistics.from_config(reference) if reference else None
        parts = {"backbone": backbone, "segmenter": kfs, "score_predictor": sp}
        self.networks = tuple(part for part, network in parts.items() if network is not None)
        self.fragment_stages = {score: [*names] for score, names in stages.items()}
        self.seen_stages = [stage for stage in rules.stages if any(stage in names for names in stages.values())]
        of_samples = kfs is None and len({*lengths.values()}) == 1
        self.sampled_frames = lengths[scores[0]] if of_samples else None
        self._config = config | {
            "sport": kept_form(rules),
            "image_size": self.image_size,
            "clip_lengths": tuple(clip_lengths),
            "score_statistics": {k: list(v) for k, v in score_statistics.items()} if score_statistics else None,
            "frame_size": self.frame_size,
            "scores": self.scores,
            "fragments": fragments,
            "backbone": None,  # `get_config` adds it
        }

    @classmethod
    def for_records(
        cls, info: "DatasetInfo", initial_model: "ScoringNet | AnyPath | None" = None, **options: Any
    ) -> "ScoringNet":
        """A model for a folder of records: its sport, the statistics of its training scores, its frames.

        Args:
            info: `DatasetInfo` of the records.
            initial_model: a trained model, or what `from_preset` takes. The new model is built like it and has its
                weights; one standard deviation of the old scores becomes one of the new. None: the weights are new.
            **options: further arguments of the constructor; your `score_statistics` replace those of the records.

        Raises:
            InputError: the training split has no value of a score (`no_scores`) or one value (`equal_scores`);
                `initial_model` is built otherwise (`other_model`) or sees other content (`other_content`).
        """
        if initial_model is not None:
            source = initial_model if isinstance(initial_model, cls) else cls.from_preset(initial_model)
            options = {name: source.get_config()[name] for name in BUILT_OF} | options
            model = cls.for_records(info, **options)
            copy_network(model, source, "initial_model")
            return model
        own = options.pop("score_statistics", None) or {}
        towers = options.get("scores") or get_sport(info.sport).tower_scores
        measured = _measured(info, [score for score in towers if score not in own])
        of_frames = {"frame_size": info.frame_size, "stored": info.stored}
        backbone = options.get("backbone")
        if info.features or (isinstance(backbone, Backbone) and backbone.pretrained and not backbone.trainable):
            options["score_predictor"] = {"statistics": True} | (options.get("score_predictor") or {})
        return cls(
            sport=info.sport,
            score_statistics=measured | own,
            **({"features": info.features} if info.features else of_frames),
            provenance={
                "dataset": info.name,
                "data_hash": info.data_hash,
                "frame_rate": info.frame_rate,
                "simulation": info.simulation,
                "package_version": __version__,
            },
            **options,
        )

    @property
    def scores_learned(self) -> bool:
        """Whether every tower has learned, and KFS if there is one (`learned_parts`).

        Set it to True for weights from elsewhere, for example after `set_weights`.
        """
        return not self.unlearned_parts

    @scores_learned.setter
    def scores_learned(self, learned: bool) -> None:
        self.learned_parts = [*learning_parts(self)] if learned else self.learned_parts - {*self.scores}

    @property
    def recognised(self) -> tuple[int, ...]:
        """Places of the sport's `recognised_as` among the backbone's classes; empty if it cannot tell.

        Raises:
            InputError: the sport names a class that the backbone does not know (`unknown_name`).
        """
        if self.backbone is None or not self.backbone.recognises:
            return ()
        known = self.backbone.classes
        if unknown := [name for name in self.sport.recognised_as if name not in known]:
            message = (
                f"The sport {self.sport.name}: recognised_as has {unknown[0]!r}, which the backbone does not know."
            )
            raise InputError("unknown_name", message, f"It knows {len(known)} classes: {', '.join(known[:10])}, …")
        return tuple(known.index(name) for name in self.sport.recognised_as)

    def encode(self, inputs: Mapping[str, Any], training: bool | None = None) -> Any:
        """What the heads read of the model's inputs: what the backbone gives, (B, L, D), or the frames or features."""
        if self.backbone is None:
            return inputs[self.content]
        return self.backbone({"frames": inputs["frames"], "mask": inputs["mask"]}, training=training)

    def score_fragments(self, encoded: Any, stages: Any, mask: Any, training: bool | None = None) -> dict[str, Any]:
        """SP alone on the fragments that `stages`, int (B, L), mark: its outputs, and `empty_fragments` (B, n).

        A model without KFS scores whole videos and ignores the stages. `encoded` is as of `encode`.
        """
        views = 1 if training else self.views
        clips, empty = self.select_views(encoded, stages, mask, views)
        return {**score_views(self.score_predictor, clips, views, training=training), **empty}

    def select_views(
        self, encoded: Any, stages: Any, mask: Any, views: int | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the towers see of videos, see `tta.select_views`; None: in as many views as the model has."""
        stages = None if self.segmenter is None else stages
        views = self.views if views is None else views
        return select_views(self.scores, self.selectors, encoded, stages, mask, views)

    def with_backbone(self, backbone: Backbone) -> "ScoringNet":
        """The same heads behind the backbone that gave their features: a model of frames.

        Raises:
            InputError: the model takes no features (`sees_frames`), or they have another size (`other_features`).
        """
        if self.features is None:
            raise InputError("sees_frames", "with_backbone is for a model of features; this one takes frames.")
        if backbone.size != self.features["size"]:
            sizes = f"{backbone.size} numbers a frame, not {self.features['size']}"
            raise InputError("other_features", f"The backbone gives {sizes}.")
        stored = dict((self.features.get("origin") or {}).get("stored") or {})
        frame_size = stored.pop("frame_size", backbone.frame_size)
        of_frames = {"features": None, "frame_size": frame_size, "stored": stored or None}
        of_frames["image_size"] = backbone.frame_size
        return self._behind(backbone, of_frames)

    def for_inference(self) -> "ScoringNet":
        """The same model with a folded backbone, see `Backbone.fold`; itself if there is nothing to fold."""
        folded = None if self.backbone is None else self.backbone.fold()
        return self if folded is self.backbone else self._behind(folded, {})

    def _behind(self, backbone, changes):
        """This model with another backbone that gives it the same; `changes` replace configuration entries."""
        model = type(self)(**{**self.get_config(), **changes, "backbone": backbone})
        for part in self.networks:
            if part != "backbone":
                getattr(model, part).set_weights(getattr(self, part).get_weights())
        model.learned_parts |= self.learned_parts
        if self.reference and is_current(self):
            model.reference = dataclasses.replace(self.reference, weights=checksum(model))
            model._config["reference"] = model.reference.get_config()
        return model

    def get_config(self) -> dict[str, Any]:
        backbone = None if self.backbone is None else keras.saving.serialize_keras_object(self.backbone)
        return {**self._config, "backbone": backbone, "name": self.name}

    def with_dtype(self, dtype: str | None, **changes: Any) -> "ScoringNet":
        """See `Preset.with_dtype`; what has learned stays learned."""
        if self.backbone is not None:
            changes = {"backbone": self.backbone.with_dtype(dtype), **changes}
        twin = super().with_dtype(dtype, **changes)
        twin.learned_parts = self.learned_parts
        return twin

    def save_own_variables(self, store: Any) -> None:
        """Saves which parts have learned: that goes with the weights, not with the configuration."""
        store["learned"] = np.array([name in self.learned_parts for name in learning_parts(self)], "uint8")

    def load_own_variables(self, store: Any) -> None:
        """See `save_own_variables`; in an older file all have learned that its provenance does not exclude."""
        known = "learned" in store.keys()  # noqa: SIM118, which is no dictionary
        learned = np.asarray(store["learned"]) if known else [True] * len(learning_parts(self))
        self.learned_parts = [name for name, value in zip(learning_parts(self), learned, strict=True) if value]
        if not known and "score_predictor" in ((self.provenance or {}).get("untrained") or ()):
            self.scores_learned = False
