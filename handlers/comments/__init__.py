"""评论: what colleagues say to each other about a customer."""
