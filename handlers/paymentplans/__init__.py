"""Payment plans (回款计划): when money is to come, and which instalment a payment pays."""
