"""World files: a company's CRM as it stands at one moment, read and loaded (contract world.md)."""
