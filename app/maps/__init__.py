"""Vector tiles and heat maps."""
