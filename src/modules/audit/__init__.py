"""Who changed what: audit events, and revisions with the versions of what was changed."""
