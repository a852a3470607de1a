"""Who waits for what: tasks, the queue they stand in, the store that forgets them, the desk that runs it all."""
