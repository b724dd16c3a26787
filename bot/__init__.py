"""The machine: starts, listens, routes, sends. Knows no customer."""
