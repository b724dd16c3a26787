"""后台管理: the manual's fourteen topics, and the settings of this company."""
