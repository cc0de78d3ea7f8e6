"""The two windows of a session: the participant's and the operator's."""
