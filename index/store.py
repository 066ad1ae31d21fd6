"""Vectors on disk and nearest neighbours among them: the one home of FAISS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


class VectorStore:
    """Unit vectors, found by inner product (so: by cosine), exactly.

    They are kept as 16-bit floats, which halves the file and changes a cosine by less than
    0.001; row i of the store is the i-th vector it was made of.
    """

    def __init__(self, vectors: Vectors) -> None:
        """Store `vectors`: (n, dimension). Raises ValueError for any other shape."""
        if vectors.ndim != 2:
            raise ValueError(f"Vectors must have the shape (n, dimension), not {vectors.shape}.")
        self._index: Any = faiss.IndexScalarQuantizer(
            vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._index.d)

    def search(self, vector: Vectors, k: int) -> tuple[Vectors, Rows]:
        """The k nearest rows to one vector, best first: their cosines and their numbers.

        Fewer than k where the store holds fewer.
        """
        scores, rows = self._index.search(vector.reshape(1, -1), min(k, len(self)))
        return scores[0], rows[0]

    def vectors(self) -> Vectors:
        """All vectors, as stored: (n, dimension)."""
        found: Vectors = self._index.reconstruct_n(0, len(self))
        return found

    def save(self, path: Path) -> None:
        """Write the store into one file."""
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> VectorStore:
        """Open a saved store; the vectors are mapped into memory, not read.

        Raises ValueError where the file is no such store.
        """
        store = cls.__new__(cls)
        try:
            store._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"{path} is not a vector store: build the index again.") from error
        return store
