"""What a model is asked for: one file per task."""
