"""What a trained model says: of a video, of records, in TF Serving."""
