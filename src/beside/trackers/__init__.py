"""Where training curves go beside TensorBoard: one file per service. None changes what is trained, nor a run's name."""
