"""What is stored and what a user can do."""
