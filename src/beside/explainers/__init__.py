"""Weight per word: why a model answered as it did."""
