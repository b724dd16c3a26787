"""Products (产品): the administrator's price list."""
