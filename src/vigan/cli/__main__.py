"""`python -m vigan.cli` is `vigan`."""

import sys

from vigan.cli.parser import main

sys.exit(main())
