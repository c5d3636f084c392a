"""Files from outside: received, kept in a folder of their own, and read in the sandbox within the limits of the settings."""
