"""Parts of the outside world for the tests: CPython 3.14 in a Debian tree, Home Assistant Core."""
