"""What the rows themselves are worth."""
