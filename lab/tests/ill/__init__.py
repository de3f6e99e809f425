"""Experiments that misbehave, for the tests of what runs them."""
