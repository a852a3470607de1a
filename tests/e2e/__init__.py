"""The real server, a real model, real recordings: what is promised to people is tried as they would try it."""
