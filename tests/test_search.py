from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from corpus.article import Article
from index.build import build
from index.confidence import Confidence, Features
from index.embedding import BUNDLED_MODEL, Embedder, Prefixes
from index.fusion import Evidence, Scores, Weights, fuse, shares, word_share
from index.live import LiveIndex
from index.search import Searcher
from tests.corpora import PRINTER_TR, VPN_DE, VPN_TR, write


@pytest.fixture(scope="module")
def searcher(starter_index: Path) -> Searcher:
    return Searcher(starter_index)


@pytest.mark.parametrize(
    ("question", "locale", "article"),
    [
        ("Profil resmim SharePoint'te neden hâlâ eski?", "tr-TR", "sync-profile-picture"),
        ("забравих си паролата", "bg-BG", "reset-password"),
        ("لا يعمل الميكروفون في اجتماعات Teams", "ar-SA", "teams-microphone-not-working"),
        ("邮箱满了 收不到邮件", "zh-CN", "outlook-mailbox-full"),
        ("το OneDrive δεν συγχρονίζει τα αρχεία", "el-GR", "onedrive-sync-stuck"),
        ("how do I get on the VPN from home", "en-US", "connect-to-vpn"),
    ],
)
def test_the_right_article_comes_first_in_the_askers_locale(
    searcher: Searcher, question: str, locale: str, article: str
) -> None:
    hits = searcher.search(question, locale)
    assert (hits[0].article_id, hits[0].locale) == (article, locale)
    assert len({hit.article_id for hit in hits}) == len(hits) == 6
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(-1 <= hit.score <= 1 for hit in hits)


def test_hits_name_the_segments_that_matched(
    searcher: Searcher, starters: dict[tuple[str, str], Article]
) -> None:
    article = starters["tr-TR", "connect-to-vpn"]
    said = next(s for block in article.blocks if block.kind == "step" for s in block.segments)
    hit = searcher.search(said.text, "tr-TR")[0]
    assert said.id in hit.segments[:3]
    assert set(hit.segments) <= {s.id for s in article.segments}


def test_a_language_the_index_lacks_is_answered_in_english(searcher: Searcher) -> None:
    hit = searcher.search("réinitialiser mon mot de passe oublié", "fr")[0]
    assert (hit.article_id, hit.locale) == ("reset-password", "en-US")


def test_what_is_only_in_another_language_is_not_offered(tmp_path: Path) -> None:
    files = {"de-DE/vpn.md": "# VPN\n\nVerbinden.\n", "tr-TR/p.md": PRINTER_TR}
    build([write(tmp_path, files)], tmp_path / "index", Embedder())
    searcher = Searcher(tmp_path / "index")
    assert {hit.article_id for hit in searcher.search("vpn", "tr-TR")} == {"p"}
    assert {hit.article_id for hit in searcher.search("vpn", "de-DE")} == {"vpn", "p"}
    shown = {hit.article_id: hit.locale for hit in searcher.search("vpn", "de-DE")}
    assert shown == {"vpn": "de-DE", "p": "en-US"}


def test_words_decide_where_vectors_know_nothing(tmp_path: Path) -> None:
    codes = {
        f"tr-TR/e{n}.md": PRINTER_TR.replace("Kağıt ekleyin.", f"Hata kodu QZX{n}77.")
        for n in range(8)
    }
    build([write(tmp_path, codes)], tmp_path / "index", Embedder())
    hit = Searcher(tmp_path / "index").search("QZX577", "tr-TR")[0]
    assert hit.article_id == "e5"


def test_articles_that_are_not_there(searcher: Searcher) -> None:
    assert searcher.article("no-such", "tr-TR") is None
    assert searcher.article("reset-password", "xx-XX") is None
    assert searcher.title("no-such", "en-US") is None


def scores(*values: float) -> Scores:
    return np.array(values, dtype=np.float32)


def test_fusion_is_a_weighted_mean_of_the_evidence_there_is() -> None:
    weights = Weights(1, 2, 3, 4, 5, 6)
    known = Evidence(scores(0.8, 0.2), scores(0.6, 0.1), scores(1, 0))
    assert fuse(known, weights) == pytest.approx([(0.8 + 1.2 + 3) / 6, (0.2 + 0.2) / 6])
    more = replace(known, interaction=scores(0.4, -1))
    assert fuse(more, weights) == pytest.approx([(5 + 4 * 0.4) / 10, (0.4 - 4) / 10])
    all_ = replace(more, subwords=scores(0.5, 0), english_subwords=scores(0, 0.5))
    assert fuse(all_, weights) == pytest.approx([(6.6 + 2.5) / 21, (-3.6 + 3) / 21])


def test_weights_of_nothing_give_nothing() -> None:
    known = Evidence(scores(0.8), scores(0.6), scores(1))
    assert fuse(known, Weights(0, 0, 0, 1, 1, 1)).tolist() == [0]


def test_shares_are_a_softmax_of_the_weighted_sums() -> None:
    known = Evidence(scores(0.5, 0.25), scores(0.5, 0.5), scores(0, 1))
    weights = Weights(4, 2, 1, 9, 9, 9)
    sums = np.array([3, 3])
    assert (fuse(known, weights) * 7).tolist() == pytest.approx(sums)
    assert shares(fuse(known, weights), known, weights).tolist() == [0.5, 0.5]
    apart = shares(scores(3 / 7, 2 / 7), known, weights)
    assert apart.tolist() == pytest.approx([np.e / (np.e + 1), 1 / (np.e + 1)])


def test_nothing_found_is_no_answer(searcher: Searcher) -> None:
    assert searcher.outcome([], "tr-TR") == "none"


