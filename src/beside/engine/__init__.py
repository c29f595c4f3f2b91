"""Models, training and inference: with the capability files, the only home of torch."""
