"""Prints results one by one, as text, JSON or CSV, and draws pictures and videos into folders."""

import csv
import itertools
import json
import sys
from typing import Any

from scoringnet_tf.data.video_files import FRAMES_SUFFIX, VIDEO_SUFFIXES
from scoringnet_tf.inference.rendering import columns, failure_row, model_lines, text
from scoringnet_tf.inference.result import VideoScore, failure
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.drawing import is_picture_of
from scoringnet_tf.support.files import plain
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.paths import AnyPath, as_path, name_of

FORMATS = ("text", "json", "csv")


class Printer:
    """Prints each result on stdout at once, and each failure on stderr.

    Args:
        form: in `FORMATS`; `"json"` gives a line a video, `"csv"` a row a performance.
        model: its name in the results.
        sport: that model's.
        progress: a tqdm bar, hidden while something is printed.
    """

    def __init__(self, form: str, model: str, sport: Sport, progress: Any) -> None:
        self._form, self._model, self._sport, self._progress = form, model, sport, progress
        self._of_model: list[str] | None = None  # none are left once they are printed
        self._table = csv.DictWriter(self, columns(sport), lineterminator="\n")
        if form == "csv":
            self._table.writeheader()

    def write(self, text: str) -> None:
        """Prints text and flushes it, so that nothing is lost if the command is stopped."""
        self._progress.clear()
        sys.stdout.write(text)
        sys.stdout.flush()
        self._progress.refresh()

    def score(self, score: VideoScore) -> None:
        """Prints a result."""
        if self._form == "text":
            self.write(f"{text(score, is_alone=False)}\n")
            self._of_model = model_lines(score) if self._of_model is None else self._of_model
        else:
            self._print(score.to_dict(), score.rows())

    def about_model(self) -> None:
        """Prints what holds for all results, once."""
        for line in self._of_model or ():
            self.write(f"{line}\n")
        self._of_model = self._of_model and []

    def failure(self, video: str, error: Remark) -> None:
        """Prints why a video has no result."""
        self.complain(error)
        if self._form != "text":
            of = video, self._model, self._sport, error
            self._print(failure(*of), [failure_row(*of)])

    def _print(self, result: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        if self._form == "csv":
            self._table.writerows(rows)
        else:
            self.write(json.dumps(plain(result)) + "\n")  # in ASCII, which every locale can print

    def complain(self, error: Remark) -> None:
        """Prints on stderr."""
        self._progress.clear()
        print(f"predict: {error} [{error.code}]", file=sys.stderr)


class Pictures:
    """Draws results into a folder, one file a video. A video's earlier picture is replaced or removed.

    Args:
        folder: made if it does not exist; None draws nothing.
        suffix: ends the files' names, see `VideoScore.save`: pictures or videos.
    """

    def __init__(self, folder: AnyPath | None, suffix: str = ".png") -> None:
        self._folder, self._suffix = None if folder is None else as_path(folder), suffix
        self._videos: dict[str, str] = {}  # that the pictures of these names show

    def draw(self, score: VideoScore) -> Remark | None:
        """Draws a result. Returns why it failed, or None."""
        if self._folder is None:
            return None
        path = self._folder / f"{_picture_name(score.video)}{self._suffix}"
        try:
            path = self._folder / self._free_name(_picture_name(score.video), score.video)
            score.save(path)
        except (OSError, InputError) as error:
            why = str(getattr(error, "strerror", None) or error)
            return Remark("picture_not_written", f"{path} cannot be written: {why.rstrip('.')}.")
        return None

    def remove(self, video: str) -> None:
        """Removes what any run drew for a video whose file was replaced, and can no longer be read."""
        if self._folder is None or not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            is_named_so = path.name.startswith(_picture_name(video)) and path.name.endswith(self._suffix)
            if is_named_so and path.is_file() and is_picture_of(path, video):
                path.unlink()

    def _free_name(self, name: str, video: str) -> str:
        """`dive.mp4.png`, or `dive.mp4-2.png` if the first shows another video, or is no picture that we drew."""
        numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
        names = (f"{name}{number}{self._suffix}" for number in numbers)
        free = next(name for name in names if self._is_free(name, video))
        self._videos[free] = video
        return free

    def _is_free(self, name: str, video: str) -> bool:
        path = as_path(self._folder or "") / name
        return self._videos.get(name, video) == video and (not path.is_file() or is_picture_of(path, video))


def _picture_name(video: str) -> str:
    """A video's file name. A folder of frames gets `FRAMES_SUFFIX`, so that its picture is not among its frames."""
    name = name_of(video)
    return name if name.lower().endswith(VIDEO_SUFFIXES) else name + FRAMES_SUFFIX
