"""`python -m ops.check_links`: finds relative links and anchors in README.md and docs/ that lead nowhere."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_INLINE = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\](?:\([^()]*\))?)*\]\(\s*(<[^<>]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)")
# Once more on its own: a picture inside a link's text lies within the link.
_IMAGE = re.compile(r"!\[[^\[\]]*\]\(\s*(<[^<>]*>|[^\s()]*)")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]^][^\]]*\]:\s*(<[^<>]*>|\S+)")
_HTML = re.compile(r"""<(?:a|img)\b[^>]*?\b(?:href|src)=["']([^"']*)["']""", re.IGNORECASE)
_HTML_ANCHOR = re.compile(r"""<[a-z][a-z0-9]*\b[^>]*?\b(?:id|name)=["']([^"']+)["']""", re.IGNORECASE)
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)\s*$")
_LINK_TEXT = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def dead_links(root: Path) -> list[str]:
    """A line `file:line: what is wrong` for each dead link of README.md and the Markdown files below docs/."""
    root = root.resolve()
    files = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return [problem for file in files if file.is_file() for problem in _problems(file, root)]


def _problems(file: Path, root: Path) -> Iterator[str]:
    for number, text in _prose(file):
        for target in _targets(_CODE.sub("", text)):
            complaint = _complaint(target, file, root)
            if complaint:
                yield f"{file.relative_to(root)}:{number}: {complaint}"


def _targets(text: str) -> Iterator[str]:
    found = [match[1] for pattern in (_INLINE, _IMAGE, _DEFINITION, _HTML) for match in pattern.finditer(text)]
    for target in dict.fromkeys(target.removeprefix("<").removesuffix(">") for target in found):
        if target and not _SCHEME.match(target):
            yield target


def _complaint(target: str, file: Path, root: Path) -> str | None:
    path, _, anchor = target.partition("#")
    path = unquote(path.partition("?")[0])
    if not path:
        aim = file
    elif path.startswith("/"):
        # As the code host reads it: from the top of the repository.
        aim = root / path.lstrip("/")
    else:
        aim = file.parent / path
    aim = aim.resolve()
    if not aim.is_relative_to(root):
        return f"leads out of the repository: {target}"
    if not aim.exists():
        return f"no such file: {target}"
    if anchor and aim.suffix == ".md" and unquote(anchor).lower() not in _anchors(aim):
        return f"no such heading: {target}"
    return None


@cache
def _anchors(file: Path) -> frozenset[str]:
    """What `#…` may name in `file`: its headings as the code host spells them, and ids set by hand."""
    anchors: set[str] = set()
    seen: Counter[str] = Counter()
    before = ""
    for _, text in _prose(file):
        anchors.update(name.lower() for name in _HTML_ANCHOR.findall(text))
        match = _HEADING.match(text)
        heading = match[1] if match else before if before and _UNDERLINE.match(text) else None
        if heading is not None:
            slug = _slug(heading)
            anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        before = "" if match else text.strip()
    return frozenset(anchors)


def _slug(heading: str) -> str:
    text = _LINK_TEXT.sub(r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _prose(file: Path) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, fenced code left out: what looks like a link there is an example."""
    fence = ""
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = _FENCE.match(text)
        if fence:
            if match and match[1].startswith(fence) and not text.strip(" `~"):
                fence = ""
        elif match:
            fence = match[1]
        else:
            yield number, text


def main() -> int:
    """Print the dead links; 1 if there are any."""
    problems = dead_links(Path(__file__).resolve().parents[1])
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} dead links" if problems else "links in README.md and docs/: fine")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
