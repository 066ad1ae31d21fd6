"""Languages: which one a question is in, and which of the index's locales serves it."""
