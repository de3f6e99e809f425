"""The world outside, played locally with real protocols: list sites, a farm of proxies, a payment
gateway and an SMS provider."""
