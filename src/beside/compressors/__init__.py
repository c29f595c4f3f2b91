"""Compressors: a trained model becomes smaller or faster. One file each; the file name is the public name."""
