"""Vectors on disk and nearest neighbours among them: the one home of FAISS.

The vectors themselves are kept as 8-bit numbers, half of what 16 bits take and as fast. Each
dimension has a grid of its own, whose step is a power of the fourth root of 2 and whose points
are multiples of that step: vectors that come out of one store go into the next unchanged, however
often an index is renewed.

- Up to EXACT_UP_TO vectors every one of them is compared.
- Above, two stages: RaBitQ (Gao and Long 2024), one bit a dimension, in sqrt(n) lists of which
  the nearest PROBED_LISTS are scanned, and the best candidates compared as above. The share that
  is scanned falls as the square root of size, so the cost grows as slowly. The bits are read into
  memory (dimension / 8 + 16 bytes a vector); the 8-bit vectors are mapped.

Measured against exact search over 32-bit floats, on one core, with questions and segments of the
real articles (the larger sizes: variations of each); the best 10, where equal cosines count as
equally near. multilingual-e5, untuned, is the hardest case: all its cosines lie close together.

    vectors     dimension, model       recall@10   ms      instead
       22,005   384, multilingual-e5   0.984       0.5     16 bits 0.998, 0.4 ms
       25,361   256, static            0.989       0.5     16 bits 1.000, 0.4 ms
      264,060   384, multilingual-e5   0.957       1.2     exact 8 bits 0.981, 6.2 ms
      304,332   256, static            0.972       1.0     exact 8 bits 0.981, 3.8 ms
    1,056,240   384, multilingual-e5   0.918       2.0

At 264,060, 8-bit vectors in lists found 0.895 in the same time, 4-bit product quantisation with
the same second stage 0.916 in 0.4 ms, but it takes a minute to train. A graph (HNSW) takes
minutes to build and nearly as much room again; both are out where ten changed articles must be
found within seconds. `babeldesk bench --segments` measures the articles and the embedder at hand.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

EXACT_UP_TO = 100_000
PROBED_LISTS = 128
# What the first stage hands to the second: so many for each result, and so many at least.
_CANDIDATES_EACH, _CANDIDATES = 4, 1000
_SAMPLE_EACH = 40
_ROUNDS = 8
_SEED = 1

_LARGEST_CODE = 255
_STEP_RATIO = 2**0.25
_SMALLEST_STEP = 2.0**-16


class VectorStore:
    """Unit vectors, found by inner product (so: by cosine).

    A cosine differs from the true one by less than 0.005; row i of the store is the i-th vector
    it was made of. Safe to search from several threads.
    """

    def __init__(self, vectors: Vectors, exact_up_to: int = EXACT_UP_TO) -> None:
        """Store `vectors`: (n, dimension); a store of more than `exact_up_to` is not exact.

        They may be mapped from a file: no copy of all of them is made. Raises ValueError for any
        other shape, and where there are none.
        """
        if vectors.ndim != 2 or not vectors.size:
            raise ValueError(f"Vectors must have the shape (n, dimension), not {vectors.shape}.")
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        exact = _exact(vectors)
        self._take(exact if len(vectors) <= exact_up_to else _in_two_stages(vectors, exact))

    def _take(self, index: Any) -> None:
        self._index = index
        self._two_stages = isinstance(index, faiss.IndexRefine)
        self._exact: Any = faiss.downcast_index(index.refine_index) if self._two_stages else index

    def __len__(self) -> int:
        return int(self._exact.ntotal)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._exact.d)

    @property
    def kind(self) -> str:
        """What is done in a search, in a few words."""
        if not self._two_stages:
            return "exact, 8 bits"
        lists: Any = faiss.downcast_index(self._index.base_index)
        return f"RaBitQ in {lists.nprobe} of {lists.nlist} lists, then 8 bits"

    def search(self, vector: Vectors, k: int) -> tuple[Vectors, Rows]:
        """The k nearest rows to one vector, best first: their cosines and their numbers.

        Fewer than k where the store holds fewer; where it is not exact, also where the lists that
        were scanned hold fewer.
        """
        k = min(k, len(self))
        candidates = max(_CANDIDATES, _CANDIDATES_EACH * k)
        with _one_thread():
            if self._two_stages and candidates < len(self):
                wanted: Any = faiss.IndexRefineSearchParameters()
                wanted.k_factor = candidates / k
                scores, rows = self._index.search(vector.reshape(1, -1), k, params=wanted)
            else:
                scores, rows = self._exact.search(vector.reshape(1, -1), k)
        found = rows[0] >= 0
        return scores[0][found], rows[0][found]

    def vectors(self) -> Vectors:
        """All vectors, as stored: (n, dimension)."""
        found: Vectors = self._exact.reconstruct_n(0, len(self))
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
            store._take(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except RuntimeError as error:
            raise ValueError(f"{path} is not a vector store: build the index again.") from error
        return store


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Search on the calling thread alone: for one question, waiting for other threads costs more
    than it gains, and on a busy machine many times the search.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _exact(vectors: Vectors) -> Any:
    """An index of 8-bit numbers, row by row."""
    quantiser = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexScalarQuantizer(vectors.shape[1], quantiser, faiss.METRIC_INNER_PRODUCT)
    faiss.copy_array_to_vector(_grids(vectors), index.sq.trained)
    index.is_trained = True
    index.add(vectors)
    return index


def _grids(vectors: Vectors) -> Vectors:
    """For each dimension the start of its grid, then for each its width: (2 * dimension,).

    FAISS decodes code c to start + (c + 0.5) / 255 * width.
    """
    low, high = vectors.min(axis=0).astype(np.float64), vectors.max(axis=0).astype(np.float64)
    needed = np.maximum((high - low) / (_LARGEST_CODE - 1), _SMALLEST_STEP)
    # Not to the next step for a rounding error: what was on a grid must stay on it.
    power = np.ceil(np.log(needed) / math.log(_STEP_RATIO) - 1e-4)
    step = _STEP_RATIO**power
    first = np.rint((low + high) / 2 / step) - (_LARGEST_CODE + 1) / 2
    return np.concatenate([(first - 0.5) * step, _LARGEST_CODE * step]).astype(np.float32)


def _in_two_stages(vectors: Vectors, exact: Any) -> Any:
    """An index that finds candidates by one bit a dimension, and compares these exactly."""
    count, dimension = vectors.shape
    lists = math.isqrt(count)
    centres: Any = faiss.IndexFlatIP(dimension)
    coarse: Any = faiss.IndexIVFRaBitQFastScan(
        centres, dimension, lists, faiss.METRIC_INNER_PRODUCT
    )
    coarse.cp.spherical, coarse.cp.niter, coarse.cp.seed = True, _ROUNDS, _SEED
    coarse.cp.min_points_per_centroid = 1
    sampled = min(count, _SAMPLE_EACH * lists)
    rows = np.random.default_rng(_SEED).choice(count, sampled, replace=False)
    coarse.train(vectors[np.sort(rows)])
    coarse.add(vectors)
    coarse.nprobe = min(PROBED_LISTS, lists)
    index: Any = faiss.IndexRefine(coarse, exact)
    # Each part belongs to the whole, as when it is loaded, and lives as long as that.
    for part in (centres, coarse, exact):
        part.this.disown()
    coarse.own_fields = index.own_fields = index.own_refine_index = True
    return index
