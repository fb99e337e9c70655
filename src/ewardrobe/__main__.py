"""`python -m ewardrobe` is the command `ewardrobe`."""

from ewardrobe.cli import main

if __name__ == "__main__":
    main()
