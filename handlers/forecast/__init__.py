"""What open opportunities are expected to bring (销售预测)."""
