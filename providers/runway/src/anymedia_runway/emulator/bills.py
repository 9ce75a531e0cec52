"""What one piece of work costs: taken when it is accepted, settled when it has ended."""

from decimal import Decimal

from anymedia.testing.emulator import Ledger
from anymedia_runway.emulator.account import Account

__all__ = ["Bill"]


class Bill:
    """The credits of one piece of work.

    Args:
        account: Pays.
        ledger: Notes it under `owner`.
        owner: The id of the task, session or invocation that the ledger knows.
        model: Whose usage it is.
    """

    def __init__(self, account: Account, ledger: Ledger, owner: str, model: str) -> None:
        self.charged = 0
        self._account = account
        self._ledger = ledger
        self._owner = owner
        self._model = model

    def take(self, credits: int) -> None:
        """Note credits that the account has already paid."""
        self.charged = credits
        self._ledger.charge(self._owner, Decimal(credits), "credits")

    def settle(self, cost: int) -> None:
        """Give back what was taken beyond the cost."""
        back = self.charged - cost
        if not back:
            return
        self._account.book(self._model, -back)
        self.charged = cost
        if self._ledger.entries[self._owner].charged == back:
            self._ledger.refund(self._owner)
        else:
            self._ledger.charge(self._owner, Decimal(-back), "credits")
