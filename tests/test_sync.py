"""Articles from real git repositories, over file:// and git://, into a real index."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import app
from corpus.docfx import with_docset_address
from corpus.files import Defaults, Root
from corpus.sync import ArticleSource, SyncError, read_sources
from index import versions
from index.search import Searcher
from tests.corpora import VPN_DE, VPN_TR

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    done = subprocess.run(  # noqa: S603 - the tests' own commands
        ["git", *identity, *arguments],  # noqa: S607
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(repository: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "more")


@pytest.fixture
def turkish(tmp_path: Path) -> Path:
    """A repository as those of localized documentation: the articles stand on a branch of its own,
    beside much that is no article.
    """
    repository = tmp_path / "served" / "docs.tr-TR"
    repository.mkdir(parents=True)
    git(repository, "init", "--quiet", "--initial-branch", "main")
    commit(repository, {"README.md": "# Not here\n"})
    git(repository, "checkout", "--quiet", "-b", "live-sxs")
    commit(repository, {"articles/vpn.md": VPN_TR, "other/x.md": "# X\n"})
    git(repository, "config", "uploadpack.allowFilter", "true")
    return repository


@pytest.fixture
def german(tmp_path: Path) -> Path:
    """A folder on this machine."""
    folder = tmp_path / "own"
    (folder / "de-DE").mkdir(parents=True)
    (folder / "de-DE" / "vpn.md").write_text(VPN_DE, encoding="utf-8")
    return folder


@pytest.fixture
def daemon(tmp_path: Path, turkish: Path) -> Iterator[str]:
    """The address of a git daemon that serves the repository."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["git", "daemon", "--export-all", f"--base-path={turkish.parent}", "--reuseaddr"]
    command += ["--listen=127.0.0.1", f"--port={port}"]
    with subprocess.Popen(command, cwd=tmp_path) as process:  # noqa: S603
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"git://127.0.0.1:{port}/{turkish.name}"
        process.terminate()


def configure(tmp_path: Path, *sources: str) -> Path:
    path = tmp_path / "babeldesk.toml"
    path.write_text("\n".join(f"[[source]]\n{source}\n" for source in sources), encoding="utf-8")
    return path


def repository_source(address: str, folder: str = "articles") -> str:
    return (
        f'name = "turkish"\ngit = "{address}"\nbranch = "live-sxs"\nfolder = "{folder}"\n'
        'locale = "tr-TR"\nattribution = "Contoso, CC BY 4.0"\n'
        'base_url = "https://docs.example.com/tr-tr"'
    )


def sync(config: Path) -> Result:
    index = config.parent / "kb" / "index"
    return CliRunner().invoke(app, ["sync", "--config", str(config), "--out", str(index), "-q"])


def articles(config: Path) -> dict[str, int]:
    _, meta = versions.current(config.parent / "kb" / "index")
    return meta.articles


@pytest.mark.parametrize("protocol", ["file", "git"])
def test_a_repository_is_cloned_then_brought_up_to_date(
    tmp_path: Path, turkish: Path, request: pytest.FixtureRequest, protocol: str
) -> None:
    address = request.getfixturevalue("daemon") if protocol == "git" else f"file://{turkish}"
    config = configure(tmp_path, repository_source(address))
    done = sync(config)
    assert done.exit_code == 0, done.output
    assert articles(config) == {"en-US": 1, "tr-TR": 1}
    article = Searcher(tmp_path / "kb" / "index").article("vpn", "tr-TR")
    assert article
    assert article.attribution == "Contoso, CC BY 4.0"
    assert article.url == "https://docs.example.com/tr-tr/vpn"
    clone = tmp_path / "kb" / "sources" / "turkish"
    assert not (clone / "other").exists()
    assert git(clone, "rev-list", "--count", "HEAD") == "1"
    commit(turkish, {"articles/printer.md": VPN_TR.replace("VPN", "Yazıcı")})
    done = sync(config)
    assert done.exit_code == 0, done.output
    assert f"turkish: now at {git(turkish, 'rev-parse', 'HEAD')[:10]}." in done.output
    assert "1 files read" in done.output
    assert articles(config) == {"en-US": 2, "tr-TR": 2}
    assert "nothing had changed" in sync(config).output


def test_the_address_of_a_docset_stands_in_its_configuration(tmp_path: Path, turkish: Path) -> None:
    docfx = '{"hostName": "learn.example.com", "basePath": "/printers", "build": {}}'
    commit(turkish, {"docfx.json": docfx})
    source = repository_source(f"file://{turkish}").rpartition("\n")[0]  # without base_url
    config = configure(tmp_path, source)
    assert sync(config).exit_code == 0
    article = Searcher(tmp_path / "kb" / "index").article("vpn", "tr-TR")
    assert article
    assert article.url == "https://learn.example.com/tr-tr/printers/articles/vpn"
    commit(turkish, {"docfx.json": docfx.replace("learn", "docs")})
    assert sync(config).exit_code == 0
    article = Searcher(tmp_path / "kb" / "index").article("vpn", "tr-TR")
    assert article
    assert article.url == "https://docs.example.com/tr-tr/printers/articles/vpn"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"hostName": 5}'])
def test_a_configuration_that_tells_no_address_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "docfx.json").write_text(text, encoding="utf-8")
    assert with_docset_address(Root(tmp_path)) == Root(tmp_path)


