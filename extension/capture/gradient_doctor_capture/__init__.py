"""Gets a network, its batch and its training settings out of a PyTorch script that runs unchanged.

Runs in the user's interpreter: Python 3.9 or later, PyTorch 2.1 or later, nothing else but what exporting needs.
"""
