"""The world outside, played locally with real protocols: list sites, a farm of proxies, a payment
gateway, an SMS provider, and a lab whose server misbehaves."""
