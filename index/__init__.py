"""How an article is found: embeddings, the word index, the store, search, evaluation."""
