"""``python -m gancourse``: see :mod:`gancourse.commands.main`."""

import sys

from gancourse.commands.main import main

sys.exit(main())
