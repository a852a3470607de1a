"""HTTP: requests in, tasks and files out."""
