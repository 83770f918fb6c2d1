"""What MkDocs does to pages before they become a site: see mkdocs.yml."""

import pathlib
import posixpath
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[1]
TOP_PAGES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changes.md": "CHANGELOG.md"}
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files, config):
    """Adds the pages that lie at the top of the repository, as if they lay in docs/."""
    for page, name in TOP_PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        text = re.sub(r"\]\((?![a-z]+:|#)", "](../", text).replace("](../docs/", "](")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Of links that leave docs/, one to a top page leads to its page here; code and flag files become their path."""
    tops = {f"../{name}": page_name for page_name, name in TOP_PAGES.items()}

    def replaced(match):
        text, target, anchor = match.groups()
        if target in tops:
            return f"[{text}]({tops[target]}{anchor or ''})"
        if not target.startswith("../"):
            return match[0]
        path = posixpath.normpath(target.removeprefix("../"))
        return f"`{path}`" if text.strip("`") in path else f"{text} (`{path}`)"

    return LINK.sub(replaced, markdown)
