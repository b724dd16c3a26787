"""数据字典: the values that choice fields take, and which field takes them from which dictionary."""
