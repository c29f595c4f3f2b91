"""What the model gives away about the people behind its training rows."""
