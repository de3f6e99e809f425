"""The world outside, played locally with real protocols: list sites and a farm of proxies."""
