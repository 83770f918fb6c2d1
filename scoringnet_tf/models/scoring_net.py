"""ScoringNet: key fragment segmentation and score prediction in one functional model (§3, Fig. 1)."""

import dataclasses
import inspect
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from scoringnet_tf import __version__, defaults
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.features import are_joints
from scoringnet_tf.data.preprocessor import ScoringNetPreprocessor
from scoringnet_tf.models.backbones.backbone import Backbone, as_backbone
from scoringnet_tf.models.backbones.joints import SIZE, JointFeatures
from scoringnet_tf.models.compatibility import copy_network
from scoringnet_tf.models.decoding import StageDecision
from scoringnet_tf.models.fragments import FragmentSelector, select_fragments
from scoringnet_tf.models.parameter_groups import learning_parts
from scoringnet_tf.models.saving import Functional, Preset
from scoringnet_tf.models.score_prediction import ScorePredictor
from scoringnet_tf.models.segmentation import KeyFragmentSegmenter, video_inputs
from scoringnet_tf.models.settings import DEFAULT, Settings, completed, defaults_of, merged, plain
from scoringnet_tf.models.trainer import Trainer
from scoringnet_tf.models.training_statistics import TrainingStatistics, checksum, is_current
from scoringnet_tf.sports import Sport, SportForm, get_sport, kept_form
from scoringnet_tf.support.messages import InputError, unknown_name
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.threads import check_not_forked

keras.saving.register_keras_serializable(package="scoringnet_tf")(ScoringNetPreprocessor)  # which knows no Keras

SEGMENTER = defaults_of(KeyFragmentSegmenter, decoding=defaults.DECODING)
SCORE_PREDICTOR = defaults_of(ScorePredictor, fragment_stages=None)
CONTENT: Settings = {"frame_size": (128, 171), "stored": None, "preprocessing": None, "features": None}


