"""The endpoints of the shop."""
