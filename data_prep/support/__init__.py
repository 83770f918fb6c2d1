"""What every part of `data_prep` uses: a wrong option told from wrong data, and work in several processes."""
