"""The pool of leads (线索公海), where the company has one: browse, claim, return."""
