"""Jobs people recognise: one file per application."""
