from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from index import records, versions
from index.build import BuildReport, LazyEmbedder, NoArticlesError, build
from index.embedding import Embedder, ModelNotFoundError, located
from index.search import Searcher
from tests.corpora import PRINTER_TR, VPN_DE, VPN_TR, bilingual, write

PROJECT = Path(__file__).parent.parent


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    files = {"tr-TR/vpn.md": VPN_TR, "tr-TR/printer.md": PRINTER_TR, "de-DE/vpn.md": VPN_DE}
    return write(tmp_path / "corpus", files)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "index"


def titles(out: Path, embedder: Embedder) -> dict[tuple[str, str], str]:
    searcher = Searcher(out, embedder)
    return {
        (locale, i): title
        for locale in searcher.locales
        for i in ("vpn", "printer", "new")
        if (title := searcher.title(i, locale))
    }


def test_english_comes_from_the_sources(corpus: Path, out: Path, embedder: Embedder) -> None:
    report = build([corpus], out, embedder)
    assert report.articles == {"de-DE": 1, "en-US": 2, "tr-TR": 2}
    assert report.segments == {"de-DE": 3, "en-US": 6, "tr-TR": 6}
    assert (report.changed, report.removed, report.embedded) == (3, 0, 15)
    assert titles(out, embedder) == {
        ("de-DE", "vpn"): "Mit dem VPN verbinden",
        ("en-US", "vpn"): "Connect to the VPN",
        ("en-US", "printer"): "The printer does not print",
        ("tr-TR", "vpn"): "VPN'e bağlanın",
        ("tr-TR", "printer"): "Yazıcı yazdırmıyor",
    }
    article = Searcher(out, embedder).article("vpn", "en-US")
    assert article is not None
    assert [b.text for b in article.blocks if b.kind == "step"] == [
        "Open Settings.",
        "Select Connect.",
    ]


