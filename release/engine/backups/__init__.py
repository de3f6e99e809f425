"""Backups: what services hand over, kept in a repository, and taken back into new volumes."""
