"""What the `wishkeep` command does, one file for each of its larger commands."""
