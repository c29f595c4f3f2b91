"""A value of one kind -> another of the same kind that belongs to nobody, as far as that can be had; a file per kind."""
