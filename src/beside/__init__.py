"""Beside (并肩): a language model that works beside people. Importing this imports nothing heavy."""

import os

# A busy neighbour slows an OpenMP step tenfold when idle threads spin; read by libgomp when torch loads, so set before it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# torch keeps a compiled product for each of 1,024 shapes; 32 are as fast on texts of all lengths, and a training needs less memory
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # forked servers and tokenizer threads do not mix

__version__ = "0.1.0"
