"""A stand-in DingTalk on loopback. Imports nothing of ours."""
