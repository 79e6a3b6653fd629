"""`python -m ops.stack` is `make run`."""

import sys

from ops.stack.run import main

sys.exit(main())
