"""Sales stages (销售阶段) with their win rates."""
