"""``python -m taxgap`` is the command line."""

import sys

from taxgap.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
