"""Prints results one by one, as text, JSON or CSV, and draws pictures and videos into folders."""

import csv
import itertools
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tqdm import tqdm

from scoringnet_tf.data.video_files import FRAMES_SUFFIX, VIDEO_SUFFIXES
from scoringnet_tf.inference.rendering import columns, failure_row, lines, rows
from scoringnet_tf.inference.result import VideoScore, failure
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.drawing import is_picture_of
from scoringnet_tf.support.files import plain
from scoringnet_tf.support.messages import InputError, Remark
from scoringnet_tf.support.paths import AnyPath, as_path, name_of


class Printer:
    """Prints each result on stdout at once, each failure on stderr, and draws pictures.

    Args:
        form: `"text"`; `"json"`, a line a video; or `"csv"`, a row a performance.
        model: its name in the results.
        sport: that model's.
        pictures: folders to draw into.

    Attributes:
        count, failed: videos so far, and those without a score or stages, or without a picture.
    """

    def __init__(self, form: str, model: str, sport: Sport, pictures: Sequence["Pictures"] = ()) -> None:
        self._form, self._model, self._sport, self._pictures = form, model, sport, pictures
        self._by_model: list[str] | None = None  # none are left once they are printed
        self._table = csv.DictWriter(self, columns(sport) if form == "csv" else (), lineterminator="\n")
        self.count = self.failed = 0

    def print_all(
        self, outcomes: Iterable[tuple[str, VideoScore | Remark]], total: int | None = None, has_end: bool = True
    ) -> None:
        """Prints each video's result, or why there is none, once it is known, and last what holds for all.

        Without an end (`has_end`) that is printed after the first. `total` is for a bar.
        """
        if self._form == "csv":
            self._table.writeheader()
        for video, result in tqdm(
            outcomes, "Scoring", total, leave=False, unit="video", disable=total in (0, 1) or None
        ):
            self.failed += not (self._fail(video, result) if isinstance(result, Remark) else self._show(result))
            self.count += 1
            if not has_end:
                self._print_by_model()
        self._print_by_model()

    def _show(self, score: VideoScore) -> bool:
        """Prints and draws a result. Returns whether it is one, with all pictures."""
        if self._form == "text":
            about, by_model = lines(score)
            self.write("".join(f"{line}\n" for line in about))
            self._by_model = by_model if self._by_model is None else self._by_model
        else:
            self._print(score.to_dict(), rows(score))
        undrawn = [problem for each in self._pictures if (problem := each.draw(score))]
        for problem in undrawn:
            _complain(problem)
        return score.status != "withheld" and not undrawn

    def _fail(self, video: str, error: Remark) -> bool:
        """Prints why a video has no result, and removes its pictures."""
        for each in self._pictures:
            each.remove(video)
        _complain(error)
        if self._form != "text":
            named = video, self._model, self._sport, error
            self._print(failure(*named), [failure_row(*named)])
        return False

    def _print_by_model(self) -> None:
        """Prints what holds for all results, once."""
        self.write("".join(f"{line}\n" for line in self._by_model or ()))
        self._by_model = self._by_model and []

    def _print(self, result: dict[str, Any], cells: list[dict[str, Any]]) -> None:
        if self._form == "csv":
            self._table.writerows(cells)
        else:
            self.write(json.dumps(plain(result)) + "\n")  # in ASCII, which every locale can print

    def write(self, text: str) -> None:
        """Prints text and flushes it, so that nothing is lost if the command is stopped."""
        tqdm.write(text, sys.stdout, end="")
        sys.stdout.flush()


def _complain(error: Remark) -> None:
    tqdm.write(f"predict: {error} [{error.code}]", sys.stderr)


class Pictures:
    """Draws results into a folder, one file a video. A video's earlier picture is replaced or removed.

    `suffix` ends the files' names; it and the options are those of `VideoScore.save`.
    """

    def __init__(self, folder: AnyPath, suffix: str = ".png", **options: Any) -> None:
        self._folder, self._suffix, self._options = as_path(folder), suffix, options
        self._videos: dict[str, str] = {}  # that the pictures of these names show

    def draw(self, score: VideoScore) -> Remark | None:
        """Draws a result. Returns why it failed, or None."""
        path = self._folder / f"{_picture_name(score.video)}{self._suffix}"
        try:
            path = self._folder / self._free_name(_picture_name(score.video), score.video)
            score.save(path, **self._options)
        except (OSError, InputError) as error:
            why = str(getattr(error, "strerror", None) or error)
            return Remark("picture_not_written", f"{path} cannot be written: {why.rstrip('.')}.")
        return None

    def remove(self, video: str) -> None:
        """Removes what any run drew for a video whose file was replaced, and can no longer be read."""
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
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
        path = self._folder / name
        return self._videos.get(name, video) == video and (not path.is_file() or is_picture_of(path, video))


def _picture_name(video: str) -> str:
    """A video's file name. A folder of frames gets `FRAMES_SUFFIX`, so that its picture is not among its frames."""
    name = name_of(video)
    return name if name.lower().endswith(VIDEO_SUFFIXES) else name + FRAMES_SUFFIX
