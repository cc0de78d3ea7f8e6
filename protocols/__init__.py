"""The vocabulary of a study: geometry, slots, films, pages, the one rasteriser, study files, markers."""
