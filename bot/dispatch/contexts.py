"""The contexts that messages, taps and card drawings are worked in."""

from collections.abc import Callable

from bot.context import Context, make_context
from bot.core.actor import Actor
from bot.core.clock import Clock
from bot.dispatch.router import Dispatcher
from storage.database import Tx
from storage.settings import CompanySettings


class Contexts:
    """Makes them, with all that handlers are given of the house."""

    def __init__(self, clock: Clock, dispatcher: Dispatcher, secret_key: str, client_id: Callable[[], str]) -> None:
        """`secret_key`: what is kept encrypted is encrypted under it; `client_id`: the app's, as it is now."""
        self.clock = clock
        self._dispatcher = dispatcher
        self._secret_key, self._client_id = secret_key, client_id

    def make(self, tx: Tx, actor: Actor, settings: CompanySettings, via: str, key: str) -> Context:
        """For the transaction, now. `key`: of the message or card that is the reason."""
        ctx = make_context(tx, actor, self.clock.now(), settings, via, key)
        ctx.undoers, ctx.confirmers = dict(self._dispatcher.undoers), dict(self._dispatcher.confirmers)
        ctx.painters, ctx.words = self._dispatcher.painters, self._dispatcher.words
        ctx.secret_key, ctx.client_id = self._secret_key, self._client_id()
        return ctx