def test_a_search_among_some_articles_is_that_of_an_index_of_these(searcher: Searcher) -> None:
    everything = searcher.find("VPN bağlanmıyor", "tr-TR")
    ids = everything.article_ids
    among = np.array([article_id != "connect-to-vpn" for article_id in ids])
    found = searcher.find("VPN bağlanmıyor", "tr-TR", among)
    assert "connect-to-vpn" in {ids[place] for place in everything.candidates}
    assert sorted(found.candidates) == sorted(np.flatnonzero(among))
    assert found.evidence.words[among].max() in {0, 1}


def test_without_a_kind_of_evidence_the_order_may_change(searcher: Searcher) -> None:
    words_alone = Weights(0, 0, 1, 0, 0, 0)
    best = searcher.search("OneDrive", "tr-TR", 1, words_alone)[0]
    assert (best.article_id, best.score) == ("onedrive-sync-stuck", 1)


def test_word_share() -> None:
    assert word_share(np.array([4, 2, 0], dtype=np.float32)).tolist() == [1, 0.5, 0]
    assert word_share(np.zeros(2, dtype=np.float32)).tolist() == [0, 0]


def test_confidence() -> None:
    sure = Confidence((-4, 8, 0.1, -0.5, 1), (-1, 2, 0.5), answer_from=0.7, suggest_from=0.3)
    several = Features.of(0.9, 0.75, 100)
    assert several.of_holding == pytest.approx((0.9, np.log(3), 2, 0))
    assert several.of_leading == pytest.approx((0.9, np.log(3)))
    holds, leads = (
        1 / (1 + np.exp(-logit)) for logit in (2.2 + 0.1 * np.log(3), 0.8 + 0.5 * np.log(3))
    )
    assert sure.probability(several) == pytest.approx(holds * leads)
    single = Features.of(0.9, 1, 1)
    assert single.of_holding == pytest.approx((0.9, 0, 0, 1))
    assert sure.probability(single) == pytest.approx(1 / (1 + np.exp(-4.2)))
    outcomes = [sure.outcome(p) for p in (0.7, 0.69, 0.3, 0.29)]
    assert outcomes == ["answer", "suggest", "suggest", "none"]


def test_confidence_is_saved_beside_the_model(tmp_path: Path) -> None:
    made = Confidence((-4, 8, 0.1, -0.5, 1), (-1, 2, 0.5), answer_from=0.7, suggest_from=0.3)
    made.save(tmp_path / "confidence.json")
    assert Confidence.load(tmp_path / "confidence.json") == made
    bundled = Confidence.load(BUNDLED_MODEL / "confidence.json")
    assert 0 < bundled.suggest_from < bundled.answer_from < 1


@dataclass(frozen=True)
class Serving:
    """A corpus of one article, its index, and the live index that serves it."""

    corpus: Path
    out: Path
    live: LiveIndex

    def build(self) -> Path:
        version = build([self.corpus], self.out, self.live.searcher.embedder).version
        assert version
        return version


@pytest.fixture
def serving(tmp_path: Path, searcher: Searcher) -> Serving:
    corpus = write(tmp_path / "corpus", {"tr-TR/vpn.md": VPN_TR})
    build([corpus], tmp_path / "index", searcher.embedder)
    return Serving(corpus, tmp_path / "index", LiveIndex(tmp_path / "index", searcher.embedder))


def test_a_new_version_is_served_at_once(serving: Serving) -> None:
    old = serving.live.searcher
    assert serving.live.refresh() is False
    write(serving.corpus, {"de-DE/vpn.md": VPN_DE})
    serving.build()
    assert serving.live.refresh() is True
    assert serving.live.searcher.locales == ("de-DE", "en-US", "tr-TR")
    assert old.search("vpn", "tr-TR")[0].article_id == "vpn", "a question in work ends well"


def test_a_broken_new_version_leaves_the_old_one_serving(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    old = serving.live.searcher
    (serving.out / "CURRENT").write_text("v0404")
    assert serving.live.refresh() is False
    assert serving.live.searcher is old
    assert "the old one goes on serving" in caplog.text


def test_a_new_version_that_is_damaged_anywhere_is_not_served(serving: Serving) -> None:
    old = serving.live.searcher
    write(serving.corpus, {"de-DE/vpn.md": VPN_DE})
    (serving.build() / "de-DE" / "segments.faiss").unlink()
    assert serving.live.refresh() is False
    assert serving.live.searcher is old


def test_versions_that_no_longer_serve_are_let_go(serving: Serving) -> None:
    serving.live.searcher.search("vpn", "tr-TR")
    first = weakref.ref(serving.live.searcher)
    write(serving.corpus, {"tr-TR/printer.md": PRINTER_TR})
    serving.build()
    assert serving.live.refresh() is True
    gc.collect()
    assert first() is None


def test_an_index_is_asked_with_the_prefixes_it_was_made_with(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", {"tr-TR/vpn.md": VPN_TR, "tr-TR/p.md": PRINTER_TR})
    model = BUNDLED_MODEL / "subwords"
    prefixes = Prefixes("query: ", "passage: ")
    build([corpus], tmp_path / "index", Embedder(model, prefixes))
    searcher = Searcher(tmp_path / "index")
    assert searcher.embedder.prefixes == prefixes
    assert searcher.search("yazıcı yazdırmıyor", "tr-TR")[0].article_id == "p"
    (asked,) = Embedder(model).embed_queries(["query: VPN"])
    np.testing.assert_allclose(searcher.embedder.query("VPN").vector, asked, atol=1e-5)
