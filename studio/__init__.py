"""The Qt application and the command line; never imports torch."""
