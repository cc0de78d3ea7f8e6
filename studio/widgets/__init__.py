"""The parts of the operator's window; each renders frozen values and computes nothing."""
