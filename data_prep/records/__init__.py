"""From samples to a folder of TFRecords, and back: encoding, checks, writing, verifying, pictures."""
