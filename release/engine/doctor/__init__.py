"""What is known to go wrong on a host, looked for; and what to do where it has gone wrong."""
