"""角色权限: who may do what, see whose records, and which of their fields."""
