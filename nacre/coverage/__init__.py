"""Which lines and branches of the contracts the tests run: `./run coverage`. Start with points.py."""
