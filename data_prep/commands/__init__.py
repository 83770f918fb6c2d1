"""One module per command of `python -m data_prep`: its flags, and main(arguments)."""
