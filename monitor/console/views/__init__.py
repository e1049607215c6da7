"""Pages: each view checks its right, calls one selector or service, and renders."""
