"""The model card: what a release is, what was found and what was not, in English and Chinese, as Markdown and HTML."""
