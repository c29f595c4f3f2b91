"""`python -m beside` is the command line."""

from beside.cli import main

if __name__ == "__main__":
    main()
