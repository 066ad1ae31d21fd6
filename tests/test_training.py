"""The training of the embedder, on a transformer small enough to train in seconds."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from index.embedding import Embedder
from index.evaluation import Question, read_questions
from index.training import distil as distilling
from index.training import tune as tuning
from index.training.bitext import Bitext, Pair, read_bitext, sampled
from index.training.distil import by_length, token_ids, vectors
from index.training.e5 import PROMPTS
from index.training.export import TokenEncoder, Trainable, load, save
from index.training.tune import Tokens, max_similarity
from index.training.typing_noise import as_typed, without_marks
from tests.corpora import PRINTER_TR, VPN_DE, write

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
# Eight sentences and, as their translations, the same with other letters.
ENGLISH = [
    "reset the password",
    "print the page",
    "join a call",
    "share a file",
    "mute the sound",
    "restore old mail",
    "connect the network",
    "change the picture",
]
CIPHER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
PAIRS = [Pair("xx-XX", text.translate(CIPHER), text) for text in ENGLISH]


def tiny() -> Trainable:
    """An untrained transformer of two narrow layers that reads text letter by letter."""
    torch.manual_seed(0)
    letters = "abcdefghijklmnopqrstuvwxyz:. "
    vocabulary = {piece: n for n, piece in enumerate([*SPECIAL, *letters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        pad_token_id=1,
    )
    config._attn_implementation = "eager"
    bert = BertModel(config, add_pooling_layer=False)
    for weights in bert.parameters():
        # What a new model has many of, such as zeros, a file holds but once.
        weights.data += 0.01 * torch.randn_like(weights)
    prompt_tokens = len(tokenizer.encode(PROMPTS["query"]).ids) - 1
    return Trainable(TokenEncoder(bert, 8, prompt_tokens), tokenizer)


def found(trained: Trainable) -> float:
    """How often a translation's own English is the nearest."""
    asked = vectors(trained, [pair.target for pair in PAIRS], PROMPTS["query"])
    meant = vectors(trained, ENGLISH, PROMPTS["document"])
    return float((np.argmax(asked @ meant.T, axis=1) == np.arange(len(PAIRS))).mean())


@pytest.mark.slow
def test_what_is_exported_says_what_the_model_says(tmp_path: Path) -> None:
    trained = tiny()
    save(trained, tmp_path)
    embedder = Embedder(tmp_path)
    assert (embedder.dimension, embedder.token_dimension) == (32, 8)
    texts = ["reset the password", "print", "share a file with a group"]
    exact = vectors(trained, texts, PROMPTS["document"])
    assert (embedder.embed_passages(texts) * exact).sum(1) == pytest.approx(1, abs=0.01)

    query = embedder.query(texts[0])
    assert query.tokens is not None
    assert query.tokens.weights == pytest.approx(np.full(18, 1 / 18), abs=0.001)
    assert np.linalg.norm(query.tokens.vectors, axis=1) == pytest.approx(1, abs=0.001)
    lengths = [len(tokens) for tokens in embedder.passages(texts).tokens]
    assert lengths == [len("passage: ") + len(text) + 2 for text in texts]

    back = load(tmp_path)
    again = vectors(back, texts, PROMPTS["document"])
    assert (again * exact).sum(1) == pytest.approx(1, abs=0.01)
    weights = {name: value.numpy() for name, value in back.model.state_dict().items()}
    for name, value in trained.model.state_dict().items():
        assert np.abs(weights[name] - value.numpy()).max() <= np.abs(value.numpy()).max() / 100


def test_an_empty_question_has_no_tokens_that_count() -> None:
    trained = tiny()
    ids, mask = token_ids(trained.tokenizer, [PROMPTS["query"], PROMPTS["query"] + "ab"], 64)
    _, tokens, weights = trained.model(ids, mask)
    assert weights[0].tolist() == [0] * ids.shape[1]
    assert weights[1].sum().item() == pytest.approx(1)
    assert torch.count_nonzero(weights[1]) == 2
    assert tokens[0, -2:].abs().max() == 0, "padding has no vector"


def test_distilling_teaches_translations(monkeypatch: pytest.MonkeyPatch) -> None:
    # To a model that knows nothing yet all sentences are nearly the same.
    monkeypatch.setattr(distilling, "SAME_MEANING", 1.01)
    trained = tiny()
    before = found(trained)
    meant = vectors(trained, ENGLISH, PROMPTS["document"])
    losses: list[float] = []

    def tell(_done: int, _steps: int, loss: float) -> None:
        losses.append(loss)

    distilling.distil(trained, PAIRS, 120_000, random.Random(0), tell)
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.3
    assert found(trained) > before
    kept = (vectors(trained, ENGLISH, PROMPTS["document"]) * meant).sum(1)
    assert kept.mean() > 0.5


