"""Text -> edited texts that a person would answer alike: for training, for attacks, for fairness."""
