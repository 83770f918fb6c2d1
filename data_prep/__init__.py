"""Offline data preparation: videos and labels in, TFRecords out. See `python -m data_prep`."""
