"""Outbound: DingTalk's OpenAPI, typed in and out."""
