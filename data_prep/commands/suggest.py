r"""Suggests stage labels for videos that have none: you correct instead of labelling.

    python -m data_prep suggest --videos_dir=VIDEOS --format=label_studio --output=tasks.json [--model=MODEL]
    python -m data_prep suggest VIDEO… --output=stage_labels.csv [--model=MODEL]

The stage head of a trained ScoringNet labels every frame, like `python -m scoringnet_tf.predict`. Correct the labels in
an annotation tool and bring them back with `python -m data_prep stages`. A video that cannot be decoded to its end is
reported and left out; the exit status is then 1.
"""

import shlex
import sys
from pathlib import Path

from absl import flags

from data_prep.stages import formats as stage_formats
from scoringnet_tf.sports import Sport, option_form
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.model_files import DEFAULT_HELP, check_model, default_model
from scoringnet_tf.support.paths import local_path

FLAGS = flags.FLAGS
flags.DEFINE_string("output", None, "New file.", required=True)
flags.DEFINE_enum("format", "csv", stage_formats.WRITABLE, "Format to write, for the tool to correct in.")
flags.DEFINE_string("videos_dir", None, "Folder with the videos, if there are no VIDEO arguments.")
flags.DEFINE_string("model", None, f"ScoringNet (.keras file, or folder with one). {DEFAULT_HELP}")
flags.DEFINE_integer("workers", None, "Decoding processes. Default: one per core.", lower_bound=1)

HOW_TO_CORRECT = {
    "csv": "Correct {output}: frames count from 0, an end is the first frame after the stage.",
    "label_studio": 'Correct in Label Studio: import {output}, export as JSON. It needs a storage "Local files" of '
    "{folder} below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={parent}, and an interface with "
    '<Video name="video" value="$video" frameRate="$fps"/> and <TimelineLabels name="stages" toName="video">.',
}


def main(paths: list[str]) -> int:
    """Runs the command with the parsed flags; returns its exit status."""
    from data_prep.stages.suggestion import find_videos, load_model, suggest_stages

    videos_dir, video_ids = find_videos(FLAGS.videos_dir, paths)
    output = local_path(FLAGS.output, "output")
    _prepare(output)
    check_model(FLAGS.model or default_model())
    cli.load_tensorflow()
    model = load_model(FLAGS.model)
    videos, facts_of = suggest_stages(model, videos_dir, video_ids, FLAGS.workers)
    for video in videos:
        if video.problems:
            print("\n".join([*video.problems, f"Left out: {video.video_id}"]), file=sys.stderr)
    sound = [video for video in videos if not video.problems]
    if not sound:
        raise InputError("unreadable", "No video can be decoded. Nothing was written.")
    stage_formats.write(FLAGS.format, output, sound, facts_of)
    num_segments = sum(len(video.segments) for video in sound)
    print(f"Written to {output}: {counted(num_segments, 'stage')} of {counted(len(sound), 'video')}.")
    if (model.provenance or {}).get("simulation"):
        print("The model was trained on simulated video: expect much to correct on filmed video.")
    print(_next_steps(output, model.sport, videos_dir))
    return 1 if len(sound) < len(videos) else 0


def _prepare(output: Path) -> None:
    """Checks that `output` is new and can be written; an existing file may have been corrected since."""
    if output.exists():
        raise InputError("exists", f"--output: {output} exists.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("not_written", f"--output: {error}.") from error


def _next_steps(output: Path, sport: Sport, videos_dir: Path) -> str:
    folder, whole = (shlex.quote(str(path)) for path in (videos_dir, videos_dir.resolve()))
    parent = shlex.quote(str(videos_dir.resolve().parent))
    labels = shlex.quote(str(videos_dir / "stage_labels.csv"))
    option = shlex.quote(option_form(sport, output.with_name(f"{output.name}.sport.yaml")))
    return "\n".join(
        [
            "Next:",
            f"  {HOW_TO_CORRECT[FLAGS.format].format(output=output, folder=whole, parent=parent)}",
            "  Then bring them back, and build beside a manifest.csv (video,split,…) in that folder:",
            f"  python -m data_prep stages CORRECTED… --output={labels} --sport={option} --videos_dir={folder}",
            f"  python -m data_prep build --dataset=manifest --source_dir={folder} --sport={option} --output_dir=…",
        ]
    )


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True, uses_keras=True))
