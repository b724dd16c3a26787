"""Opening the app: consent, usage scope, 立即开通."""
