"""Services of others that this one asks over HTTP."""
