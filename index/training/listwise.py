"""Fits weights with which the right ones among many score best.

Of each list of candidates several kinds of evidence are known; their weighted sum goes through a
softmax, and the weights are those that give the right candidates the greatest share (listwise
cross-entropy, Cao et al. 2007, "Learning to rank: from pairwise approach to listwise approach").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Evidence = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One list: what is known of each candidate (n, kinds), which are right (n,), of which there
    is one at least, and how much the list counts beside others.
    """

    evidence: Evidence
    right: NDArray[np.bool_]
    weight: float = 1.0


def fit(choices: Sequence[Choice], kinds: int, ridge: float) -> NDArray[np.float64]:
    """One weight for each kind of evidence, none below 0: (kinds,). `ridge` holds them small."""
    found = minimize(
        _loss,
        np.ones(kinds),
        (choices, ridge),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * kinds,
    )
    weights: NDArray[np.float64] = found.x
    return weights


def _loss(
    weights: NDArray[np.float64], choices: Sequence[Choice], ridge: float
) -> tuple[float, NDArray[np.float64]]:
    loss, gradient = ridge * float(weights @ weights), 2 * ridge * weights
    for choice in choices:
        scores = choice.evidence @ weights
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        right = float(shares[choice.right].sum()) + 1e-12
        counts = choice.weight / len(choices)
        loss -= counts * np.log(right)
        wanted = np.where(choice.right, shares / right, 0)
        gradient += counts * ((shares - wanted) @ choice.evidence)
    return loss, gradient
