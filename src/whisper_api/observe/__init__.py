"""What the operator may see of the server, and nothing that its users said."""
