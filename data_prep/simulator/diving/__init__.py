"""Dives: the table of dives, plans, motion, venue, filming, labels."""