def test_tuning_teaches_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "SAME_ANSWER", 1.01)
    trained = tiny()
    articles = {f"a{n}": f"{text}. {text}." for n, text in enumerate(ENGLISH)}
    questions = [
        Question(pair.target, pair.locale, frozenset({f"a{n}"}), "", pair.source if n % 2 else None)
        for n, pair in enumerate(PAIRS)
    ]
    losses: list[float] = []

    def tell(_done: int, _steps: int, loss: float) -> None:
        losses.append(loss)

    bitext = Bitext(PAIRS * 10, articles)
    tuning.tune(trained, bitext, questions * 30, random.Random(0), tell, epochs=60)
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.5


def test_token_scores_by_hand() -> None:
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    tokens = Tokens(vectors, torch.tensor([0.75, 0.25, 1.0]), torch.tensor([0, 0, 1]), 2)
    articles = torch.tensor([[[1.0, 0.0], [0.6, 0.8]], [[0.0, 1.0], [0.0, 0.0]]])
    expected = [0.75 + 0.25 * 0.8, 0.25], [0.8, 1.0]
    scores = max_similarity(tokens, articles)
    assert [scores[n].tolist() for n in range(2)] == [pytest.approx(row) for row in expected]


def test_only_the_nearest_tokens_learn() -> None:
    tokens = Tokens(torch.tensor([[0.0, 1.0]]), torch.tensor([1.0]), torch.tensor([0]), 1)
    articles = torch.tensor([[[1.0, 0.0], [0.6, 0.8]]], requires_grad=True)
    max_similarity(tokens, articles).sum().backward()  # type: ignore[no-untyped-call]
    assert articles.grad is not None
    assert articles.grad.tolist() == [[[0.0, 0.0], [0.0, 1.0]]]


def test_bitext_is_read_from_articles(tmp_path: Path) -> None:
    bitext = read_bitext(
        [write(tmp_path, {"tr-TR/printer.md": PRINTER_TR, "de-DE/vpn.md": VPN_DE})]
    )
    assert {pair.locale for pair in bitext.pairs} == {"tr-TR", "de-DE"}
    assert list(bitext.articles) == ["printer", "vpn"]
    said = {pair.source for pair in bitext.pairs}
    assert any(text.rstrip(".") in bitext.articles["printer"] for text in said)


def test_every_english_sentence_is_sampled_equally_often() -> None:
    many = [Pair(f"l{n}", f"target {n}", "common") for n in range(9)]
    chosen = sampled([*many, Pair("l0", "selten", "rare")], 10, random.Random(0))
    assert [pair.source for pair in chosen].count("rare") == 5
    assert len({pair.target for pair in chosen if pair.source == "common"}) > 1
    assert sampled([], 5, random.Random(0)) == []


def test_batches_hold_all_pairs_once() -> None:
    batches = by_length(PAIRS, 3, random.Random(0))
    assert sorted(p.target for batch in batches for p in batch) == sorted(p.target for p in PAIRS)
    assert sorted(map(len, batches)) == [2, 3, 3]


def test_typing_noise() -> None:
    assert without_marks("Şifremi sıfırla, łódź, größe, đổi") == (
        "Sifremi sifirla, lodz, grose, doi"
    )
    rng = random.Random(0)
    copies = {as_typed("Şifremi nasıl sıfırlarım?", rng) for _ in range(200)}
    assert "Şifremi nasıl sıfırlarım?" in copies
    assert "sifremi nasil sifirlarim?" in copies
    assert len(copies) > 50
    assert as_typed("", rng) == ""


def test_what_is_measured_with_is_not_trained_on() -> None:
    training = Path(tuning.__file__).parent
    asked = read_questions(training / "questions.jsonl")
    held_out = read_questions(training / "held_out.jsonl")
    assert {q.text for q in asked}.isdisjoint(q.text for q in held_out)
    development = Path(__file__).parents[2] / "shared" / "questions" / "dev.jsonl"
    if development.exists():
        measured = {article for q in read_questions(development) for article in q.right}
        assert measured.isdisjoint(article for q in asked for article in q.right)


def test_every_question_of_ours_has_its_english() -> None:
    for question in read_questions(Path(tuning.__file__).parent / "questions.jsonl"):
        assert (question.english is None) is question.locale.startswith("en"), question.text
