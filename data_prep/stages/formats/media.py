"""Names of videos in the files of tools, which refer to them by URL and are saved under names of their own."""

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from scoringnet_tf.support.errors import InputError

VIDEO_ID = "video_id"  # our property, which tools keep
# Label Studio puts eight hexadecimal digits before the name of an uploaded file.
UPLOAD = re.compile(r"/upload/\d+/[0-9a-f]{8}-(?P<name>[^/]+)$")


def video_name(reference: str, where: str) -> str:
    """The file name in the URL or path of a video.

    Label Studio's `/data/local-files/?d=PATH` has it in the query, `/data/upload/PROJECT/HASH-NAME` after a hash.

    Args:
        reference: URL or path.
        where: file and task, for the message.

    Raises:
        InputError: it is no URL.
    """
    try:
        url = urlsplit(reference.replace("\\", "/"), allow_fragments=False)  # "dive #1.mp4" may be a path
    except ValueError as error:
        raise InputError("wrong_value", f"{where}: {reference!r} is no URL of a video ({error}).") from error
    is_local = url.path.endswith("/local-files/")
    path = parse_qs(url.query).get("d", [""])[0] if is_local else unquote(url.path)
    upload = UPLOAD.search(path)
    return upload["name"] if upload else PurePosixPath(path).name


def check_names(video_id: str, file: str, where: str) -> None:
    """InputError if a file of stages was written for one video but refers to another, as a copied template does.

    Args:
        video_id: of the video that it was written for.
        file: name of the file that it refers to.
        where: file and task, for the message.
    """
    name, path = PurePosixPath(video_id), PurePosixPath(file)
    if not {name.name, name.stem} & {path.name, path.stem}:
        raise InputError("other_video", f"{where}: its {VIDEO_ID} is {video_id}, but it refers to the file {file}.")


def file_name(video_id: str) -> str:
    """A file name for a video id, which may be a path; different ids give different names.

    All but letters, digits and `-._ ()#!` become their codes, and so does %.
    """
    return re.sub(r"[^\w\-. ()#!]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), video_id)
