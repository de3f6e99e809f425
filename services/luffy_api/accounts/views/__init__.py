"""The endpoints of people."""
