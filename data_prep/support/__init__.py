"""What every part of `data_prep` uses: work in several processes."""
