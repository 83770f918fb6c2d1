"""How a performance is judged: faults and their cost, judges and their marks."""
