"""The release engine: makes one release of the bundle current on one host."""

VERSION = "1.0.0"
