"""One file per verb: takes types, returns types. No stage knows another; they meet in loop.py."""
