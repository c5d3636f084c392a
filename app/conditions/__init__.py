"""Conditions on rows (CQL2, OGC 21-065r2): read from text or JSON, compiled to SQL and to a Python predicate.

`parser` reads a filter into the tree of `tree`, over the properties that a feature lists (`properties`); `sql` turns a
tree into an expression with bound parameters, `predicate` into a function of a row. Both give the same rows, with SQL's
three-valued logic. Nothing that a person sends becomes code or SQL text.
"""
