"""Vaults: the table of vaults, plans, motion, hall, filming, labels."""
