"""Approval flows (流程): of any form; the forms join in `forms.py`."""
