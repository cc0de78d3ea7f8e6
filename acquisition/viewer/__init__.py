"""The simulated viewer: a policy for where to look, eyes that go there, a process that publishes."""
