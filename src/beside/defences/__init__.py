"""Ways to make a training withstand attacks on words, noise and forgetting: one file each."""
