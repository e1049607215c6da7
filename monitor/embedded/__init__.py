"""PostgreSQL and Redis from wheels, and the supervisor that keeps every program running on one machine."""
