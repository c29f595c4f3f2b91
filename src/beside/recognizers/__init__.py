"""Text -> spans of personal data: one file each."""
