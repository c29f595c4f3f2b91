"""Where the words of a new base begin: words that stand in the same texts begin alike (latent semantic analysis)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

SHARPNESS = 1.5  # power of the singular values; best of 0, 0.5, 1 and 1.5 on dev rows of the hotel reviews: docs/log.md


def count_vectors(texts: Sequence[np.ndarray], vocabulary: int, width: int, seed: int) -> np.ndarray:
    """One vector of length 1 for each token that stands in a text, zeros for the others, (vocabulary, width), float32.

    Left singular vectors of the token-by-text table of TF-IDF weights (Deerwester et al. 1990, Indexing by Latent Semantic
    Analysis). The mean of a text's vectors then says what it is about, before anything was learned by steps.

    Args:
        texts: token ids of each text.
        width: numbers per token; what few texts cannot fill stays zero.
    """
    lengths = [len(ids) for ids in texts]
    ids = np.concatenate([*texts, np.zeros(0, dtype=np.int32)]).astype(np.int64)
    rows = np.repeat(np.arange(len(texts)), lengths)
    counts = csr_matrix((np.ones(len(ids)), (rows, ids)), shape=(len(texts), vocabulary))
    counts.sum_duplicates()
    table = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    rank = max(1, min(width, len(texts) - 1, vocabulary - 1))
    found = TruncatedSVD(rank, random_state=seed).fit(table)
    vectors = np.zeros((vocabulary, width), dtype=np.float32)
    vectors[:, :rank] = found.components_.T * found.singular_values_**SHARPNESS
    lengths_V1 = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths_V1 > 1e-9, lengths_V1, np.inf)
