"""The simulated viewer: a policy that decides where to look, eyes that go there, and a process that publishes."""
