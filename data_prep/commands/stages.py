r"""Imports stage labels from annotation tools, or exports them to be corrected there.

    python -m data_prep stages FILE… --output=stage_labels.csv [--sport=diving] [--videos_dir=VIDEOS]
    python -m data_prep stages FILE… --output=tasks.json --to=label_studio [--videos_dir=VIDEOS]

FILE is stage_labels.csv, jump_drop_water_label.txt or Label Studio's JSON. Its content tells which. Every problem is
reported by file and row or region, and nothing is written then, unless --on_error=skip is set.
"""

import sys
from pathlib import Path

from absl import flags

from data_prep.stages import formats as stage_formats
from data_prep.stages.formats.videos import MAX_RATE, LabelledVideo, checked_videos, facts_reader
from scoringnet_tf.sports import named_sport
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError, counted, shown
from scoringnet_tf.support.paths import local_path

FLAGS = flags.FLAGS
flags.DEFINE_string("output", None, "File to write.", required=True)
flags.DEFINE_enum("to", "csv", stage_formats.WRITABLE, "Format to write; build reads csv.")
flags.DEFINE_string("sport", "diving", "Name of a shipped sport, or your own .yaml file.")
flags.DEFINE_string("videos_dir", None, "Folder with the videos, to check their frames.")
flags.DEFINE_float("fps", None, "Frames per second in Label Studio. Default: each video's own.", 1.0, MAX_RATE)
flags.DEFINE_enum("on_error", "refuse", ["refuse", "skip"], "Treatment for videos with a problem.")
CHOICES = ["refuse", "merge", "replace"]
flags.DEFINE_enum("existing", "refuse", CHOICES, "Treatment for an existing file; merge keeps other videos.")


def main(paths: list[str]) -> None:
    """Runs the command with the parsed flags."""
    output = local_path(FLAGS.output, "output")
    _check_flags(paths, output)
    facts_of, sport = facts_reader(FLAGS.videos_dir, FLAGS.fps), named_sport(FLAGS.sport)
    videos = [video for path in paths for video in stage_formats.read(path, facts_of)]
    formats = {FLAGS.to, *(stage_formats.recognise(Path(path)) for path in paths)}
    if FLAGS.fps is not None and "label_studio" not in formats:
        raise InputError("flag_unused", f"--fps has no effect with {', '.join(sorted(formats))}, which count frames.")
    videos = checked_videos(videos, sport, facts_of)
    sound = _sound(videos)
    is_source = output.exists() and any(output.samefile(path) for path in paths)
    if len(sound) < len(videos) and FLAGS.existing == "replace" and is_source:
        raise InputError("would_lose_labels", f"--output={output} would lose the videos that are left out.")
    written = stage_formats.merged(output, sound, facts_of) if FLAGS.existing == "merge" and output.exists() else sound
    stage_formats.write(FLAGS.to, output, written, facts_of)
    _report(output, sound, len(written))


def _check_flags(paths: list[str], output: Path) -> None:
    if not paths:
        raise InputError("missing_flag", "Files of stage labels are missing. See --help.")
    if FLAGS.videos_dir is not None and not Path(FLAGS.videos_dir).is_dir():
        raise InputError("not_found", f"--videos_dir: the folder {FLAGS.videos_dir} does not exist.")
    if FLAGS.existing == "merge" and FLAGS.to != "csv":
        raise InputError("flags_conflict", f"--existing=merge needs --to=csv, not {FLAGS.to}.")
    if output.is_dir():
        raise InputError("wrong_format", f"--output: {output} is a folder, not a file.")
    if output.exists() and FLAGS.existing == "refuse":
        choices = "--existing=merge or --existing=replace" if FLAGS.to == "csv" else "--existing=replace"
        raise InputError("exists", f"--output: {output} exists.", f"Use {choices}.")


def _report(output: Path, sound: list[LabelledVideo], num_written: int) -> None:
    if predicted := [video.video_id for video in sound if video.is_predicted]:
        print(f"Predictions that nobody has corrected: {shown(predicted)}.", file=sys.stderr)
    rates = [f"{video.video_id} ({video.frame_rate:g})" for video in sound if video.frame_rate is not None]
    if FLAGS.videos_dir is None and FLAGS.fps is None and rates:
        print(f"Frames/s that files state, unchecked without --videos_dir: {shown(rates)}.", file=sys.stderr)
    num_segments = sum(len(video.segments) for video in sound)
    kept = f" Kept those of {counted(num_written - len(sound), 'other')}." if FLAGS.existing == "merge" else ""
    print(f"Written to {output}: {counted(num_segments, 'stage')} of {counted(len(sound), 'video')}.{kept}")


def _sound(videos: list[LabelledVideo]) -> list[LabelledVideo]:
    """Returns the videos without problems and reports the others; InputError if those may not be left out."""
    problems = [problem for video in videos for problem in video.problems]
    sound = [video for video in videos if not video.problems]
    if problems and FLAGS.on_error == "refuse":
        raise InputError("wrong_stages", "\n".join(problems))
    if problems:
        print("\n".join([*problems, f"Left out: {counted(len(videos) - len(sound), 'video')}."]), file=sys.stderr)
    if not sound:
        raise InputError("no_stages", "No video has stage labels.")
    return sound


if __name__ == "__main__":
    sys.exit(cli.run(main, positional=True))
