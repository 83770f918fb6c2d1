"""Tables of results inside pages: between markers, as `report` wrote them.

A page says where by

    <!-- results: diving/table5 -->
    <!-- /results -->

What lies between is replaced by `table.md` of that folder of results, pictures included.
"""

import os
import re
from pathlib import Path

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file

MARKED = re.compile(r"(<!-- results: (\S+) -->\n)(.*?)(<!-- /results -->)", re.S)
MISSING = "*Not measured yet.*\n"


def filled(page: Path, results_dir: Path) -> str:
    """The text of a page with the newest tables of `results_dir`; what it does not have stays as it is.

    Raises:
        InputError: a marker is not closed.
    """
    text = page.read_text(encoding="utf-8")
    if text.count("<!-- results: ") != len(MARKED.findall(text)) or text.count("<!-- /results -->") != text.count(
        "<!-- results: "
    ):
        raise InputError("damaged", f"{page}: a <!-- results: NAME --> has no <!-- /results --> after it.")

    def table(match):
        found = _table(results_dir / match[2], page.parent)
        return match[1] + (found or match[3] or MISSING) + match[4]

    return MARKED.sub(table, text)


def _table(folder, page_folder):
    """`table.md` of a folder, its pictures as seen from another one; None where there is none."""
    path = folder / "table.md"
    if not path.is_file():
        return None
    seen = Path(os.path.relpath(folder, page_folder)).as_posix()
    return re.sub(r"!\[(.*?)\]\((?!\w+:)", rf"![\1]({seen}/", path.read_text(encoding="utf-8").rstrip("\n")) + "\n"


def write_docs(pages: list[Path], results_dir: Path) -> list[Path]:
    """Fills the pages that have markers; returns those that changed."""
    changed = []
    for page in pages:
        text = filled(page, results_dir)
        if text != page.read_text(encoding="utf-8"):
            with replacing_file(page) as temporary:
                temporary.write_text(text, encoding="utf-8")
            changed.append(page)
    return changed
