"""`python -m melpact`."""

from melpact.cli.main import main

raise SystemExit(main())
