"""The model card: what a release is, what was found and what was not measured, in English and Chinese, as Markdown and as one HTML page."""
