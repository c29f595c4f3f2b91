"""Whether reasons given for answers are the real ones."""
