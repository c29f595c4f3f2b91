"""What serving notices about a text, one file each; the file name is the public name."""
