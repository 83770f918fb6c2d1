"""Stage labels: reading, checking, suggesting, and exchanging them with annotation tools."""
