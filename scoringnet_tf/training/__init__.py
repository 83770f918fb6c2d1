"""What happens between records and a trained model: runs, phases, optimizer, callbacks, checkpoints."""
