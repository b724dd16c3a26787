"""协作人: who else works on a customer, and asking to be one."""
