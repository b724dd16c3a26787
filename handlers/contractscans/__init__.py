"""Scans of contracts (扫描件): kept, listed, sent to who may see the contract."""