def test_history_that_was_rewritten_is_followed(tmp_path: Path, turkish: Path) -> None:
    config = configure(tmp_path, repository_source(f"file://{turkish}"))
    assert sync(config).exit_code == 0
    (turkish / "articles" / "mail.md").write_text(VPN_TR.replace("VPN", "Posta"))
    git(turkish, "add", "--all")
    git(turkish, "commit", "--quiet", "--amend", "--message", "anew")
    assert sync(config).exit_code == 0
    assert articles(config)["tr-TR"] == 2


def test_a_source_that_fails_leaves_the_others_and_what_was_there(
    tmp_path: Path, turkish: Path, german: Path
) -> None:
    config = configure(tmp_path, repository_source(f"file://{turkish}"), f'path = "{german}"')
    assert sync(config).exit_code == 0
    assert articles(config) == {"de-DE": 1, "en-US": 1, "tr-TR": 1}
    turkish.rename(turkish.with_name("moved"))
    (german / "de-DE" / "mail.md").write_text(VPN_DE.replace("VPN", "Mail"), encoding="utf-8")
    done = sync(config)
    assert done.exit_code == 1
    assert "turkish: git fetch failed: " in done.output
    assert "1 of 2 sources failed: turkish." in done.output
    assert articles(config) == {"de-DE": 2, "en-US": 2, "tr-TR": 1}
    shutil.rmtree(german)
    turkish.with_name("moved").rename(turkish)
    done = sync(config)
    assert f"own: {german} is not there." in done.output
    assert articles(config) == {"de-DE": 2, "en-US": 2, "tr-TR": 1}


def test_a_folder_that_is_gone_from_the_branch_keeps_its_articles(
    tmp_path: Path, turkish: Path, german: Path
) -> None:
    config = configure(tmp_path, repository_source(f"file://{turkish}"), f'path = "{german}"')
    assert sync(config).exit_code == 0
    git(turkish, "mv", "articles", "renamed")
    git(turkish, "commit", "--quiet", "--message", "move")
    done = sync(config)
    assert done.exit_code == 1
    assert "turkish: has no folder articles." in done.output
    assert articles(config)["tr-TR"] == 1


def test_what_holds_for_a_source_may_change(tmp_path: Path, turkish: Path) -> None:
    source = repository_source(f"file://{turkish}")
    config = configure(tmp_path, source)
    assert sync(config).exit_code == 0
    configure(tmp_path, source.replace("CC BY 4.0", "all rights reserved"))
    assert sync(config).exit_code == 0
    article = Searcher(tmp_path / "kb" / "index").article("vpn", "tr-TR")
    assert article
    assert article.attribution == "Contoso, all rights reserved"


def test_nothing_is_indexed_where_no_source_was_ever_reached(tmp_path: Path) -> None:
    config = configure(tmp_path, repository_source(f"file://{tmp_path}/nowhere"))
    done = sync(config)
    assert done.exit_code == 1
    assert "No source of" in done.output
    assert not (tmp_path / "kb" / "index").exists()
    assert list((tmp_path / "kb" / "sources").iterdir()) == []


def test_sources_are_read(tmp_path: Path) -> None:
    config = configure(
        tmp_path, repository_source("https://example.com/docs.git"), 'path = "own"\nlocale = "de"'
    )
    assert read_sources(config) == [
        ArticleSource(
            "turkish",
            "https://example.com/docs.git",
            branch="live-sxs",
            folder="articles",
            defaults=Defaults("tr-TR", "https://docs.example.com/tr-tr", "Contoso, CC BY 4.0"),
        ),
        ArticleSource("own", path=tmp_path / "own", defaults=Defaults("de")),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "is not valid TOML"),
        ("x = 1", "names no source: add a [[source]] with git or path."),
        ("source = 1", "names no source"),
        ("source = [1]", "source 1 is no table"),
        (
            '[[source]]\nfrom = "x"',
            "source 1: there is no key from; there is attribution, base_url",
        ),
        ("[[source]]\npath = 1", "source 1: path must be a text in quotes."),
        ("[[source]]", "source 1: give either git (an address) or path (a folder)."),
        ('[[source]]\ngit = "ext::sh -c x"', "is no address: give one with https:// or git@."),
        ('[[source]]\ngit = "--upload-pack=x"', "is no address"),
        ('[[source]]\npath = "a"\nname = "../x"', "name ../x may hold letters"),
        ('[[source]]\ngit = "https://a/b"\nfolder = "../x"', "must lie below the repository."),
        ('[[source]]\ngit = "https://a/b"\nbranch = "-x"', "branch -x is no name of a branch."),
        ('[[source]]\npath = "a"\nlocale = "klingon"', "locale klingon is no language tag"),
        ('[[source]]\npath = "a"\nbase_url = "a"', "base_url a is no web address"),
        ('[[source]]\npath = "a"\n[[source]]\npath = "b/a"', "two sources have the name a"),
    ],
)
def test_what_is_wrong_with_the_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "babeldesk.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SyncError) as error:
        read_sources(path)
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = sync(tmp_path / "babeldesk.toml")
    assert done.exit_code == 1
    assert "babeldesk.toml: No such file or directory." in done.output
