"""Sales targets (销售目标) of people and departments."""
