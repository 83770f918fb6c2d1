"""A queue for uploaded videos: bounded, one at a time. No TensorFlow, no web framework."""

import asyncio
import collections
import contextlib
import dataclasses
import datetime
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from scoringnet_tf.data.video_files import VIDEO_SUFFIXES
from scoringnet_tf.serve import kept
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.messages import InputError, Remark, counted

MEGABYTE = 10**6
LONGEST_NAME = 100  # characters that are shown
LONGEST_FILE = 200  # bytes of a file's name
UPLOADING, WAITING, WORKING, DONE, FAILED = "uploading", "waiting", "working", "done", "failed"
ASSUMED_SECONDS = 10.0  # of the work on a video, before any is done


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a video may take; flags of `serve` have these names, and say what they mean."""

    queue: int = 20
    megabytes: float = 200.0
    video_seconds: float = 300.0
    upload_seconds: float = 300.0
    work_seconds: float = 600.0
    keep_seconds: float = 600.0


@dataclasses.dataclass(eq=False)
class Job:
    """A video, or a comparison of two, that has a place in the queue."""

    token: str  # names it, and cannot be guessed
    name: str  # to be shown; no path
    folder: Path  # for its file and its pages
    options: dict[str, float] = dataclasses.field(default_factory=dict)  # speed of the film
    compared: Sequence[str] = ()  # in place of a video: the tokens of two others
    date: str = dataclasses.field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc).isoformat())
    state: str = UPLOADING
    error: Remark | None = None  # why it failed
    pages: Sequence[str] = ()  # their names
    summary: str = ""  # of the pages, in words
    size: int = 0  # bytes that have come
    since: float = dataclasses.field(default_factory=time.monotonic)  # when its state began

    @property
    def video(self) -> Path:
        """Its file, called as the video is where that is safe."""
        is_safe = self.name.lower().endswith(VIDEO_SUFFIXES) and len(self.name.encode()) <= LONGEST_FILE
        return self.folder / (self.name if is_safe and self.name[0] != "." else "video")

    @property
    def seconds(self) -> float:
        """How long it has been in its state."""
        return time.monotonic() - self.since


class Queue:
    """Takes videos, has a worker make their pages, and forgets them, or keeps all. It belongs to one event loop.

    Args:
        work: a function (seconds, videos, title, folder) → `Pages`, or why there are none; as `Worker`.
        folder: for the videos and pages.
        keeps: the videos' sport if they stay until they are deleted, with those that an earlier queue left in `folder`.
    """

    def __init__(self, work: Callable[..., Any], folder: Path, limits: Limits, keeps: Sport | None = None) -> None:
        self.limits, self.keeps = limits, keeps is not None
        self._work, self._folder, self._sport = work, folder, keeps
        entries = kept.entries(folder) if self.keeps else {}
        self._jobs = {token: Job(token, folder=folder / token, **entry) for token, entry in entries.items()}
        for job in self._jobs.values():
            job.state = FAILED if job.error else DONE if job.pages else WAITING
        self._waiting = collections.deque(job for job in self._jobs.values() if job.state == WAITING)
        self._more = asyncio.Event()
        self._more.set()
        self._durations: collections.deque[float] = collections.deque(maxlen=20)

    @property
    def jobs(self) -> list[Job]:
        """All of them, the oldest first."""
        return [*self._jobs.values()]

    def reserve(self, name: str = "", num_bytes: int | None = None, **options: float) -> Job:
        """A place for a video with this name, size if known, and options of `score_video`.

        Raises:
            InputError: the queue is full, or the video empty or too large.
        """
        if num_bytes is not None:
            self._check_size(num_bytes)
        job = self._new(_shown_name(name), options=options)
        self._later(self.limits.upload_seconds, self._give_up, job)
        return job

    def compare(self, *tokens: str) -> Job:
        """A place for the comparison of two videos that are kept; InputError if one has no page."""
        jobs = [self.job(token) for token in tokens]
        if not len(tokens) == len({*tokens}) == 2 or any(job.state != DONE or job.compared for job in jobs):
            raise InputError("wrong_value", "Two videos that have pages can be compared.")
        job = self._new(" | ".join(job.name for job in jobs), compared=tokens)
        try:
            job.folder.mkdir()
            self._wait(job)
        except OSError as error:
            self._forget(job)
            raise InputError("not_writable", *_no_room(error)) from error
        return job

    def delete(self, job: Job) -> None:
        """Deletes a job with all its files; InputError while it is uploaded or worked on."""
        if job.state in (UPLOADING, WORKING):
            raise InputError("busy", "This video is in work.", "Delete it afterwards.")
        if job.state == WAITING:
            self._waiting.remove(job)
        self._forget(job)

    def correct(self, job: Job, content: bytes, seen: str) -> None:
        """Saves the corrections of a video that is kept, see `kept.save_corrections`."""
        if self._sport is None or job.state != DONE:
            raise InputError("not_found", "No corrections are kept here.")
        try:
            kept.save_corrections(job, content, seen, self._sport)
        except OSError as error:
            raise InputError("not_writable", *_no_room(error)) from error

    def _new(self, name: str, **values: Any) -> Job:
        if self._number_of(UPLOADING, WAITING, WORKING) >= self.limits.queue:
            text = f"The queue is full ({counted(self.limits.queue, 'video')})."
            raise InputError("queue_full", text, f"Try again in about {self.seconds_to_a_place} s.")
        token = secrets.token_urlsafe(16)
        self._jobs[token] = Job(token, name, kept.unfinished(self._folder / token), **values)
        return self._jobs[token]

    def _wait(self, job: Job) -> None:
        """The end of what is uploaded: it appears whole under its name, and waits."""
        if self.keeps:
            kept.save(job)
        job.folder = job.folder.replace(self._folder / job.token)
        self._set(job, WAITING)
        self._waiting.append(job)
        self._more.set()

    @property
    def seconds_to_a_place(self) -> int:
        """In how many seconds a place is probably free: as long as the work on a video takes, or has taken by now."""
        known = self._durations or [ASSUMED_SECONDS]
        working = [job.seconds for job in self._jobs.values() if job.state == WORKING]
        return max(1, *(round(seconds) for seconds in (sum(known) / len(known), *working)))

    def job(self, token: str) -> Job:
        """The job with this token; InputError if there is none."""
        if token not in self._jobs:
            raise InputError("not_found", "There is no such video here, or it has been deleted.", "Upload it again.")
        return self._jobs[token]

    async def receive(self, job: Job, chunks: AsyncIterator[bytes]) -> None:
        """Writes a video's bytes to its file; then it waits.

        Raises:
            InputError: it is too large, too slow or empty, has been received, or cannot be written; nothing is kept.
        """
        if job.state != UPLOADING or job.folder.exists():
            raise InputError("exists", "This video has been sent already.")
        try:
            job.folder.mkdir()
            await asyncio.wait_for(self._write(job, chunks), max(0.0, self.limits.upload_seconds - job.seconds))
            self._wait(job)
        except asyncio.TimeoutError:
            self._give_up(job)
        except InputError as error:
            self._end(job, Remark(error.code, str(error)))
        except OSError as error:
            self._end(job, Remark("not_writable", " ".join(_no_room(error))))
        except BaseException:  # whoever sends it is gone
            self._end(job, Remark("upload_broken", "The upload broke off."))
            raise
        if job.error:
            raise InputError(job.error.code, job.error)

    async def run(self) -> None:
        """Works on one video after the other, for ever."""
        while True:
            await self._more.wait()
            while self._waiting:
                await self._worked(self._waiting.popleft())
            self._more.clear()

    def message(self, job: Job) -> str:
        """A video's state, in words."""
        if job.state == WAITING:
            before = self._waiting.index(job) + self._number_of(WORKING)
            return f"Waiting: {counted(before, 'video')} before yours, about {before * self.seconds_to_a_place} s."
        if job.state == WORKING:
            return f"Scoring, {job.seconds:.0f} s so far."
        return str(job.error or {UPLOADING: "Uploading.", DONE: job.summary}[job.state])

    def _number_of(self, *states: str) -> int:
        return sum(job.state in states for job in self._jobs.values())

    async def _write(self, job: Job, chunks: AsyncIterator[bytes]) -> None:
        with job.video.open("wb") as file:
            async for chunk in chunks:
                job.size += len(chunk)
                self._check_size(job.size)
                file.write(chunk)
        self._check_size(job.size)

    def _check_size(self, num_bytes: int) -> None:
        if num_bytes <= 0:
            raise InputError("empty_file", "The file is empty.")
        if num_bytes > self.limits.megabytes * MEGABYTE:
            raise InputError("too_large", f"The video has more than {self.limits.megabytes:g} MB.", "Cut it shorter.")

    async def _worked(self, job: Job) -> None:
        waited = job.seconds
        self._set(job, WORKING)
        sources = [self._jobs[token] for token in job.compared or [job.token] if token in self._jobs]
        videos = [(one.video, one.name, one.options) for one in sources]
        if job.compared and len(videos) < 2:
            self._end(job, Remark("not_found", "A video of this comparison has been deleted."))
            return
        result = await asyncio.to_thread(self._work, self.limits.work_seconds, videos, job.name, job.folder)
        took = job.seconds
        self._durations.append(took)
        if not self.keeps:
            job.video.unlink(missing_ok=True)
        problem = result if isinstance(result, Remark) else None
        job.pages, job.summary = ((), "") if problem else result
        self._end(job, problem)
        outcome = problem.code if problem else counted(len(job.pages), "page")
        _log(f"{job.size / MEGABYTE:.1f} MB, {waited:.1f} s waiting, {took:.1f} s of work: {outcome}")

    def _give_up(self, job: Job) -> None:
        """Fails a job that is still uploading."""
        if job.state == UPLOADING:
            text = f"The upload took longer than {self.limits.upload_seconds:g} s."
            self._end(job, Remark("upload_timeout", text))

    def _end(self, job: Job, error: Remark | None) -> None:
        """Done, or failed: then nothing but the words is left, and what had been uploaded if it is kept."""
        stays, job.error = self.keeps and job.state == WORKING, error
        self._set(job, FAILED if error else DONE)
        if stays:
            try:
                kept.save(job)
            except OSError as problem:  # it is worked on again once the service is restarted
                _log(f"{job.folder}: {problem.strerror}")
            return
        if error:
            kept.delete(job.folder)
        self._later(self.limits.keep_seconds, self._forget, job)

    def _forget(self, job: Job) -> None:
        kept.delete(job.folder)
        self._jobs.pop(job.token, None)

    def _set(self, job: Job, state: str) -> None:
        job.state, job.since = state, time.monotonic()

    def _later(self, seconds: float, function: Callable[[Job], None], job: Job) -> None:
        asyncio.get_running_loop().call_later(seconds, function, job)


def _no_room(error: OSError) -> tuple[str, str]:
    return f"The server cannot keep this: {error.strerror}.", "Try again later."


def _shown_name(name: str) -> str:
    """A stranger's file name as it may be shown: printable, without folders, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(filter(str.isprintable, last))[:LONGEST_NAME].strip() or "your video"


def _log(text: str) -> None:
    with contextlib.suppress(OSError):  # whoever read the log may have closed it: the queue goes on
        print(f"serve: {text}", file=sys.stderr, flush=True)
