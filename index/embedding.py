"""Text to vectors: the one home of sentence-transformers and of text normalisation."""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.interaction import Codes, QueryTokens, coded

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SUBWORDS = "subwords"
BUNDLED_MODEL = Path(__file__).parent / "model"
_BUNDLED = "bundled"
Vectors = NDArray[np.float32]

_log = logging.getLogger(__name__)

_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0640]")
_OUTPUTS = ("sentence_embedding", "token_embeddings", "token_weights")
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".onnx")


def normalise(text: str) -> str:
    """Text as the index compares it: compatibility forms folded, lower case, without the marks
    that people leave out when they type (diacritics, Arabic vowel signs and tatweel).

    Other scripts' combining marks (Thai, Hebrew, Devanagari) are letters, and stay.
    """
    decomposed = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text))
    composed = unicodedata.normalize("NFKC", decomposed).lower().replace("ı", "i")
    return _ARABIC_MARKS.sub("", composed)


class Prefixes(NamedTuple):
    """What a model wants to stand before a question, and before what an article says."""

    query: str
    passage: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question as a unit vector (d,) and, where the model has them, as its tokens and as the
    unit vector of its subwords (s,).
    """

    vector: Vectors
    tokens: QueryTokens | None
    subwords: Vectors | None


@dataclass(frozen=True, slots=True)
class Passages:
    """Texts as unit vectors (n, d) and as the codes of their tokens: (tokens, e) for each text,
    without any where the model has none.
    """

    vectors: Vectors
    tokens: list[Codes]


class Embedder:
    """A sentence-transformers model that turns texts into unit vectors.

    `name` and `fingerprint` identify the model; vectors of different fingerprints must not be
    compared. `dimension` is the length of a vector, `token_dimension` that of a token's (0 where
    the model gives a text one vector alone, as all but the bundled kind do). `has_subwords` tells
    whether a second model stands beside it, in the folder `subwords`: a bag of subword vectors,
    which knows more words, takes a tenth of a millisecond, and is wrong about other questions.
    """

    def __init__(self, model: str | Path = BUNDLED_MODEL, prefixes: Prefixes | None = None) -> None:
        """Load a model folder, or a hub model that is already on this machine.

        `prefixes` are for a model that was trained with them and does not bring them itself.
        Raises ModelNotFoundError where there is no such model (the network is never asked), and
        PrefixesNotWantedError where it brings its own.
        """
        self._model = _loaded(model, prefixes)
        self.name = _name(model)
        self.prefixes = prefixes
        self.fingerprint = fingerprint(model, prefixes)
        bag = Path(model) / SUBWORDS
        self._subwords = _loaded(bag, None) if bag.is_dir() else None
        self.has_subwords = self._subwords is not None
        (probe,) = self._features(self._model.encode_query, ["?"])
        self.dimension = len(probe["sentence_embedding"])
        self._has_tokens = "token_weights" in probe
        self.token_dimension = probe["token_embeddings"].shape[-1] if self._has_tokens else 0

    @classmethod
    def of_index(cls, name: str, prefixes: Sequence[str] | None) -> Embedder:
        """The one that an index was made with, by what the index has of it (`versions.Meta`)."""
        return cls(located(name), Prefixes(*prefixes) if prefixes else None)

    def query(self, text: str) -> Query:
        """A question, ready to be searched with."""
        if self._has_tokens:
            found = _read(self._model, text, self._model.prompts["query"])
        else:
            (found,) = self._features(self._model.encode_query, [text])
        vector = _unit(found["sentence_embedding"].numpy())
        return Query(vector, self._query_tokens(found), self._query_subwords(text))

    def _query_subwords(self, text: str) -> Vectors | None:
        if self._subwords is None:
            return None
        return _unit(_read(self._subwords, text)["sentence_embedding"].numpy())

    def _query_tokens(self, found: dict[str, Any]) -> QueryTokens | None:
        if not self._has_tokens:
            return None
        weights = found["token_weights"].numpy()
        (counting,) = np.nonzero(weights)
        return QueryTokens(found["token_embeddings"].numpy()[counting], weights[counting])

    def embed_subwords(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts by the second model: (len(texts), s).

        Raises ValueError where there is none (`has_subwords`).
        """
        if self._subwords is None:
            raise ValueError(f"{self.name} has no model of subwords.")
        found: Vectors = self._subwords.encode(list(texts), show_progress_bar=False)
        return _unit(found)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions: (len(texts), dimension)."""
        return self._vectors(self._model.encode_query, texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of what articles say: (len(texts), dimension)."""
        return self._vectors(self._model.encode_document, texts)

    def passages(self, texts: Sequence[str]) -> Passages:
        """What articles say, as vectors and as tokens."""
        if not texts or not self._has_tokens:
            empty = np.empty((0, self.token_dimension), dtype=np.int8)
            return Passages(self.embed_passages(texts), [empty] * len(texts))
        found = self._features(self._model.encode_document, texts)
        return Passages(
            _unit(np.stack([features["sentence_embedding"].numpy() for features in found])),
            [
                coded(features["token_embeddings"].numpy()[features["attention_mask"].numpy() > 0])
                for features in found
            ],
        )

    def _vectors(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return _unit(encode(list(texts), show_progress_bar=False))

    @staticmethod
    def _features(encode: Callable[..., Any], texts: Sequence[str]) -> list[dict[str, Any]]:
        """All that the model makes of texts, for each of them: much, where there are many."""
        found: list[dict[str, Any]] = encode(
            list(texts), output_value=None, show_progress_bar=False
        )
        return found


def _loaded(model: str | Path, prefixes: Prefixes | None) -> SentenceTransformer:
    # Imported here since it takes seconds: commands that embed nothing start at once.
    from sentence_transformers import SentenceTransformer

    from index.encoder import QuantizedEncoder

    quantised = QuantizedEncoder.is_in(Path(model))
    if quantised and prefixes:
        raise PrefixesNotWantedError(
            f"The embedding model {model} brings its own prefixes: leave out --query-prefix and "
            "--passage-prefix."
        )
    try:
        if quantised:
            encoder = QuantizedEncoder(Path(model))
            return SentenceTransformer(modules=[encoder], prompts=encoder.prompts, device="cpu")
        own = {"query": prefixes.query, "document": prefixes.passage} if prefixes else None
        loaded = SentenceTransformer(str(model), device="cpu", local_files_only=True, prompts=own)
    except (OSError, ValueError) as error:
        raise ModelNotFoundError(
            f"The embedding model {model} is not on this machine: name a folder that holds "
            "a sentence-transformers model, or download it first."
        ) from error
    loaded.float().eval()
    return loaded


def _read(model: SentenceTransformer, text: str, prompt: str | None = None) -> dict[str, Any]:
    """All that one of the bundled models makes of one text. What `encode` does besides, to deal
    with many texts and other kinds of models, takes a millisecond a question.
    """
    found = model(model.preprocess([text], prompt=prompt))
    return {name: found[name][0].detach() for name in _OUTPUTS if name in found}


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
    return unit


def fingerprint(model: str | Path, prefixes: Prefixes | None = None) -> str:
    """A hash of weights and tokenizer, or of the name where these lie in a hub cache; and of the
    prefixes that were given.
    """
    digest = hashlib.blake2b(repr(prefixes).encode() if prefixes else b"", digest_size=8)
    files = sorted(
        path
        for path in Path(model).rglob("*")
        if path.suffix in _WEIGHT_SUFFIXES or path.name.startswith("tokenizer")
    )
    for path in files:
        digest.update(path.read_bytes())
    if not files:
        digest.update(str(model).encode())
    return digest.hexdigest()


def _name(model: str | Path) -> str:
    """What an index calls its model: a folder by its full path, from wherever it was named."""
    if Path(model) == BUNDLED_MODEL:
        return _BUNDLED
    return str(Path(model).resolve()) if Path(model).is_dir() else str(model)


def located(name: str) -> str | Path:
    """What to load the model by that an index calls so (`Embedder.name`)."""
    return BUNDLED_MODEL if name == _BUNDLED else name


def beside_model(name: str, file: str) -> Path:
    """The folder with a file that belongs to a model; the bundled one's where it brings none."""
    own = Path(located(name))
    if (own / file).is_file():
        return own
    _log.warning("%s has no %s: that of the bundled model is used.", name, file)
    return BUNDLED_MODEL


class ModelNotFoundError(ValueError):
    """The embedding model can't be loaded from this machine."""


class PrefixesNotWantedError(ValueError):
    """Prefixes were given for a model that brings its own."""
