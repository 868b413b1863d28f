"""What a user gets wrong, looked at one thing after the other: what is so, why it matters, and what mends it."""
