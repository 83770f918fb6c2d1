"""Names of videos in the files of tools, which refer to them by URL and are saved under names of their own."""

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from scoringnet_tf.support.errors import InputError

VIDEO_ID = "video_id"  # a property that tools keep, though they do not know it
# Label Studio puts eight hexadecimal digits before the name of an uploaded file.
UPLOAD = re.compile(r"/upload/\d+/[0-9a-f]{8}-(?P<name>[^/]+)$")


def video_name(reference: str, where: str) -> str:
    """The file name in the URL or path of a video.

    Label Studio's `/data/local-files/?d=PATH` names the file in its query, `/data/upload/PROJECT/HASH-NAME` after a
    hash.

    Args:
        reference: URL or path.
        where: whose it is, for the message.

    Raises:
        InputError: it is no URL.
    """
    try:
        url = urlsplit(reference.replace("\\", "/"), allow_fragments=False)  # "dive #1.mp4" may be a path
    except ValueError as error:
        raise InputError("todo", f"{where}: expected the URL of a video. Received: {reference!r} ({error})") from error
    is_local = url.path.endswith("/local-files/")
    path = parse_qs(url.query).get("d", [""])[0] if is_local else unquote(url.path)
    upload = UPLOAD.search(path)
    return upload["name"] if upload else PurePosixPath(path).name


def check_names(video_id: str, file: str, where: str) -> None:
    """InputError where a file of stages that was written for one video refers to another, as a copied template does.

    Args:
        video_id: of the video that it was written for.
        file: name of the file that it refers to.
        where: whose they are, for the message.
    """
    name, path = PurePosixPath(video_id), PurePosixPath(file)
    if not {name.name, name.stem} & {path.name, path.stem}:
        raise InputError(
            "todo", f"{where}: expected one video. Received: {video_id} as its {VIDEO_ID}, and the file {file}"
        )


def file_name(video_id: str) -> str:
    """A name for a file about a video, whose id may be a path.

    Two ids never share one: what is not a letter, a digit, or one of `-._ ()#!` is written as its code, and so is %.
    """
    return re.sub(r"[^\w\-. ()#!]", _code, video_id)


def _code(match):
    return "".join(f"%{byte:02X}" for byte in match[0].encode())
