"""The link checker of the documentation."""

from pathlib import Path

import pytest

from ops.check_links import dead_links

GUIDE = """
# The *guide* to `things`, and [more](other.md)

Setting-out heading
-------------------

## Twice
## Twice
<a id="By-Hand"></a>
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "docs" / "guide.md").write_text(GUIDE)
    (tmp_path / "docs" / "other.md").write_text("# Other\n")
    (tmp_path / "docs" / "with space.md").write_text("")
    (tmp_path / "Makefile").write_text("")
    return tmp_path


def check(project: Path, text: str) -> list[str]:
    (project / "README.md").write_text(text)
    return dead_links(project)


@pytest.mark.parametrize(
    "text",
    [
        "[a](docs/guide.md)",
        '[a](./docs/guide.md "title")',
        "[a](docs/)",
        "[a](/Makefile)",
        "[a](docs/with%20space.md) [b](<docs/with space.md>)",
        "[a](docs/guide.md#the-guide-to-things-and-more)",
        "[a](docs/guide.md#setting-out-heading)",
        "[a](docs/guide.md#twice) [b](docs/guide.md#twice-1)",
        "[a](docs/guide.md#by-hand)",
        "# Own words\n[a](#own-words)",
        "[a](https://example.org/x) [b](mailto:a@example.org) [c](//example.org/)",
        "[a]: docs/guide.md\n",
        "`[a](nowhere.md)`",
        "```\n[a](nowhere.md)\n```",
        "~~~~\n```\n[a](nowhere.md)\n~~~~",
        "[x] done [y][z]",
    ],
)
def test_living_links(project: Path, text: str) -> None:
    assert check(project, text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("one\n\n[a](nowhere.md)", "README.md:3: no such file: nowhere.md"),
        ("![a](docs/picture.png)", "README.md:1: no such file: docs/picture.png"),
        ("[![b](docs/badge.svg)](docs/guide.md)", "README.md:1: no such file: docs/badge.svg"),
        ("[![b](Makefile)](nowhere.md)", "README.md:1: no such file: nowhere.md"),
        ("[a](docs/guide.md#twice-2)", "README.md:1: no such heading: docs/guide.md#twice-2"),
        ("[a](#nowhere)", "README.md:1: no such heading: #nowhere"),
        ("[a]: nowhere.md", "README.md:1: no such file: nowhere.md"),
        ('<img src="nowhere.png">', "README.md:1: no such file: nowhere.png"),
        ("[a](../outside.md)", "README.md:1: leads out of the repository: ../outside.md"),
        ("```\ncode\n```\n[a](nowhere.md)", "README.md:4: no such file: nowhere.md"),
    ],
)
def test_dead_links(project: Path, text: str, problem: str) -> None:
    assert check(project, text) == [problem]


def test_documents_below_docs_are_read_and_their_links_are_relative_to_them(project: Path) -> None:
    (project / "docs" / "deep" / "page.md").write_text("[up](../guide.md) [wrong](guide.md)")
    assert dead_links(project) == ["docs/deep/page.md:1: no such file: guide.md"]
