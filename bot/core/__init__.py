"""The floor: errors, actors, time, money. Imports nothing of ours, does no I/O."""
