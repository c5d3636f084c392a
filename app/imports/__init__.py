"""Imports and other long work as rows with progress."""
