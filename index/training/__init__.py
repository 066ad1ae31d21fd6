"""The recipe that made the bundled embedder. Not needed to run the product."""
