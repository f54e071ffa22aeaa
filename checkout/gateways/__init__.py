"""What talks to the world outside: one module for each vendor, and HTTP nowhere else."""
