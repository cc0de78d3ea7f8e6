"""The Studio's rooms, one folder each: a Qt-free controller with a frozen state, and views that render it."""
