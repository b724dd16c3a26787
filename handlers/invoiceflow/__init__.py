"""How the approval of invoices is set up (开票审批设置), and its dry run (试跑)."""
