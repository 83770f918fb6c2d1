"""What MkDocs does to pages before they become a site: see mkdocs.yml.

What lies outside docs/ is of the site as well: pages at the top of the repository, notebooks (as tutorials), and the
cards of the models that ship, and what the commands print for --help. A link to one of these leads to its page; other
files become their path.
"""

import json
import pathlib
import posixpath
import re
import sys

from mkdocs.structure.files import File

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import commands  # beside this file, which MkDocs loads by its path

ROOT = pathlib.Path(__file__).parents[1]
PAGES = {  # in the repository → in the site
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    **{f"notebooks/{path.name}": f"tutorials/{path.stem}.md" for path in sorted(ROOT.glob("notebooks/*.ipynb"))},
    **{
        f"saved_models/{path.parent.name}/README.md": f"cards/{path.parent.name}.md"
        for path in sorted(ROOT.glob("saved_models/*/README.md"))
    },
}
PICTURES = {
    f"notebooks/pictures/{path.name}": f"tutorials/{path.name}"
    for path in sorted(ROOT.glob("notebooks/pictures/*.png"))
}
LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files, config):
    """Adds the pages that do not lie in docs/."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        text = tutorial(text, source) if source.endswith(".ipynb") else text
        files.append(File.generated(config, page, content=linked(text, source, page)))
    for source, page in PICTURES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_bytes()))
    files.append(File.generated(config, "reference/commands.md", content=commands.page()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links of a page of docs/, of which all that are generated have been led already."""
    name = page.file.src_uri
    return markdown if name in PAGES.values() else linked(markdown, f"docs/{name}", name)


def tutorial(text, source):
    """The Markdown of a notebook: its text, its code as it stands there, and what that draws."""
    parts = []
    for number, cell in enumerate(json.loads(text)["cells"]):
        content = "".join(cell["source"]).strip()
        if cell["cell_type"] == "code":
            magic, _, rest = content.partition("\n")
            kind, content = {"%%sh": ("sh", rest), "%matplotlib inline": ("python", rest)}.get(
                magic, ("python", content)
            )
            if magic.startswith("%%writefile"):
                kind, content = "text", f"# {magic.split()[1]}\n{rest}"
            content = f"```{kind}\n{content}\n```"
        parts.append(content)
        picture = f"pictures/{pathlib.Path(source).stem}_{number}.png"
        if f"notebooks/{picture}" in PICTURES:
            parts.append(f"![What this draws]({picture})")
    title, *others = parts
    return "\n\n".join([title, f"The notebook is `{source}`.", *others, ""])


def linked(markdown, source, page):
    """The text of the file `source` of the repository with links as they are to be on `page` of the site."""

    def replaced(match):
        bang, text, target, anchor = match.groups()
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        found = (PAGES | PICTURES).get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if found:
            return f"{bang}[{text}]({posixpath.relpath(found, posixpath.dirname(page))}{anchor or ''})"
        return f"`{path}`" if text.strip("`") in path else f"{text} (`{path}`)"

    return LINK.sub(replaced, markdown)
