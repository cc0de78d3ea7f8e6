"""The same report on pages of paper, drawn with Qt."""
