"""交接: what a person holds goes to a colleague, and what follows when somebody leaves or comes back."""
