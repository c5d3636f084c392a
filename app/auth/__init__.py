"""Accounts, sessions, tokens, roles and scopes; who is asking, as a dependency."""
