"""Source -> rows: one file per kind of source."""
