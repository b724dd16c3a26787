"""操作记录: who changed what, who was refused."""
