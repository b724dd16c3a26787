"""Examples take as long as the machine needs: no test here is about speed."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
