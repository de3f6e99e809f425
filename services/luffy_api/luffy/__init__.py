"""The course site's API: settings, addresses and what every app of it shares."""
