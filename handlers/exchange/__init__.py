"""Records in bulk by xlsx: templates, imports that are checked before anything is written, exports that come back."""
