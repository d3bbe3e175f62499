"""Measures the service against plain floors in the same run: `python -m bench --help`."""
