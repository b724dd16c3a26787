"""A company's own fields on the main forms (自定义字段): which there are, and what is filled into them."""
