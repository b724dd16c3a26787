"""Opportunities (商机): from the first talk to won or lost."""
