"""Readers of the files that labels come in: MATLAB, pickles, tables, folders."""
