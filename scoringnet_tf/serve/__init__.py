"""A web page that takes videos and shows their reports: `python -m scoringnet_tf.serve`."""
