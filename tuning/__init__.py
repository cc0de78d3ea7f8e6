"""The model side. Kept free of imports: `tuning.events`, `.config` and `.metrics` must load without torch."""
