"""Stand-ins for the world outside, as strict as what they stand in for."""