def test_an_english_file_goes_before_the_sources(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    write(corpus, {"en-US/vpn.md": "# Use the VPN\n\n1. Open it.\n"})
    build([corpus], out, embedder)
    assert titles(out, embedder)["en-US", "vpn"] == "Use the VPN"
    (corpus / "en-US" / "vpn.md").unlink()
    build([corpus], out, embedder)
    assert titles(out, embedder)["en-US", "vpn"] == "Connect to the VPN"


def test_english_is_taken_from_the_newest(corpus: Path, out: Path, embedder: Embedder) -> None:
    newer = bilingual(("VPN nutzen", "Use the new VPN"), [("Los.", "Go.")], date="05/01/2022")
    build([corpus], out, embedder)
    write(corpus, {"de-DE/vpn.md": newer})
    build([corpus], out, embedder)
    assert titles(out, embedder)["en-US", "vpn"] == "Use the new VPN"


def test_nothing_changed_makes_no_version(corpus: Path, out: Path, embedder: Embedder) -> None:
    first = build([corpus], out, embedder)
    again = build([corpus], out, embedder)
    assert first.version == out / "v0001"
    assert again.version is None
    assert (again.articles, again.changed, again.embedded) == (first.articles, 0, 0)
    assert versions.current(out)[0] == first.version


def test_only_what_changed_is_embedded_again(corpus: Path, out: Path, embedder: Embedder) -> None:
    build([corpus], out, embedder)
    before = (versions.current(out)[0] / "de-DE" / "segments.faiss").stat().st_ino
    write(corpus, {"tr-TR/printer.md": PRINTER_TR.replace("Add paper.", "Load paper.")})
    report = build([corpus], out, embedder)
    assert (report.changed, report.embedded) == (1, 6), "its three segments, Turkish and English"
    after = versions.current(out)[0] / "de-DE" / "segments.faiss"
    assert after.stat().st_ino == before, "the untouched locale's files are shared"
    hit = Searcher(out, embedder).search("load paper", "en-US")[0]
    assert (hit.article_id, hit.locale) == ("printer", "en-US")


def test_an_incremental_build_equals_a_fresh_one(
    corpus: Path, out: Path, embedder: Embedder, tmp_path: Path
) -> None:
    build([corpus], out, embedder)
    write(corpus, {"tr-TR/new.md": VPN_TR.replace("VPN", "Wi-Fi")})
    (corpus / "tr-TR" / "vpn.md").unlink()
    report = build([corpus], out, embedder)
    assert (report.changed, report.removed) == (1, 1)
    build([corpus], tmp_path / "fresh", embedder)
    (version, ours), (other, fresh) = map(versions.current, (out, tmp_path / "fresh"))
    assert ours == fresh
    for name in ("owners.npy", "segment_ids.npy", "words/text.npy", "words/counts.npy"):
        for locale in fresh.articles:
            assert (version / locale / name).read_bytes() == (other / locale / name).read_bytes()
    for locale in fresh.articles:
        for text in ("vpn bağlan", "printer paper", "Wi-Fi"):
            found, wanted = (
                {
                    (h.article_id, h.locale): h
                    for h in Searcher(folder, embedder).search(text, locale)
                }
                for folder in (out, tmp_path / "fresh")
            )
            assert found.keys() == wanted.keys()
            for key, hit in found.items():
                assert sorted(hit.segments) == sorted(wanted[key].segments)
                # Eight-bit arithmetic depends a little on what else is embedded at once.
                assert hit.score == pytest.approx(wanted[key].score, abs=0.05)


def test_a_removed_locale_is_gone(corpus: Path, out: Path, embedder: Embedder) -> None:
    build([corpus], out, embedder)
    (corpus / "de-DE" / "vpn.md").unlink()
    report = build([corpus], out, embedder)
    assert (report.removed, sorted(report.articles)) == (1, ["en-US", "tr-TR"])
    assert Searcher(out, embedder).locales == ("en-US", "tr-TR")
    assert Searcher(out, embedder).article("vpn", "de-DE") is None


def test_a_bad_article_is_reported_and_its_last_good_one_served(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    build([corpus], out, embedder)
    (corpus / "tr-TR" / "vpn.md").write_bytes(b"\0\0")
    report = build([corpus], out, embedder)
    assert [p.path.name for p in report.problems] == ["vpn.md"]
    assert titles(out, embedder)["tr-TR", "vpn"] == "VPN'e bağlanın"
    write(corpus, {"tr-TR/vpn.md": VPN_TR.replace("VPN'e bağlanın", "VPN kullanın")})
    build([corpus], out, embedder)
    assert titles(out, embedder)["tr-TR", "vpn"] == "VPN kullanın"


def test_of_two_files_that_are_one_article_the_first_counts(
    corpus: Path, out: Path, embedder: Embedder, tmp_path: Path
) -> None:
    other = write(tmp_path / "other", {"tr-TR/vpn.md": VPN_TR.replace("bağlanın", "geçin")})
    report = build([corpus, other], out, embedder)
    assert titles(out, embedder)["tr-TR", "vpn"] == "VPN'e bağlanın"
    (problem,) = report.problems
    assert problem.path == other / "tr-TR" / "vpn.md"
    assert "same id, same locale" in problem.message


def test_another_base_url_reads_everything_again(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    build([corpus], out, embedder)
    assert build([corpus], out, embedder, "https://help.example.com").changed == 3
    article = Searcher(out, embedder).article("vpn", "tr-TR")
    assert article is not None
    assert article.url == "https://help.example.com/vpn"


def test_nothing_to_index_is_an_error_and_changes_nothing(
    corpus: Path, out: Path, embedder: Embedder, tmp_path: Path
) -> None:
    build([corpus], out, embedder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NoArticlesError, match="No article can be read below"):
        build([empty], out, embedder)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        build([tmp_path / "nowhere"], out, embedder)
    assert versions.current(out)[0].name == "v0001"
    assert not list(out.glob(".building-*"))


def test_two_builds_at_once_are_refused(corpus: Path, out: Path, embedder: Embedder) -> None:
    with (
        versions.building(out),
        pytest.raises(versions.IndexBusyError, match="Another build is writing"),
    ):
        build([corpus], out, embedder)


def test_a_killed_build_leaves_the_old_index_serving(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    build([corpus], out, embedder)
    many = {f"tr-TR/{n}.md": VPN_TR.replace("VPN", f"VPN {n}") for n in range(3000)}
    write(corpus, many)
    command = [sys.executable, "-m", "bot", "index", str(corpus), "--out", str(out)]
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)  # noqa: S603
    while not list(out.glob(".building-*/tr-TR")):
        assert process.poll() is None, "the build ended before it could be killed"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(out.glob(".building-*")), "killed in the middle"
    assert titles(out, embedder)["tr-TR", "vpn"] == "VPN'e bağlanın"
    report = build([corpus], out, embedder)
    assert report.articles["tr-TR"] == 3002
    assert not list(out.glob(".building-*"))


def test_old_versions_are_removed_but_the_last(corpus: Path, out: Path, embedder: Embedder) -> None:
    for number in range(4):
        write(corpus, {"tr-TR/vpn.md": VPN_TR.replace("VPN", f"VPN {number}")})
        build([corpus], out, embedder)
    assert sorted(p.name for p in out.glob("v*")) == ["v0003", "v0004"]


def _meta(out: Path, **changed: object) -> None:
    path = versions.current(out)[0] / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_what_does_not_fit_says_what_to_run(corpus: Path, out: Path, embedder: Embedder) -> None:
    with pytest.raises(versions.IndexNotUsableError, match=r"no index in .*run: babeldesk index"):
        Searcher(out, embedder)
    build([corpus], out, embedder)
    _meta(out, model_fingerprint="0123")
    with pytest.raises(
        versions.IndexNotUsableError, match=r"made with the embedder bundled \(0123"
    ):
        Searcher(out, embedder)
    _meta(out, schema=99)
    reads = f"has format 99.*reads format {versions.SCHEMA}; run:"
    with pytest.raises(versions.IndexNotUsableError, match=reads):
        Searcher(out, embedder)
    (out / "CURRENT").write_text("v0009")
    with pytest.raises(versions.IndexNotUsableError, match="no index in"):
        Searcher(out, embedder)


def test_an_index_of_another_format_is_built_anew(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    build([corpus], out, embedder)
    _meta(out, schema=0)
    report: BuildReport = build([corpus], out, embedder)
    assert (report.changed, report.version) == (3, out / "v0002")


def test_the_report_of_progress_ends_at_the_end(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    told: list[tuple[str, int, int]] = []
    build([corpus], out, embedder, progress=lambda *said: told.append(said))
    assert told[0] == ("Reading articles", 3, 3)
    assert told[-1] == ("Indexing", 15, 15)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    "damage",
    [
        lambda version: _truncate(version / "tr-TR" / "segments.faiss"),
        lambda version: _truncate(version / "tr-TR" / "articles.db"),
        lambda version: _truncate(version / "tr-TR" / "owners.npy"),
        lambda version: _truncate(version / "tr-TR" / "words" / "documents.npy"),
        lambda version: shutil.rmtree(version / "tr-TR" / "words"),
        lambda version: shutil.rmtree(version / "de-DE"),
        lambda version: (version / "meta.json").write_text("[]"),
        lambda version: (version / "meta.json").write_text('{"schema": 1}'),
        lambda version: (version.parent / "CURRENT").write_bytes(b"v\xff"),
    ],
)
def test_a_damaged_index_says_so_and_is_made_anew(
    corpus: Path, out: Path, embedder: Embedder, damage: Callable[[Path], object]
) -> None:
    first = build([corpus], out, embedder)
    assert first.version
    damage(first.version)
    with pytest.raises(versions.IndexNotUsableError, match="run: babeldesk index"):
        Searcher(out, embedder).open_all()
    again = build([corpus], out, embedder)
    assert (again.changed, again.articles) == (3, first.articles)
    Searcher(out, embedder).open_all()


@pytest.mark.parametrize("damage", [Path.unlink, _truncate])
def test_lost_file_records_make_everything_anew(
    corpus: Path, out: Path, embedder: Embedder, damage: Callable[[Path], object]
) -> None:
    first = build([corpus], out, embedder)
    assert first.version
    damage(first.version / records.FILE)
    assert build([corpus], out, embedder).changed == 3


# Which files are read again.


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the stamps of files believed at once: tests have no time to let files grow old."""
    monkeypatch.setattr(records, "_SETTLED", 0)


def _stamps(out: Path) -> dict[str, str]:
    found = records.load(versions.current(out)[0] / records.FILE)
    return {Path(path).name: record.stamp for path, record in found.items()}


@pytest.mark.usefixtures("settled")
def test_a_file_that_was_not_written_since_is_not_opened(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    version = build([corpus], out, embedder).version
    assert version
    path = version / records.FILE
    known = records.load(path)
    records.save({p: record._replace(file_hash="other") for p, record in known.items()}, path)
    assert build([corpus], out, embedder).changed == 0
    write(corpus, {"de-DE/vpn.md": VPN_DE})
    assert build([corpus], out, embedder).changed == 1


@pytest.mark.usefixtures("settled")
def test_a_touched_file_is_read_once_and_not_indexed(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    build([corpus], out, embedder)
    before = _stamps(out)
    os.utime(corpus / "tr-TR" / "printer.md", (1, 1))
    again = build([corpus], out, embedder)
    assert (again.version, again.changed, again.embedded) == (None, 0, 0)
    after = _stamps(out)
    assert after["printer.md"] != before["printer.md"]
    assert after["vpn.md"] == before["vpn.md"]
    assert not list(out.rglob("*.new"))


def test_a_change_that_leaves_size_and_time_is_noticed(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    path = corpus / "tr-TR" / "printer.md"
    build([corpus], out, embedder)
    before = path.stat()
    write(corpus, {"tr-TR/printer.md": PRINTER_TR.replace("Add paper.", "Lay paper.")})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert build([corpus], out, embedder).changed == 1


@pytest.mark.usefixtures("settled")
def test_an_include_that_changes_or_comes_is_noticed(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    including = "# Ağ\n\n[!INCLUDE [a](includes/a.md)]\n\n[!INCLUDE [b](includes/b.md)]\n"
    write(corpus, {"tr-TR/new.md": including, "tr-TR/includes/a.md": "Kabloyu takın."})

    def said() -> list[str]:
        article = Searcher(out, embedder).article("new", "tr-TR")
        return [segment.text for segment in article.segments] if article else []

    build([corpus], out, embedder)
    assert said() == ["Ağ", "Kabloyu takın."]
    write(corpus, {"tr-TR/includes/a.md": "Kabloyu çekin."})
    assert build([corpus], out, embedder).changed == 1
    write(corpus, {"tr-TR/includes/b.md": "Bekleyin."})
    assert build([corpus], out, embedder).changed == 1
    assert said() == ["Ağ", "Kabloyu çekin.", "Bekleyin."]


@pytest.mark.usefixtures("settled")
def test_what_gives_no_article_is_reported_every_time(
    corpus: Path, out: Path, embedder: Embedder, tmp_path: Path
) -> None:
    (corpus / "tr-TR" / "binary.md").write_bytes(b"\0")
    (corpus / "tr-TR" / "lost.md").symlink_to("nowhere.md")
    other = write(tmp_path / "other", {"tr-TR/vpn.md": VPN_TR})
    for _ in range(2):
        report = build([corpus, other], out, embedder)
        assert [p.path.name for p in report.problems] == ["binary.md", "lost.md", "vpn.md"]


@pytest.mark.usefixtures("settled")
def test_an_index_is_renewed_from_wherever_the_corpus_is_named(
    corpus: Path, out: Path, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = build([corpus], out, embedder).version
    assert version
    (tmp_path / "link").symlink_to(corpus)
    monkeypatch.chdir(corpus)
    for root in (Path(), Path("../corpus"), tmp_path / "link"):
        assert build([root], out, embedder).version is None


def test_a_model_is_not_loaded_where_nothing_changed(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    build([corpus], out, embedder)
    lazy = LazyEmbedder(located(embedder.name))
    assert lazy.fingerprint == embedder.fingerprint
    assert build([corpus], out, lazy).version is None
    assert "loaded" not in vars(lazy)
    write(corpus, {"tr-TR/new.md": VPN_TR})
    assert build([corpus], out, lazy).embedded == 6
    assert lazy.loaded.dimension == embedder.dimension


def test_a_missing_model_is_an_error_before_anything_is_read(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    build([corpus], out, embedder)
    told: list[str] = []
    with pytest.raises(ModelNotFoundError, match="no/such is not on this machine"):
        build([corpus], out, LazyEmbedder("no/such"), progress=lambda what, *_: told.append(what))
    assert told == []
    assert versions.current(out)[0].name == "v0001"


def test_an_emptied_article_is_gone(corpus: Path, out: Path, embedder: Embedder) -> None:
    build([corpus], out, embedder)
    write(corpus, {"tr-TR/vpn.md": "---\nlocale: tr-TR\n---\n"})
    assert build([corpus], out, embedder).removed == 1
    assert ("tr-TR", "vpn") not in titles(out, embedder)
    assert titles(out, embedder)["en-US", "vpn"] == "Connect to the VPN", "German still has it"


def test_a_file_in_the_index_folders_place_is_named(
    corpus: Path, out: Path, embedder: Embedder
) -> None:
    out.write_text("")
    with pytest.raises(NotADirectoryError, match=r"index is a file: name a folder for the index\."):
        build([corpus], out, embedder)


def test_workers_end_with_a_parent_that_is_killed(corpus: Path) -> None:
    write(corpus, {f"tr-TR/{n}.md": VPN_TR * 20 for n in range(3000)})
    command = [sys.executable, "-m", "bot", "check", str(corpus)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)  # noqa: S603
    parent = psutil.Process(process.pid)
    while len(children := parent.children(recursive=True)) < 2:
        assert process.poll() is None, "the check ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_a_model_that_is_missing_leaves_no_trace(corpus: Path, out: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no-such/model is not on this machine"):
        build([corpus], out, LazyEmbedder("no-such/model"))
    assert not out.exists()
