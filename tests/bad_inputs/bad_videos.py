"""Bad input of `predict`: videos, the rest of its command line."""

from bad_case import Case, Video
from bad_makers import (
    changed,
    fifo,
    folder_at,
    holding,
    huge_png,
    huge_webp,
    images,
    link,
    picture,
    sound_of,
    stdin,
    stdout,
    tiny_video,
    video,
)

NOT_FOUND = "expected a video file or a folder of images. Received:"
NOT_OPENED = "expected a video in one file. Received: what FFmpeg cannot open as such (…)."
VIDEOS = (
    Video("no such file", "none.mp4", f"none.mp4: {NOT_FOUND} no such file."),
    Video("an empty file", "empty.mp4", f"empty.mp4: {NOT_OPENED}", holding("empty.mp4")),
    Video("text called a video", "text.mp4", f"text.mp4: {NOT_OPENED}", holding("text.mp4", b"no video\n" * 99)),
    Video(
        "a playlist called .avi, which names a video elsewhere",
        "list.avi",
        f"list.avi: {NOT_OPENED}",
        holding("list.avi", b"#EXTM3U\n#EXTINF:1,\ndive.avi\n"),
    ),
    Video(
        "a list of FFmpeg's own kind, which names a video elsewhere",
        "concat.avi",
        f"concat.avi: {NOT_OPENED}",
        holding("concat.avi", b"ffconcat version 1.0\nfile dive.avi\n"),
    ),
    Video("a photo", "photo.jpg", f"photo.jpg: {NOT_OPENED}", picture("photo.jpg")),
    Video("a photo called .avi", "photo.avi", f"photo.avi: {NOT_OPENED}", picture("photo.avi")),
    Video("sound alone", "sound.wav", f"sound.wav: {NOT_OPENED}", holding("sound.wav", sound_of(1))),
    Video("a model", "model.keras", f"model.keras: {NOT_OPENED}"),
    Video(
        "an animated WebP that asks for 16,383 × 16,383 pixels",
        "bomb.webp",
        "bomb.webp: expected at least one frame. Received: none (…).",
        holding("bomb.webp", huge_webp()),
    ),
    Video(
        "a folder with an image that asks for 60,000 × 60,000 pixels",
        "bombs",
        "bombs: expected 20 frames. Received: none (img_00001.png, which is no whole image).",
        images("bombs", lambda path: (path.with_suffix(".png").write_bytes(huge_png()), path.unlink())),
    ),
    Video(
        "a folder of images with a gap",
        "gap",
        "gap: expected images 1 to 20 without a gap. Received: none of number 8 …",
        images("gap", lambda path: path.unlink(), 8),
    ),
    Video(
        "a folder with a damaged image",
        "damaged",
        "damaged: expected 20 frames. Received: none (img_00001.jpg, which is no whole image).",
        images("damaged", lambda path: path.write_bytes(b"x")),
    ),
    Video(
        "an empty folder",
        "nothing",
        "nothing: expected a folder of videos or of numbered images (.jpg, .png). Received: neither in it.",
        folder_at("nothing"),
    ),
    Video("a FIFO", "pipe.avi", f"pipe.avi: {NOT_FOUND} a FIFO, which is no file.", fifo("pipe.avi")),
    Video("a device", "/dev/zero", f"/dev/zero: {NOT_FOUND} a device, which is no file."),
    Video("a link to itself", "loop.avi", f"loop.avi: {NOT_FOUND} …symbolic links…", link("loop.avi", "loop.avi")),
    Video(
        "a link to what is not there",
        "link.avi",
        f"link.avi: {NOT_FOUND} a symbolic link to what is not there.",
        link("link.avi", "gone.avi"),
    ),
    Video("a path under a file", "dive.avi/a.avi", f"dive.avi/a.avi: {NOT_FOUND} …"),
    Video("a name of 300 letters", "a" * 300, "aaa…: File name too long."),
    Video(
        "a pattern of nothing", "*.mov", "*.mov: expected a pattern of videos. Received: one that nothing is called by."
    ),
    Video(
        "an address of no such host",
        "http://no-such-host.invalid/a.mp4",
        "http://no-such-host.invalid/a.mp4: Cannot connect to host no-such-host.invalid:80 …",
    ),
    Video(
        "an address that refuses",
        "http://127.0.0.1:9/a.mp4",
        "http://127.0.0.1:9/a.mp4: Cannot connect to host 127.0.0.1:9 …",
    ),
    Video(
        "an unknown scheme",
        "httq://a/b.mp4",
        "httq://a/b.mp4: expected a local path or one of s3://…, gs://…, az://…. Received: ….",
    ),
    Video(
        "one frame",
        "one.avi",
        "It has 1 frame at … frames/s: at least 8 are needed. …",
        video("one.avi", 1),
    ),
    Video("8 × 8 pixels", "tiny.avi", "…Its picture is 8×8: at least …×… is needed.", tiny_video),
    Video(
        "1 frame a second",
        "slow.avi",
        "…It has 1 frames/s, the model was trained at 25: too few to see motion.…",
        video("slow.avi", 30, fps=1),
    ),
)

