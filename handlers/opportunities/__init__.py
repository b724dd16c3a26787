"""商机: what may be sold, and how far it is."""
