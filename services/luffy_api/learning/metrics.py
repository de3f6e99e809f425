"""What learning counts, for Prometheus."""

from prometheus_client import Counter

certificates_issued = Counter("luffy_certificates_issued", "Certificates that were issued")
sections_opened = Counter("luffy_sections_opened", "Sections opened", ["by"])
"""By `enrolled`, or by a `visitor`."""
attachments_stored = Counter("luffy_attachments_stored", "Files stored beside sections", ["kind"])
