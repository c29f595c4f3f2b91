"""The peer of `protect.py`: Presidio's own pattern recognisers, without any language model, run in an environment of its own.

Each line of standard input is a JSON list of texts; each answer a JSON object: `seconds`, and `spans` (start, end, type, score) per
text. Its e-mail recogniser is kept from looking up a list of domains on the internet.
"""

from __future__ import annotations

import json
import os
import sys
from time import perf_counter

os.environ["TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS"] = ""


def main() -> None:
    """Answers until standard input ends."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = [{"lang_code": "en", "model_name": "no_op"}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "no_op", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    for line in sys.stdin:
        texts = json.loads(line)
        begin = perf_counter()
        found = [analyzer.analyze(text, language="en") for text in texts]
        seconds = perf_counter() - begin
        spans = [[(one.start, one.end, one.entity_type, one.score) for one in each] for each in found]
        print(json.dumps({"seconds": seconds, "spans": spans}), flush=True)


if __name__ == "__main__":
    main()
