"""The geometry core of wangge: coverages, owners, coordinates.

Pure functions over arrays and frames. Nothing here opens a database, answers a request or reads a setting.
"""
