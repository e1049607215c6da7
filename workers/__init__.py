"""Celery at the edge: each task loads ids and calls one service. The product never imports this package."""
