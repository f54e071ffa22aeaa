"""What breaks, and that everything is right again within a minute."""
