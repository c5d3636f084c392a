"""What we are measured beside. These files run in ``.venv-bench``, each as a program of its own, and know nothing of us."""
