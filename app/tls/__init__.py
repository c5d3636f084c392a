"""TLS in the product: the certificate the service shows, and an authority of its own."""
