"""Trained models, loaded by name or path (`support.model_files`), and what records and users ask of them."""

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from scoringnet_tf.data.dataset_info import DatasetInfo, records_of
from scoringnet_tf.data.features import feature_differences, rate_differences
from scoringnet_tf.data.preprocessing import Form, form_differences
from scoringnet_tf.models.training_statistics import Intervals
from scoringnet_tf.sports import differences, get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import local_file
from scoringnet_tf.support.model_files import check_is_file, check_whole, damaged, model_path
from scoringnet_tf.support.paths import AnyPath

if TYPE_CHECKING:
    import keras

    from scoringnet_tf.models.scoring_net import ScoringNet

Kind = TypeVar("Kind", bound="keras.Model")


def load_keras(path: AnyPath, kind: type[Kind], flag: str) -> Kind:
    """The model of class `kind` in the `.keras` file at `path`; else InputError, naming `flag`."""
    import keras

    where = f"--{flag}={path}"
    check_is_file(path, flag)
    try:
        with local_file(path) as file:
            check_whole(file)
            model = keras.models.load_model(file, compile=False)
    except Exception as error:  # zipfile's, zlib's, HDF5's, JSON's, Keras's: a damaged file raises whatever they meet
        raise damaged(where, error) from error
    if not isinstance(model, kind):
        raise InputError("wrong_model", f"--{flag}={path} is a {type(model).__name__}, not a {kind.__name__}.")
    unsound = [
        variable.path for variable in model.weights if not np.isfinite(keras.ops.convert_to_numpy(variable)).all()
    ]
    if unsound:
        raise InputError("not_finite", f"--{flag}={path} has NaN or infinity in its weights, in {unsound[0]} first.")
    return model


def load_scoring_net(path: AnyPath | None = None, flag: str = "model") -> "ScoringNet":
    """The `ScoringNet` at `path`, see `model_files.model_path`; InputError, naming `flag`, where there is none."""
    from scoringnet_tf.models.scoring_net import ScoringNet

    return load_keras(model_path(path, flag), ScoringNet, flag)


def check_trained(
    model: "ScoringNet", path: AnyPath | None, flag: str = "model", parts: Collection[str] | None = None
) -> None:
    """That what a model is asked for has been trained: noise and means look like stages and scores.

    Args:
        model: a `ScoringNet`.
        path: of it; None for one that is no file.
        flag: how the user calls that path.
        parts: names of `models.parts.learning_parts`; None for all that a score is made by.

    Raises:
        InputError: naming `flag`, with the code `not_trained`.
    """
    unlearned = [name for name in model.unlearned_parts if parts is None or name in parts]
    if unlearned:
        name = "The model" if path is None else f"--{flag}={path}"
        raise InputError(
            "not_trained",
            f"{name} is not trained: {' and '.join(unlearned)} never learned.",
            "Train it. If its weights come from elsewhere, set model.scores_learned = True and save it.",
        )


def with_views(model: "ScoringNet", views: int) -> "ScoringNet":
    """The same `ScoringNet` that scores from so many views of a fragment; InputError where it cannot (`--views`).

    With another number its scores err otherwise: it states no intervals until they are measured anew.
    """
    changes = {"views": views}
    if views != model.views:
        changes |= _without_intervals(model, "They were measured with another number of views.")
    return model.with_dtype(model.get_config()["dtype"], **changes)


def with_decoding(model: "ScoringNet", decoding: str) -> "ScoringNet":
    """The same `ScoringNet` that decodes stages otherwise; then it states no intervals, which went by its own way."""
    changes = {"decoding": decoding}
    if decoding != model.stage_decision.decoding:
        changes |= _without_intervals(model, "They were measured with stages that were decoded in another way.")
    return model.with_dtype(model.get_config()["dtype"], **changes)


def _without_intervals(model, why):
    """The change of a model's settings that leaves out its intervals."""
    if not model.reference:
        return {}
    return {"reference": dataclasses.replace(model.reference, intervals=Intervals.none(why)).get_config()}


def form_of(model: "ScoringNet") -> Form:
    """How the frames were stored that a `ScoringNet` learned from; of one that says of no training, unknown."""
    if not model.provenance:
        return Form()
    form = model.preprocessor.form
    # One of before this was kept learned from records of the paper's aspect; the rest is not known of it.
    return form if model.get_config()["stored"] else form._replace(jpeg_quality=None, fit=None)


def check_fits(model: "ScoringNet", info: DatasetInfo) -> None:
    """InputError where records (`DatasetInfo`) are not of the sport and frames, or features, that a model learned."""
    if info.classes:
        raise InputError(
            "records_of_classes",
            f"The records {info.records_dir} have classes, not scored performances.",
            "They are for pretrain.",
        )
    _check_sport(model.sport, info)
    expected: dict[str, tuple] = {"content": (model.content, "features" if info.features else "frames")}
    if model.content == "frames" and not info.features:
        expected["frame size (height, width)"] = (tuple(model.frame_size), tuple(info.frame_size))
    for what, (of_model, of_records) in expected.items():
        if of_model != of_records:
            raise InputError(
                "other_content",
                f"The {what} of the records {info.records_dir} is {of_records}; the model's is {of_model}.",
            )
    if model.content == "frames":
        different = form_differences(form_of(model), info.form)
        if different:
            raise InputError(
                "other_content",
                f"The records {info.records_dir} store frames otherwise than the model learned them: "
                f"{'; '.join(different)}.",
                "Build records of that form, or run predict on the videos.",
            )
    if model.content == "features":
        different = feature_differences(model.features, info.features)  # type: ignore[arg-type]
        if model.sampled_frames != 1:  # of one step nothing has a rate
            different += rate_differences(model.frame_rate, info.frame_rate)
        if different:
            raise InputError(
                "other_content",
                f"The records {info.records_dir} have other features than the model learned: {'; '.join(different)}.",
            )


def check_dataset(model: "ScoringNet", dataset: Any) -> None:
    """`check_fits` for the records that a dataset was made of, see `records_of`; other data pass."""
    for info in records_of(dataset):
        check_fits(model, info)


def check_learns(model: "ScoringNet", dataset: Any) -> None:
    """`check_dataset` for training: records must be those that the model is for.

    The model keeps their frame rate, form and statistics, by which it scores videos later.

    Raises:
        InputError: with the code `other_records`.
    """
    known = (model.provenance or {}).get("data_hash")
    for info in records_of(dataset):
        if known not in (None, info.data_hash):
            raise InputError(
                "other_records",
                f"The model was made for other records than {info.records_dir}.",
                "Train ScoringNet.for_records(info, initial_model=model): it starts from the same weights.",
            )
    check_dataset(model, dataset)


def _check_sport(sport, info):
    """InputError where records are of another sport than `sport`, or of one of the same name that is not the same."""
    if info.sport_name != sport.name:
        records = f"The records {info.records_dir} are of {info.sport_name or 'no sport'}"
        raise InputError("other_sport", f"{records}; the model scores {sport.name}.")
    different = differences(get_sport(info.sport), sport)
    if different:
        where = f"The records {info.records_dir} define {sport.name} otherwise than the model"
        raise InputError("other_sport", f"{where}: {'; '.join(different)}.")
