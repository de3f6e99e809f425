"""Invented rows and pictures, to show the site before there is anything real."""