P = "scoringnet_tf.predict --model=model.keras"
PREDICT = (
    Case("no video", "scoringnet_tf.predict", "predict: Expected one or more video files. Received: none. See --help."),
    Case(
        "an empty argument",
        f"{P} ''",
        "predict: '': expected a video, a folder or a pattern. Received: an empty argument.",
    ),
    Case(
        "a flag without a value",
        "scoringnet_tf.predict --plot_dir= dive.avi",
        "predict: --plot_dir: expected a value. Received: an empty one.",
    ),
    Case(
        "a flag of another command",
        "scoringnet_tf.predict --epochs=3 dive.avi",
        "FATAL Flags parsing error: Unknown command line flag 'epochs'…",
    ),
    Case(
        "a number that is none",
        "scoringnet_tf.predict --stream=first dive.avi",
        "FATAL Flags parsing error: flag --stream=first: invalid literal for int() with base 10: 'first'…",
    ),
    Case(
        "a time that is no number",
        "scoringnet_tf.predict --start=nan dive.avi",
        "FATAL Flags parsing error: --start: expected a finite number. Received: nan",
    ),
    Case(
        "a time before the video",
        "scoringnet_tf.predict --start=-1 dive.avi",
        "FATAL Flags parsing error: flag --start=-1: -1.0 is not a non-negative number…",
    ),
    Case(
        "both formats",
        "scoringnet_tf.predict --json --csv dive.avi",
        "predict: Expected --json or --csv. Received: both.",
    ),
    Case(
        "an end before the start",
        "scoringnet_tf.predict --start=3 --end=2 dive.avi",
        "predict: --end: expected more than --start=3. Received: 2.",
    ),
    Case(
        "a flag file that is not there",
        "scoringnet_tf.predict --flagfile=no.flags dive.avi",
        "FATAL Flags parsing error: ERROR:: Unable to open flagfile: …no.flags…",
    ),
    Case(
        "a video as flag file",
        "scoringnet_tf.predict --flagfile=dive.avi dive.avi",
        "FATAL Flags parsing error: --flagfile=dive.avi: expected text in UTF-8. Received: …",
    ),
    Case(
        "a file where pictures are to go",
        "scoringnet_tf.predict --plot_dir=dive.avi dive.avi",
        "predict: --plot_dir: dive.avi: expected a folder, or a place for one. Received: dive.avi, a file.",
    ),
    Case(
        "a place for pictures under a file",
        "scoringnet_tf.predict --plot_dir=dive.avi/pictures dive.avi",
        "predict: --plot_dir: dive.avi/pictures: expected a folder, or a place for one. Received: …dive.avi, a file.",
    ),
    Case(
        "a read-only place for pictures",
        "scoringnet_tf.predict --plot_dir=/proc/pictures dive.avi",
        "predict: --plot_dir: /proc/pictures: expected a place that can be written to. Received: ….",
    ),
    Case(
        "a runner, and no place for what its workers find",
        "scoringnet_tf.predict --runner=DirectRunner dive.avi",
        "predict: --runner=DirectRunner: expected --results_dir, for what its workers find. Received: none.",
    ),
    Case(
        "pictures of results that are kept",
        "scoringnet_tf.predict --results_dir=results --plot_dir=pictures dive.avi",
        "predict: --plot_dir: expected it without --results_dir, which keeps whole results, and no pictures.",
    ),
    Case(
        "results on the way where whole ones are kept",
        "scoringnet_tf.predict --results_dir=results --live --json dive.avi",
        "predict: --live: expected it without --results_dir, which keeps whole results, and no pictures.",
    ),
    Case(
        "a file where results are to be kept",
        "scoringnet_tf.predict --results_dir=dive.avi dive.avi",
        "predict: --results_dir: dive.avi: expected a folder, or a place for one. Received: dive.avi, a file.",
    ),
    Case(
        "results that are to be kept in an object store",
        f"{P} --results_dir=memory://kept/results dive.avi",
        "predict: --results_dir=memory://kept/results: expected a folder in a file system. Received: an object store.",
    ),
    Case(
        "a stream that the file does not have",
        f"{P} --stream=3 dive.avi",
        "predict: dive.avi: expected a video stream number 3, from 0. Received: a file with 1.",
    ),
    Case(
        "a start behind the end of the video",
        f"{P} --start=100 dive.avi",
        "predict: dive.avi: expected frames from 100 to its end. Received: frames from 0 to 1.16 s.",
    ),
    Case(
        "an end behind that of the video",
        f"{P} --end=100 dive.avi",
        "predict: dive.avi: expected frames from 0 to 100 s. Received: frames from 0 to 1.16 s.",
    ),
    Case(
        "a video cut off, scored as far as it goes",
        f"{P} --force dive.avi",
        make=changed("dive.avi", lambda content: content[: len(content) * 4 // 5]),
        status=0,
        prints="dive.avi: 1… frames, 25 frames/s…final…It is damaged: expected 30 frames. Received: 1…, then …",
    ),
    Case("an empty list", f"{P} -", status=0, make=stdin(b"\n\r\n")),
    Case(
        "names that are no text in a list",
        f"{P} -",
        "predict: \\udcff.avi: expected a video file or a folder of images. Received: no such file.",
        stdin(b"\xff.avi\r\n\n"),
    ),
    Case(
        "a list with a NUL behind each name",
        f"{P} -",
        "predict: 'one.avi': expected a line for each name. Received: a NUL behind it, as of `find -print0`.",
        stdin(b"one.avi\0two.avi\0"),
    ),
    Case(
        "a folder where a picture is to go",
        f"{P} --force --plot_dir=p dive.avi",
        "predict: p/dive.avi.png: expected a place for a picture. Received: Is a directory.",
        folder_at("p/dive.avi.png"),
        prints="dive.avi: 30 frames, 25 frames/s…final…",
    ),
    Case(
        "a full disk behind standard output",
        f"{P} dive.avi",
        "predict: No space left on device.",
        stdout("/dev/full"),
    ),
)
