"""What an earlier model could do and this one cannot."""
