"""What every part uses: the command line, errors, files and paths."""
