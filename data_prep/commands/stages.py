r"""Imports stage labels from annotation tools, or exports them to be corrected there.

    python -m data_prep stages FILE… --output=stage_labels.csv [--sport=diving] [--videos_dir=VIDEOS]
    python -m data_prep stages FILE… --output=FOLDER --to=elan [--videos_dir=VIDEOS]

FILE is stage_labels.csv, jump_drop_water_label.txt, Label Studio's JSON, CVAT's XML for video 1.1 or the ZIP with it,
ELAN's .eaf, or a folder in FineDiving's layout; it is recognised by what is in it. Every problem is reported by file
and row, region or annotation, and unless --on_error=skip says otherwise, nothing is written then. Nor is anything that
is there replaced, unless --existing says how.
"""

import sys
from pathlib import Path, PurePosixPath

from absl import flags

from data_prep.stages import formats as stage_formats
from data_prep.stages.formats.checking import checked_videos
from data_prep.stages.formats.tables import merged
from data_prep.stages.formats.videos import MAX_RATE, facts_reader
from scoringnet_tf.data.video import VIDEO_SUFFIXES
from scoringnet_tf.sports import SPORTS, named_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted, shown
from scoringnet_tf.support.paths import local_path

FLAGS = flags.FLAGS
flags.DEFINE_string(
    "output", None, "File to write (--to=csv, label_studio), or folder with one per video (cvat, elan).", required=True
)
flags.DEFINE_enum("from", None, sorted(stage_formats.FORMATS), "Format of FILE. Default: recognised by content.")
flags.DEFINE_enum("to", "csv", stage_formats.WRITABLE, "Format to write; csv is what build reads.")
flags.DEFINE_string(
    "sport",
    "diving",
    f"Sport of the videos, which says what stages there are: {', '.join(SPORTS)}, or a file (.yaml) that defines one's "
    "own.",
)
flags.DEFINE_string(
    "videos_dir",
    None,
    "Folder of the videos: stages are then held against their frames, and those that reach to the end of a video get "
    "its number of frames. CVAT needs it, and --to=elan, label_studio where a stage reaches to the end.",
)
flags.DEFINE_float(
    "fps",
    None,
    "Frames per second, for files that count time (ELAN), e.g. 25, that of UNLV. Default: what each video in "
    "--videos_dir states.",
    lower_bound=1,
    upper_bound=MAX_RATE,
)
flags.DEFINE_boolean(
    "drop_suffix", False, "Call a video 001 that a tool calls 001.avi, as UNLV's and MIT's numbered videos need."
)
flags.DEFINE_enum(
    "on_error",
    "refuse",
    ["refuse", "skip"],
    "Videos with a problem: refuse to write anything, or leave them out and list them.",
)

flags.DEFINE_enum(
    "existing",
    "refuse",
    ["refuse", "merge", "replace"],
    "An --output file that is there: refuse, merge (--to=csv: the stages of videos in FILE replace theirs, those of "
    "all others stay), or replace it as a whole.",
)

POSITIONAL = True


def main(paths: list[str]) -> None:
    """Runs the command with the parsed flags."""
    if not paths:
        raise InputError("todo", "Expected one or more files of stage labels. Received: none. See --help.")
    if FLAGS.videos_dir is not None and not Path(FLAGS.videos_dir).is_dir():
        raise InputError("todo", f"--videos_dir: expected a folder. Received: {FLAGS.videos_dir}, which is none.")
    output = local_path(FLAGS.output, "output")
    _check_output(output)
    facts_of, sport = facts_reader(FLAGS.videos_dir, FLAGS.fps), named_sport(FLAGS.sport)
    videos = [video for path in paths for video in stage_formats.read(path, facts_of, FLAGS["from"].value)]
    of_files = {FLAGS.to, *(FLAGS["from"].value or stage_formats.recognise(Path(path)) for path in paths)}
    if FLAGS.fps is not None and not of_files & stage_formats.COUNT_TIME:
        raise InputError(
            "todo", f"--fps: expected it with files that count time. Received: {', '.join(sorted(of_files))} alone."
        )
    if FLAGS.drop_suffix:
        videos = [video.renamed(_without_suffix(video.video_id)) for video in videos]
    videos = checked_videos(videos, sport, facts_of)
    sound = _sound(videos)
    if len(sound) < len(videos) and FLAGS.existing == "replace" and any(_same(output, path) for path in paths):
        raise InputError(
            "todo", f"--output: expected another file than {output}, which holds what is left out. Received: it."
        )
    written = merged(output, sound, facts_of) if FLAGS.existing == "merge" and output.exists() else sound
    stage_formats.write(FLAGS.to, output, written, sport, facts_of)
    num_segments = sum(len(video.segments) for video in sound)
    kept = f" Kept those of {counted(len(written) - len(sound), 'other')}." if FLAGS.existing == "merge" else ""
    if predicted := [video.video_id for video in sound if video.is_predicted]:
        print(f"Predictions that nobody has corrected: {shown(predicted)}.", file=sys.stderr)
    if FLAGS.videos_dir is None and FLAGS.fps is None and (stated := _stated_rates(sound)):
        what = "Frames are taken as they are counted; whether the videos have these frames/s, --videos_dir tells"
        print(f"{what}: {shown(stated)}.", file=sys.stderr)
    print(f"Written to {output}: {counted(num_segments, 'stage')} of {counted(len(sound), 'video')}.{kept}")


def _stated_rates(videos):
    return [f"{video.video_id} ({video.frame_rate:g})" for video in videos if video.frame_rate is not None]


def _check_output(output):
    """InputError where --output is a folder in place of a file, or there already, and not to be replaced."""
    if FLAGS.existing == "merge" and FLAGS.to != "csv":
        raise InputError("todo", f"--existing: expected merge with --to=csv alone. Received: --to={FLAGS.to}")
    if FLAGS.to not in ("csv", "label_studio"):
        return  # a folder, which its writer refuses where it is there
    if output.is_dir():
        raise InputError("todo", f"--output: expected a file. Received: {output}, which is a folder.")
    if output.exists() and FLAGS.existing == "refuse":
        choices = "--existing=merge or " if FLAGS.to == "csv" else ""
        raise InputError(
            "todo", f"--output: expected a new file, or {choices}--existing=replace. Received: {output}, which exists."
        )


def _same(output, path):
    return output.exists() and output.samefile(path)


def _without_suffix(video_id):
    path = PurePosixPath(video_id)
    return str(path.with_suffix("")) if path.suffix.lower() in VIDEO_SUFFIXES else video_id


def _sound(videos):
    """The videos without problems, the others reported; InputError where those are not to be left out, or all."""
    problems = [problem for video in videos for problem in video.problems]
    sound = [video for video in videos if not video.problems]
    if problems and FLAGS.on_error == "refuse":
        raise InputError("todo", "\n".join(problems))
    if problems:
        print("\n".join([*problems, f"Left out: {counted(len(videos) - len(sound), 'video')}."]), file=sys.stderr)
    if not sound:
        raise InputError("todo", "Expected stage labels of one video or more. Received: none.")
    return sound
