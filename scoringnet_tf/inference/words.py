"""What results say in words: code → sentence and remedy. docs/serving.md lists the codes."""

from typing import Any

from scoringnet_tf.support.messages import Remark, counted

CALIBRATE = " Run: python -m scoringnet_tf.calibrate."
NOT_MEASURED = "They were not measured."
SENTENCES = {
    # Why a video, or a performance in it, has no score
    "frame_rate_too_low": "The video has {rate:.4g} frames/s, too few to see motion. Film at {trained:.4g} or more.",
    "picture_too_small": "The picture is {size}; at least {least} is needed. Use a larger one.",
    "not_recognised": "This {looks}. The model measures nothing else.",
    "too_few_frames": "The video has {frames} at {rate:.4g} frames/s; {least} are needed. Show the whole performance.",
    "missing_stage": "Missing stages: {stages}. Show the performance from start to end, in one shot.",
    "stage_order": "The stages are out of order, or one appears twice. Show one athlete, without replays and cuts.",
    "stage_duration": "{stages}. Show it in normal time, without cuts.",
    "impossible_flight": "A flight of {seconds:.2f} s {problem}.",
    "uncertain_stage": "The model is unsure: {stages}. Is the shot wide, is there a second athlete, or slow motion?",
    "unlike_training": (
        "The video does not look like the training videos (distance {distance:.3g}, limit {limit:.3g}). {remedy}"
    ),
    "impossible_score": "The scores are out of range: {scores}.",
    "no_performance": "No whole performance found. Show one from start to end, in one shot and at its own speed.",
    "none_scored": "The video shows {performances}; none has a score.",
    "several_performances": "The video shows {performances}{which}",
    # Why no score of a model measures a video
    "scores_not_learned": "The model has no scores: it learned stages alone.",
    "simulated_training": (
        "The model learned its scores from {pixels} video alone. They are not a measurement; --force shows them."
    ),
    # What the reader of a result must know
    "beginning_missing": "The performance begins before {seconds:.2f} s; its beginning was not scored.",
    "empty_fragment": "No key fragment was found for {score}. It was scored on the whole video.",
    "beginning_unsure": "It is not sure when the {stage} begins: no {before}, or too little, was seen right before.",
    "end_not_shown": "No {following} was seen: the {stage} ends with the shot, or less than 0.5 s before its end.",
    "end_unsure": (
        "It is not sure when the {stage} ends: no {following} follows at once. Is there a second athlete, or is the "
        "film in slow motion (--speed)?"
    ),
    "no_pose_model": "The body was not looked for: no estimator of joints is installed (README, “The body”).",
    "no_joints": "Nobody was followed in the flight, so there are no joints to score.",
    "several_athletes": "{count} athletes fall together. Each is measured.",
    "not_seen": "Not seen of the body: {which}.",
    "corrected": "Corrected by hand on {date}: {what}.",
    "slow_motion": "A flight of {seconds:.2f} s is long. If the film is in slow motion, add --speed.",
    "barely_recognised": "This may be something else: it looks like {wanted} with a probability of {probability:.2f}.",
    "far_from_training": "The video looks nearly unlike the training videos.",
    "frame_rate_assumed": "The model does not know the steps per second of its features; {rate:g} is assumed.",
    "frames_missing": (
        "Frames are missing from {start:.2f} to {end:.2f} s{more}. The model saw blends of their neighbours."
    ),
    "frames_repeated": "The picture stands still from {start:.2f} to {end:.2f} s: times and turns may be wrong.",
    "length_unlike_training": "The features have {steps}; those of training had {shortest} to {longest}.",
    "partial_performance": "Another performance, or a replay, from {start:.2f} to {end:.2f} s was left out: {problem}.",
    # What is not known of a model
    "no_reference": "The model has no statistics of its training videos, so unlike videos are not detected.{remedy}",
    "stale_reference": (
        "The model was trained further after its training statistics were measured; they may be wrong." + CALIBRATE
    ),
    "no_intervals": "The model states no intervals for {which}. {lacking}" + CALIBRATE,
    "no_distance": "The model has statistics of {videos}: too few to tell what is unlike.",
    "simulated_times": (
        "The uncertainty (±) of times was measured on simulated video. On film they may be further off."
    ),
}
SIDES = {"entry angle": ("short of the vertical", "past the vertical")}  # what a measure's sign means: below 0, above
MODEL_REASONS = ("simulated_training", "scores_not_learned")  # they do not speak against the stages
MODEL_WARNINGS = ("no_reference", "stale_reference", "no_intervals", "no_distance", "simulated_times")


def remark(code: str, **facts: Any) -> Remark:
    """The `Remark` of a code, with these facts in its sentence."""
    return Remark(code, SENTENCES[code].format(**facts))


def several_performances(number: int, given: int, what: str = "scores") -> Remark:
    """Why a video of several performances has no score itself, if `given` of them have scores, or stages."""
    performances = counted(number, "performance")
    if not given:
        return remark("none_scored", performances=performances)
    which = f"each has its own {what}" if given == number else f"{given} {'has' if given == 1 else 'have'} {what}"
    return remark("several_performances", performances=performances, which=f"; {which}.")


def not_seen(remarks: list[Remark]) -> list[str]:
    """The names of what was not seen of the body."""
    told = [str(each) for each in remarks if each.code == "not_seen"]
    return [name for sentence in told for name in sentence.partition(": ")[2].rstrip(".").split(", ")]


def performance_reasons(reasons: list[Remark]) -> list[Remark]:
    """The reasons that speak against a performance, and not against all scores of the model."""
    return [reason for reason in reasons if reason.code not in MODEL_REASONS]
