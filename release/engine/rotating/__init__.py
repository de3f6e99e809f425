"""Secrets made anew while what reads them serves on."""
