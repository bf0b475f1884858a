"""Reads records of the Hugging Face Hub, alone or as lines of a large file."""
