"""What we know: articles, and how to read them."""
