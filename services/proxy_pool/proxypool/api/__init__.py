"""The API over HTTP: the reference's routes, `/api/v2/`, and what operators need beside them."""
