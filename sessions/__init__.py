"""Session files: the only package that touches HDF5."""