def _without(settings: Settings, *names: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


# === Checks ===


def _check_stages(fragment_stages: Settings | None, scores: Collection[str]) -> None:
    """InputError if stages are named for no tower, or none for one."""
    for score, names in (fragment_stages or {}).items():
        if score not in scores:
            raise unknown_name("fragment_stages", score, scores)
        if not names:
            raise InputError("wrong_value", f"fragment_stages names no stage for {score}.")


def _check_kept(provenance: Settings | None, features: Settings | None) -> None:
    """InputError (`wrong_value`) if what a model keeps from training is not what scoring needs."""
    kept = provenance or {}
    rate, simulation = kept.get("frame_rate"), kept.get("simulation")
    if not isinstance(simulation, dict | None) or (rate is not None and not _is_positive(rate)):
        raise InputError("wrong_value", f"provenance: frame_rate {rate!r} or simulation {simulation!r} is impossible.")
    if features and not all(_is_positive(features.get(name)) for name in ("size", "stride")):
        raise InputError("wrong_value", f"features need a positive size and stride, not {features!r}.")


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoringNet(Preset, Trainer, Functional):
    """Scores an untrimmed video: a stage head (KFS) labels its frames, score heads (SP) read the key fragments.

    Call arguments: `{"frames": uint8 (B, L, H, W, 3) RGB, "mask": bool (B, L), true for real frames}`; L is free, and
    shorter videos are padded on the right. `preprocessor` makes them from a video. Returns a dictionary:

    - `stages`: (B, L, S) stage probabilities per frame;
    - `labels`: int32 (B, L), every frame's stage; ignore padding's;
    - `difficulty`, `execution`, `final`: (B,), points;
    - `empty_fragments`: bool (B, n), true if KFS found no frame for a tower, which saw the whole video instead.

    The fragments are cut by `labels`: no gradient flows from SP to KFS.

    Three parts, each a model: a backbone, a stage head and score heads. Without a backbone, as in the paper, each head
    has its own C3Ds. With one a video is read once, and the heads read its features. A model for records of features
    takes `{"features": (B, L, D) float32, "mask"}`; of joints its heads read `JointFeatures`. Without a
    stage head the towers see whole videos, and `stages`, `labels` and `empty_fragments` are missing.

    `keras.models.clone_model` gives a plain functional model; `type(model).from_config(model.get_config())` a
    ScoringNet.

    Args:
        sport: a `sports.Sport`, the name of one that ships, or your own definition, kept whole.
        image_size: the frames' (H, W); a backbone has its own.
        width_multiplier: scales the heads' layers.
        backbone: a `Backbone`, or a `keras.Model` that becomes one. None: a C3D for each part.
        segmenter: the stage head's settings: those that `KeyFragmentSegmenter` takes, and

            - `decoding`: how stages are decided: `"argmax"` frame by frame (§4.3), `"ordered"` or `"cyclic"`, see
              `StageDecision`.

            None: no stage head (the paper's −KFS, table 4). A sport without stages never has one.
        score_predictor: the score heads' settings: those that `ScorePredictor` takes, and

            - `fragment_stages`: score → its key fragment's stages; None: the sport's.
        content: what the training records hold. Frames: `frame_size`, (H, W) before the centre crop; `stored`, their
            `jpeg_quality`, `aspect` and `fit` (`DatasetInfo.stored`; None: as in models that ship);
            `C3D`'s `preprocessing`. Or `{"features": …}` (`DatasetInfo.features`).
        provenance: what the weights were trained on; plain values.
        reference: `TrainingStatistics.get_config()`, measured by `inference.calibration`. None: the model cannot tell
            what is unlike its training videos.
        dtype: dtype policy; its heads' dense layers stay float32.
        **kwargs: `name` and `trainable`.

    Attributes:
        sport, image_size, provenance: the arguments.
        scores, features, frame_size: settings.
        fragment_stages, seen_stages: each score's fragment's stages, and all; empty without KFS.
        sampled_frames: T if the towers see only T even samples; else None.
        backbone, segmenter, score_predictor: each a model; None if there is no such part.
        joint_features: the `JointFeatures` of a model of joints; else None.
        networks: which of these three there are.
        preprocessor: makes inputs from videos.
        content, encoded: the model's and the heads' first input, `"frames"` or `"features"`.
        frame_rate: frames, or feature steps, per second in training; None if unknown.
        reference: the `TrainingStatistics`, or None.

    Raises:
        InputError: settings that there are not, or a name in them (`unknown_name`); values that cannot be
            (`wrong_value`); a backbone beside features (`flags_conflict`), or in another size (`wrong_shape`).

    Example:
    >>> model = ScoringNet(sport="diving", image_size=(64, 64), width_multiplier=1 / 8)
    >>> scores = model({"frames": frames, "mask": mask})  # doctest: +SKIP
    >>> model.compile(keras.optimizers.Adam(1e-3))
    >>> model.fit(videos(RECORDS, "train", batch_size=8))  # doctest: +SKIP
    """

    def __init__(
        self,
        sport: SportForm = "diving",
        image_size: Sequence[int] = defaults.IMAGE_SIZE,
        width_multiplier: float = defaults.WIDTH_MULTIPLIER,
        backbone: Backbone | keras.Model | dict[str, Any] | None = None,
        segmenter: Settings | None = DEFAULT,
        score_predictor: Settings = DEFAULT,
        content: Settings = DEFAULT,
        provenance: dict[str, Any] | None = None,
        reference: dict[str, Any] | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ):
        check_not_forked()
        if unknown := sorted({*kwargs} - {"name", "trainable"}):  # Keras would ignore it
            raise unknown_name("ScoringNet", unknown[0], [*inspect.signature(ScoringNet).parameters][:-1])
        if dtype is not None:
            keras.dtype_policies.get(dtype)  # refuses an unknown one, which no layer on features would look at
        rules, image_size = get_sport(sport), tuple(image_size)
        content = completed("content", content, CONTENT)
        features, has_stages = content["features"], segmenter is not None and bool(rules.stages[1:])
        if backbone is not None:
            if features:
                raise InputError("flags_conflict", "A model has a backbone or features, not both.")
            backbone = as_backbone(backbone, image_size)
            image_size = backbone.frame_size
        segmenter = completed("segmenter", segmenter or {}, SEGMENTER) if has_stages else None
        score_predictor = completed("score_predictor", score_predictor, SCORE_PREDICTOR)
        scores = tuple(score_predictor["scores"] or rules.tower_scores)
        _check_stages(score_predictor["fragment_stages"], scores)
        _check_kept(provenance, features)
        shared: dict[str, Any] = {
            "sport": kept_form(rules),
            "image_size": image_size,
            "width_multiplier": width_multiplier,
            "preprocessing": content["preprocessing"],
            "features": SIZE if are_joints(features) else features["size"] if features else backbone and backbone.size,
            "dtype": dtype,
        }

        # === Functional Model ===
        # 1. The backbone, if there is one: a vector for every frame
        inputs = video_inputs(image_size, features["size"] if features else None)
        self_encoded = "features" if shared["features"] else "frames"
        mask = inputs["mask"]
        encoded = inputs["features" if features else "frames"] if backbone is None else backbone(inputs)
        joints = JointFeatures(name="joint_features", dtype="float32") if are_joints(features) else None
        encoded = encoded if joints is None else joints(encoded, mask)
        # 2. KFS: a stage for every frame
        kfs = decision = labels = None
        outputs: dict[str, Any] = {}
        stages: dict[str, Sequence[str]] = {}
        if segmenter is not None:
            kfs = KeyFragmentSegmenter(**shared, **_without(segmenter, "decoding"))
            decision = StageDecision(segmenter["decoding"], name="stage_decision", dtype="float32")
            stages = {score: rules.fragment(score) for score in scores} | (score_predictor["fragment_stages"] or {})
            probabilities = kfs({self_encoded: encoded, "mask": mask})
            labels = decision(probabilities, mask)
            outputs = {"stages": probabilities, "labels": labels}
        # 3. Key fragments, or whole videos, to SP
        sp = ScorePredictor(**shared, **_without(score_predictor, "fragment_stages"))
        lengths = {score: sp.input[f"{score}_clip"].shape[1] for score in sp.scores}
        selectors = [
            FragmentSelector(rules.stage_indices(stages.get(score, ())), n, name=f"{score}_fragment", dtype="float32")
            for score, n in lengths.items()
        ]
        clips, empty = select_fragments(sp.scores, selectors, encoded, labels, mask)
        outputs |= {**empty, **sp(clips)}
        super().__init__(inputs, outputs, **{"name": "scoring_net", **kwargs})

        # === Config ===
        self.backbone: Any = backbone
        self.joint_features: Any = joints
        self.segmenter: Any = kfs
        self.score_predictor = sp
        self.stage_decision: Any = decision
        self.selectors = selectors
        parts = {"backbone": backbone, "segmenter": kfs, "score_predictor": sp}
        self.networks = tuple(part for part, network in parts.items() if network is not None)
        self._learned_parts = frozenset(["backbone"] if backbone is not None and backbone.pretrained else [])
        self.sport: Sport = rules
        self.scores = scores
        self.features: Any = features
        self.content, self.encoded = "features" if features else "frames", self_encoded
        self.image_size: Any = image_size
        self.frame_size: Any = tuple(content["frame_size"])
        self.provenance = provenance
        self.frame_rate: float | None = (provenance or {}).get("frame_rate")
        self.preprocessor = ScoringNetPreprocessor(
            image_size, self.frame_size, **(content["stored"] or {}), frame_rate=self.frame_rate
        )
        self.reference = TrainingStatistics.from_config(reference) if reference else None
        self.fragment_stages = {score: [*names] for score, names in stages.items()}
        self.seen_stages = [stage for stage in rules.stages if any(stage in names for names in stages.values())]
        self.sampled_frames = lengths[scores[0]] if kfs is None and len({*lengths.values()}) == 1 else None
        self._config = {
            "sport": shared["sport"],
            "image_size": plain(image_size),
            "width_multiplier": width_multiplier,
            "segmenter": plain(segmenter),
            "score_predictor": plain({**score_predictor, "scores": scores}),
            "content": plain(content),
            "provenance": provenance,
            "reference": reference,
            "dtype": dtype,
        }

    @classmethod
    def for_records(
        cls, info: DatasetInfo, initial_model: "ScoringNet | AnyPath | None" = None, **options: Any
    ) -> "ScoringNet":
        """A model for a folder of records: its sport, frames and training scores.

        Args:
            info: the records' `DatasetInfo`.
            initial_model: a trained model, or what `from_preset` takes. The new model is built like it and has its
                weights; one old standard deviation becomes a new one. None: the weights are new.
            **options: further constructor arguments. Your `score_statistics` replace the records'.

        Raises:
            InputError: a training score has no value (`no_scores`) or one (`equal_scores`); `initial_model` is built
                otherwise (`other_model`) or sees other content (`other_content`).
        """
        if initial_model is not None:
            source = initial_model if isinstance(initial_model, cls) else cls.from_preset(initial_model)
            model = cls.for_records(info, **merged(source._built_of(), options))
            copy_network(model, source, "initial_model")
            return model
        of_scores = options.get("score_predictor") or {}
        own = of_scores.get("score_statistics") or {}
        towers = of_scores.get("scores") or get_sport(info.sport).tower_scores
        info.check_learnable([score for score in towers if score not in own])
        known = info.score_statistics.get("train", {})
        measured = {score: [known[score][name] for name in ("mean", "std")] for score in towers if score not in own}
        backbone = options.get("backbone")
        is_frozen = isinstance(backbone, Backbone) and backbone.pretrained and not backbone.trainable
        of_features = {"score_predictor": {"statistics": True}} if info.features or is_frozen else {}
        of_frames = {"frame_size": info.frame_size, "stored": info.stored}
        of_records = {
            "sport": info.sport,
            "score_predictor": {"score_statistics": {**measured, **own}},
            "content": {"features": info.features} if info.features else of_frames,
            "provenance": {
                "dataset": info.name,
                "data_hash": info.data_hash,
                "frame_rate": info.frame_rate,
                "simulation": info.simulation,
                "package_version": __version__,
            },
        }
        return cls(**merged(of_features, options, of_records))

    def _built_of(self) -> dict[str, Any]:
        """The constructor's arguments that say nothing about records."""
        config = _without(self.get_config(), "sport", "provenance", "reference", "name")
        config["score_predictor"] = _without(config["score_predictor"], "score_statistics")
        return {**config, "content": {"preprocessing": config["content"]["preprocessing"]}}

    @property
    def form(self) -> dict[str, Any]:
        """How its training frames were stored, for `form_differences`; unknown if it has no provenance."""
        return self.preprocessor.form if self.provenance else {}

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
        """The sport's `recognised_as` as places among the backbone's classes; empty if it cannot tell.

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
        """What the heads read: what the backbone or `JointFeatures` give, (B, L, D), or the frames or features."""
        if self.joint_features is not None:
            return self.joint_features(inputs["features"], inputs["mask"])
        if self.backbone is None:
            return inputs[self.content]
        return self.backbone({"frames": inputs["frames"], "mask": inputs["mask"]}, training=training)

    def score_fragments(self, encoded: Any, stages: Any, mask: Any, training: bool | None = None) -> dict[str, Any]:
        """SP alone on the fragments that `stages`, int (B, L), mark: its outputs, and `empty_fragments` (B, n).

        A model without KFS scores whole videos and ignores the stages. `encoded` is from `encode`.
        """
        clips, empty = self.select_fragments(encoded, stages, mask)
        return {**self.score_predictor(clips, training=training), **empty}

    def select_fragments(self, encoded: Any, stages: Any, mask: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the towers see, see `fragments.select_fragments`."""
        stages = None if self.segmenter is None else stages
        return select_fragments(self.scores, self.selectors, encoded, stages, mask)

    # === Copies ===

    def with_backbone(self, backbone: Backbone) -> "ScoringNet":
        """The same heads behind the backbone that gave their features: they take frames.

        Raises:
            InputError: the model takes no features (`sees_frames`), or they have another size (`other_features`).
        """
        if self.features is None:
            raise InputError("sees_frames", "with_backbone is for a model of features; this one takes frames.")
        if backbone.size != self.features["size"]:
            sizes = f"{backbone.size} numbers a frame, not {self.features['size']}"
            raise InputError("other_features", f"The backbone gives {sizes}.")
        stored = dict((self.features.get("origin") or {}).get("stored") or {})
        frames = {"frame_size": stored.pop("frame_size", backbone.frame_size), "stored": stored or None}
        config = {**self.get_config(), "image_size": backbone.frame_size, "backbone": backbone}
        return self._behind(merged(config, {"content": {**frames, "features": None}}))

    def for_inference(self) -> "ScoringNet":
        """The same model with a folded backbone, see `Backbone.fold`; itself if there is nothing to fold."""
        folded = None if self.backbone is None else self.backbone.fold()
        return self if folded is self.backbone else self._behind({**self.get_config(), "backbone": folded})

    def with_dtype(self, dtype: str | None, **changes: Any) -> "ScoringNet":
        """See `Preset.with_dtype`; settings in `changes` replace single ones, and what has learned stays learned."""
        backbone = None if self.backbone is None else self.backbone.with_dtype(dtype)
        twin = self._with_heads(merged(self.get_config(), {"dtype": dtype, "backbone": backbone}, changes))
        twin.learned_parts = self.learned_parts
        return twin

    def _behind(self, config: dict[str, Any]) -> "ScoringNet":
        """A model by this configuration, whose backbone gives these heads the same."""
        model = self._with_heads(config)
        model.learned_parts |= self.learned_parts
        if self.reference and is_current(self):
            model.reference = dataclasses.replace(self.reference, weights=checksum(model))
            model._config["reference"] = model.reference.get_config()
        return model

    def _with_heads(self, config: dict[str, Any]) -> "ScoringNet":
        """A model by this configuration with these heads' weights."""
        model = type(self)(**config)
        for part in self.networks:
            if part != "backbone":
                getattr(model, part).set_weights(getattr(self, part).get_weights())
        return model

    def get_config(self) -> dict[str, Any]:
        backbone = None if self.backbone is None else keras.saving.serialize_keras_object(self.backbone)
        return {**self._config, "backbone": backbone, "name": self.name}

    def save_own_variables(self, store: Any) -> None:
        """Saves which parts have learned: that goes with the weights, not with the configuration."""
        store["learned"] = np.array([name in self.learned_parts for name in learning_parts(self)], "uint8")

    def load_own_variables(self, store: Any) -> None:
        """See `save_own_variables`."""
        learned = zip(learning_parts(self), np.asarray(store["learned"]), strict=True)
        self.learned_parts = [name for name, value in learned if value]
