"""撤销: taking back what was just done."""
