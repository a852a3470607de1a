"""Where engines run: a child process that can be unloaded, killed and started again, and its messages."""
