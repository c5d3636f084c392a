"""Drafts: change sets of boundary edits on an edition, reviewed by somebody else, published as the next edition."""
