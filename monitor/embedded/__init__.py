"""PostgreSQL and Redis from wheels, and the supervisor that keeps every program of Mentiondesk running on one machine."""
