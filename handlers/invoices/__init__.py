"""Invoices (开票): how their approval is set up."""
