"""What people see and tap of approval flows: their tasks, their applications, how each stands."""
