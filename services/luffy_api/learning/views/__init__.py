"""The endpoints of learning."""
