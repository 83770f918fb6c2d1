"""What every part of `data_prep` uses: options, and work in several processes."""
