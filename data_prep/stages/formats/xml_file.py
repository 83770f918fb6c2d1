"""XML of strangers: no entity is expanded and nothing else is fetched, since no DTD is accepted at all."""

import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import defusedxml.ElementTree

from data_prep.stages.formats.media import file_name
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_folder

MAX_INFLATED_BYTES = 2**28  # of a file in a ZIP: labels of hours of video hold megabytes


def read_root(path: Path, tag: str, member: str | None = None) -> ElementTree.Element:
    """The root element of an XML file.

    Args:
        path: the file, or a ZIP that holds it as `member`.
        tag: of the root.
        member: name in the ZIP; None where a ZIP is not expected.

    Raises:
        InputError: it is not well-formed, has a DTD, or has another root.
    """
    try:
        text = _unzipped(path, member) if member and zipfile.is_zipfile(path) else path.read_bytes()
        root = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    except (ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError, LookupError, OSError) as error:
        raise InputError(
            "todo", f"{path}: expected XML without a DTD. Received: {type(error).__name__}: {error}"
        ) from error
    if root.tag != tag:
        raise InputError("todo", f"{path}: expected the root element {tag}. Received: {root.tag}")
    return root


def _unzipped(path, member):
    """The bytes of a file in a ZIP; ValueError where it is damaged, encrypted, or larger than labels ever are."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            content = file.read(MAX_INFLATED_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise ValueError(f"a ZIP in which {member} cannot be read ({error})") from error
    if len(content) > MAX_INFLATED_BYTES:
        raise ValueError(f"a ZIP in which {member} has more than {MAX_INFLATED_BYTES} bytes")
    return content


def attribute(element: ElementTree.Element, name: str, where: str, kind: Callable[[str], Any] = str) -> Any:
    """An attribute of an element, made a `kind`; `where` says whose it is.

    Raises:
        InputError: it is missing, or is none of that kind.
    """
    try:
        return kind(element.attrib[name])
    except (KeyError, ValueError):
        received = element.get(name, "none")
        raise InputError(
            "todo", f"{where}: expected {name} of {element.tag}, {kind.__name__}. Received: {received}"
        ) from None


def add(parent: ElementTree.Element, tag: str, text: object = None, **attributes: object) -> ElementTree.Element:
    """Appends an element to `parent` and returns it."""
    element = ElementTree.SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
    element.text = None if text is None else str(text)
    return element


def write_folder(output: Path, roots: Mapping[str, ElementTree.Element], suffix: str) -> None:
    """Writes a folder of indented XML files in UTF-8, whole or not at all.

    Args:
        output: the folder.
        roots: {video id: root element}.
        suffix: of the files.

    Raises:
        InputError: the folder is there already; replacing it might take other files with it.
    """
    if Path(output).exists():
        raise InputError(
            "todo", f"--output: expected a new folder, for a file per video. Received: {output}, which exists."
        )
    with replacing_folder(output) as temporary:
        for video_id, root in roots.items():
            ElementTree.indent(root)
            tree = ElementTree.ElementTree(root)
            tree.write(temporary / f"{file_name(video_id)}{suffix}", encoding="utf-8", xml_declaration=True)
