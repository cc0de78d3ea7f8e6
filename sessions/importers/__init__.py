"""Foreign recordings become sessions: one module per format, each a ``read(path, options)``.

A reader yields finished ``contract.Imported`` values and writes nothing; ``store`` turns them into files.
"""
