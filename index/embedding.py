"""Text to vectors: the one home of sentence-transformers and of text normalisation."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BUNDLED_MODEL = Path(__file__).parent / "model"
_BUNDLED = "bundled"
Vectors = NDArray[np.float32]

_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0640]")
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".onnx")


def normalise(text: str) -> str:
    """Text as the index compares it: compatibility forms folded, lower case, without the marks
    that people leave out when they type (diacritics, Arabic vowel signs and tatweel).

    Other scripts' combining marks (Thai, Hebrew, Devanagari) are letters, and stay.
    """
    decomposed = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text))
    composed = unicodedata.normalize("NFKC", decomposed).lower().replace("ı", "i")
    return _ARABIC_MARKS.sub("", composed)


class Embedder:
    """A sentence-transformers model that turns texts into unit vectors.

    `name` and `fingerprint` identify the model; vectors of different fingerprints must not be
    compared. `dimension` is the length of a vector.
    """

    def __init__(self, model: str | Path = BUNDLED_MODEL) -> None:
        """Load a model folder, or a hub model that is already on this machine.

        Raises ModelNotFoundError where it is neither; the network is never asked.
        """
        # Imported here since it takes seconds: commands that embed nothing start at once.
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(str(model), device="cpu", local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelNotFoundError(
                f"The embedding model {model} is not on this machine: name a folder that holds "
                "a sentence-transformers model, or download it first."
            ) from error
        self._model.float().eval()
        self.name = _name(model)
        self.dimension = len(self.embed_queries(["?"])[0])
        self.fingerprint = self._fingerprint(model)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions: (len(texts), dimension)."""
        return self._unit(
            self._model.encode_query(list(texts), batch_size=32, show_progress_bar=False)
        )

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of what articles say: (len(texts), dimension)."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self._unit(
            self._model.encode_document(list(texts), batch_size=128, show_progress_bar=False)
        )

    @staticmethod
    def _unit(vectors: Vectors) -> Vectors:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
        return unit

    def _fingerprint(self, model: str | Path) -> str:
        """A hash of weights and tokenizer, or of the name where these lie in a hub cache."""
        digest = hashlib.blake2b(digest_size=8)
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


class ModelNotFoundError(ValueError):
    """The embedding model can't be loaded from this machine."""
