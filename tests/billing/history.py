"""Histories of subscriptions, and what they come to by the rules alone: a second opinion for tests.

The stores are the sandbox's own models in this process. Beside what the app writes down stands what it should have
written by the spec (semantics, "Subscriptions"), told from the stores' models and not by the code under test:
`Thing.known` is what the store said to the latest question that was answered, `Thing.owner` whose it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec

from domain.billing import acknowledging, asking, claims, google_play, looking, voided
from domain.billing.applying import apply
from domain.billing.entitlement import Entitlement, plan_of
from domain.billing.google_reading import as_refunded
from domain.billing.report import StoreReport
from domain.billing.subscription import read_entitlement, view_of
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, transaction
from domain.kit.providers import Answer
from ops.sandbox import app_store_events as apple
from ops.sandbox import google_play_events as google
from ops.sandbox.app_store_subscription import GRACE, REVOKED, Subscription, subscribe
from ops.sandbox.credentials import APNS_TOPIC
from ops.sandbox.google_play_purchase import Purchase
from ops.sandbox.google_play_shelf import Shelf
from tests.billing.play import PRODUCT
from tests.billing.shop import MONTHLY, YEARLY

DAWN = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
PATIENCE = timedelta(hours=24)
ENTITLED = ("trial", "active", "grace", "cancelled")
# What has ended longer ago is left alone: Google forgets it after 60 days.
_LONG_OVER = timedelta(days=40)

GOOGLE_EVENTS = (
    "RENEWED", "CANCELED", "RESTARTED", "IN_GRACE_PERIOD", "ON_HOLD", "RECOVERED", "PAUSED", "PAUSE_SCHEDULE_CHANGED",
    "PURCHASED", "PENDING_PURCHASE_CANCELED", "REVOKED", "VOIDED", "VOIDED_EARLIER", "EXPIRED", "DEFERRED",
    "PRICE_CHANGE_UPDATED", "PRICE_CHANGE_CONFIRMED",
)  # fmt: skip
_AFTER_THE_END = ("RESTARTED", "RECOVERED", "VOIDED", "VOIDED_EARLIER")
APPLE_EVENTS: tuple[tuple[str, str | None], ...] = (
    ("DID_RENEW", None), ("DID_RENEW", "BILLING_RECOVERY"), ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"),
    ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED"), ("DID_FAIL_TO_RENEW", None),
    ("DID_FAIL_TO_RENEW", "GRACE_PERIOD"), ("GRACE_PERIOD_EXPIRED", None), ("EXPIRED", "VOLUNTARY"),
    ("EXPIRED", "PRICE_INCREASE"), ("REFUND", None), ("REFUND", "EARLIER"), ("REFUND_REVERSED", None),
    ("DID_CHANGE_RENEWAL_PREF", "UPGRADE"), ("DID_CHANGE_RENEWAL_PREF", "DOWNGRADE"), ("PRICE_INCREASE", "PENDING"),
    ("RENEWAL_EXTENDED", None), ("SUBSCRIBED", "RESUBSCRIBE"), ("REVOKE", None),
)  # fmt: skip

_GOOGLE_STATES = {
    "PENDING": "pending", "ACTIVE": "active", "IN_GRACE_PERIOD": "grace", "CANCELED": "cancelled", "PAUSED": "paused",
    "ON_HOLD": "on_hold", "EXPIRED": "expired", "PENDING_PURCHASE_CANCELED": "expired",
}  # fmt: skip
_APPLE_STATES = {1: "active", 2: "expired", 3: "billing_retry", GRACE: "grace", REVOKED: "revoked"}


class Said(msgspec.Struct, frozen=True):
    """How a subscription stands at its store, read off the store's model by the tables of providers.md 6.1 and 7.1."""

    at: datetime
    state: str
    product: str
    plan: str
    expires_at: datetime | None
    will_renew: bool
    takes_the_place: bool

    def ends(self) -> datetime | None:
        """Until when it gives access."""
        if self.state not in ENTITLED or self.expires_at is None:
            return None
        # A known subscriber keeps access for a day while the store has not said what became of the renewal.
        waits = self.will_renew and self.state in ("trial", "active") and self.at < self.expires_at
        return self.expires_at + (PATIENCE if waits else timedelta())


class Someone(msgspec.Struct):
    """A person with an account."""

    id: UUID
    token: UUID
    alive: bool = True


class Thing(msgspec.Struct, eq=False):
    """One subscription: how it stands at its store, and what we ought to know of it."""

    model: Purchase | Subscription
    key: str
    named: Someone | None
    before: Thing | None = None
    known: Said | None = None
    owner: Someone | None = None
    replaced_by: Thing | None = None
    moves: list[datetime] = []

    def __repr__(self) -> str:
        return f"{type(self.model).__name__}({self.known})"

    @property
    def is_google(self) -> bool:
        return isinstance(self.model, Purchase)

    def all_moves(self) -> list[datetime]:
        """With those of what it took the place of: a new token is the same subscription."""
        before = self.before
        return self.moves + (before.all_moves() if before is not None and before.replaced_by is self else [])

    def says(self, now: datetime) -> Said | None:
        """None: the store has nothing to say of it any more."""
        model = self.model
        if isinstance(model, Purchase):
            if model.is_forgotten(now):
                return None
            state = "trial" if model.state == "ACTIVE" and model.trial else _GOOGLE_STATES[model.state]
            return Said(
                now, state, model.product_id, model.base_plan, model.expires_at,
                model.auto_renew and state in ("trial", "active", "grace"),
                model.linked is not None and model.state not in ("PENDING", "PENDING_PURCHASE_CANCELED"),
            )  # fmt: skip
        latest, state = model.latest, _APPLE_STATES[model.status]
        expires_at, plan = latest.expires_at, "yearly" if "year" in latest.product_id else "monthly"
        if latest.revoked_at is not None:
            state, expires_at = "revoked", min(latest.revoked_at, expires_at)
        elif state == "active":
            state = "cancelled" if not model.auto_renew else "trial" if latest.offer and latest.price == 0 else "active"
        elif state == "grace" and model.grace_until is not None:
            expires_at = model.grace_until
        return Said(now, state, latest.product_id, plan, expires_at, model.auto_renew and state in ENTITLED, False)


# What a question was answered with, and what ought to be learnt from it.
Heard = list[tuple[Thing, Said]]


class Question(msgspec.Struct):
    """The answer to a question, on its way: that of the subscription itself last, its predecessors' before."""

    report: StoreReport
    said: Heard


class _OurLease:
    async def settle(self) -> None:
        pass


LEASE: Any = _OurLease()


class World:
    """Both stores, some people, and the app between them. Every step takes a second of the business clock."""

    def __init__(self, people: list[Someone]) -> None:
        self.now = DAWN
        self.people = people
        self.shelf = Shelf(b"secret")
        self.things: list[Thing] = []
        self.hints: list[tuple[Thing, datetime | None]] = []
        self.on_the_way: list[Question] = []

    async def step(self, effect: Callable[[], Awaitable[None]]) -> None:
        self.now += SECOND
        with clock.frozen(self.now):
            self.shelf.settle(self.now)
            await effect()

    # -- what people do, and what happens in the stores ------------------------------------------------------------

    def buy(self, number: int) -> None:
        number, store = divmod(number, 2)
        number, who = divmod(number, len(self.people) + 1)
        number, yearly = divmod(number, 2)
        named = self.people[who] if who < len(self.people) else None
        if store == 0:
            bought = subscribe(
                YEARLY if yearly else MONTHLY, self.now, "Production", APNS_TOPIC,
                app_account_token=str(named.token) if named else None, trial=number % 3 == 0,
            )  # fmt: skip
            self.things.append(Thing(bought, bought.original_transaction_id, named, moves=[]))
            return
        number, kind = divmod(number, 5)
        taken = [one.before for one in self.things]
        old = self._one(number, lambda one: one.is_google and bool(one.model.started_at) and one not in taken)
        linked = old if kind in (0, 1) and old is not None else None
        sold = self.shelf.add(
            PRODUCT, "yearly" if yearly else "monthly", "PENDING" if kind in (1, 2) else "ACTIVE", self.now,
            account_id=str(named.token) if named else None, linked=linked.model if linked else None,  # type: ignore[arg-type]
            trial=kind == 3,
        )  # fmt: skip
        self.things.append(Thing(sold, sold.token, named, linked, moves=[]))
        self.hints.append((self.things[-1], None))

    def happens(self, number: int) -> None:
        number, which = divmod(number, 8)
        thing = self._one(which, self._is_alive)
        if thing is None:
            return
        if isinstance(thing.model, Purchase):
            refunded_at = self._at_google(thing.model, GOOGLE_EVENTS[number % len(GOOGLE_EVENTS)])
        else:
            refunded_at = None
            self._at_apple(thing.model, *APPLE_EVENTS[number % len(APPLE_EVENTS)])
        self.hints.append((thing, refunded_at))

    def _at_google(self, sold: Purchase, name: str) -> datetime | None:
        if sold.state == "EXPIRED" and name not in _AFTER_THE_END:
            return None
        if name.startswith("VOIDED"):
            if sold.started_at is None:
                return None
            earlier = sold.order if name == "VOIDED_EARLIER" and sold.renewals else None
            self.shelf.refunded(google.refund(sold, self.now, earlier))
            return self.now
        record = google.happen(sold, name, self.now)
        self.shelf.take_place(sold, self.now)
        if record is not None:
            self.shelf.refunded(record)
        return self.now if name == "REVOKED" else None

    def _at_apple(self, bought: Subscription, kind: str, subtype: str | None) -> None:
        earlier = bought.periods[0].transaction_id if subtype == "EARLIER" else None
        event = apple.Event(type=kind, subtype=None if earlier else subtype, transaction_id=earlier)
        apple.happen(bought, event, self.now)

    def _is_alive(self, thing: Thing) -> bool:
        said = thing.says(self.now)
        return said is not None and (said.expires_at is None or said.expires_at > self.now - _LONG_OVER)

    def _one(self, number: int, fits: Callable[[Any], bool] = lambda _: True) -> Thing | None:
        fitting = [thing for thing in self.things if fits(thing)]
        return fitting[number % len(fitting)] if fitting else None

    # -- questions and answers -------------------------------------------------------------------------------------

    async def ask(self, thing: Thing) -> Question | None:
        """Have the store asked, and keep the answer for later."""
        answer = await asking.ask("google_play" if thing.is_google else "app_store", thing.key, "production")
        if isinstance(answer, Answer):
            assert not self._is_alive(thing), answer
            return None
        return Question(answer, self._heard(thing))

    def _heard(self, thing: Thing) -> Heard:
        """The subscription and the predecessors that we do not know, oldest first, as far as the store knows them."""
        heard: Heard = []
        one: Thing | None = thing
        while one is not None and (one is thing or one.known is None) and (said := one.says(self.now)) is not None:
            heard.insert(0, (one, said))
            one = one.before if said.takes_the_place else None
        return heard

    async def write(self, question: Question, refunded_at: datetime | None = None) -> None:
        """Have an answer written down, as a notification's job does."""
        report = question.report if refunded_at is None else as_refunded(question.report, refunded_at)
        async with transaction():
            await apply(report, "SOMETHING")
        self.learn(question.said)

    def learn(self, said: Heard) -> None:
        """What ought to be known now."""
        for thing, one in said:
            if thing.known is not None and one.at <= thing.known.at:
                continue
            first, thing.known = thing.known is None, one
            if thing.owner is None:
                before = thing.before if one.takes_the_place else None
                heir = before.owner if before is not None and before.known is not None else None
                owner = thing.named if thing.named is not None else heir
                thing.owner = owner if owner is not None and owner.alive else None
            if thing.before is not None and one.takes_the_place and thing.before.known is not None:
                thing.before.replaced_by = thing
            if first:
                thing.replaced_by = next(
                    (other for other in self.things
                     if other.before is thing and other.known is not None and other.known.takes_the_place), None,
                )  # fmt: skip

    async def told(self, number: int) -> None:
        """A notification arrives: any that there ever was, so twice or late or never."""
        if self.hints:
            thing, refunded_at = self.hints[number % len(self.hints)]
            question = await self.ask(thing)
            if question is not None:
                await self.write(question, refunded_at)

    async def asked(self, number: int) -> None:
        thing = self._one(number)
        question = None if thing is None else await self.ask(thing)
        if question is not None:
            self.on_the_way.append(question)

    async def answered(self, number: int) -> None:
        if self.on_the_way:
            await self.write(self.on_the_way.pop(number % len(self.on_the_way)))

    async def claimed(self, number: int, purpose: claims.Purpose = "purchase") -> None:
        """The app of somebody hands a purchase in; it is decided as it ought to be."""
        number, who = divmod(number, len(self.people))
        thing, person = self._one(number, self._is_alive), self.people[who]
        if thing is None or not person.alive:
            return
        claim_id = uuid4()
        await execute(
            """INSERT INTO purchase_claims (id, user_id, purpose, store, product_id, token, status, created_at)
               VALUES ($1, $2, $3, $4, 'x', $5, 'pending', $6)""",
            claim_id, person.id, purpose, "google_play" if thing.is_google else "app_store", thing.key, self.now,
        )  # fmt: skip
        said = self._heard(thing)
        assert await claims.decide(claim_id, LEASE) is None
        self.learn(said)
        row: Any = await fetch_row("SELECT status, code, token FROM purchase_claims WHERE id = $1", claim_id)
        expected = self._decided(thing, person, purpose)
        assert tuple(row) == ("rejected" if expected else "accepted", expected, None)

    def _decided(self, thing: Thing, person: Someone, purpose: str) -> str | None:
        if thing.owner is person:
            return None
        others = [one for one in (thing.owner, thing.named) if one is not None and one.alive and one is not person]
        if others and purpose == "purchase":
            return "purchase_owned_by_other"
        if others and thing.replaced_by is not None:
            return "purchase_invalid"
        if others:
            if len([at for at in thing.all_moves() if at > self.now - 90 * DAY]) >= 2:
                return "transfer_limit"
            thing.moves.append(self.now)
        thing.owner = person
        return None

    async def restored(self, number: int) -> None:
        await self.claimed(number, "restore")

    async def left_or_back(self, number: int) -> None:
        """Somebody deletes their account, or takes that back."""
        person = self.people[number % len(self.people)]
        person.alive = not person.alive
        await set_alive(person)

    async def acknowledged(self, _: int = 0) -> None:
        for row in await fetch("SELECT id FROM purchases WHERE needs_acknowledgement AND acknowledged_at IS NULL"):
            purchase = await acknowledging.unacknowledged(row["id"])
            if purchase is not None:
                answer = await google_play.client().acknowledge(purchase.token, purchase.product_id)
                async with transaction():
                    await acknowledging.record(purchase, answer)

    async def swept(self, _: int = 0) -> None:
        """The reconciliation: everything that is due is asked about, and Google's list of refunds is read."""
        await voided.read_list()
        for row in await fetch("SELECT id, body FROM store_notifications WHERE state = 'waiting'"):
            token = msgspec.json.decode(row["body"])["voidedPurchaseNotification"]["purchaseToken"]
            await self.step(partial(self._looked_into, self.called(token), looking.look_into, row["id"]))
        for row in await fetch("SELECT id, store_key FROM purchases WHERE check_at <= $1", self.now):
            again = partial(asking.ask_again, row["id"], "reconciliation")
            await self.step(partial(self._looked_into, self.called(row["store_key"]), again))

    async def _looked_into(self, thing: Thing, look: Callable[..., Awaitable[Answer | None]], *about: UUID) -> None:
        said = self._heard(thing)
        assert await look(*about, LEASE) is None
        self.learn(said)
        if not said and thing.known is not None and (thing.known.expires_at or DAWN) <= self.now:
            # What the store has forgotten is over, and remains whose it is.
            state = "revoked" if thing.known.state == "revoked" else "expired"
            thing.known = msgspec.structs.replace(thing.known, at=self.now, state=state, will_renew=False)

    def called(self, key: str) -> Thing:
        return next(thing for thing in self.things if thing.key == key)

    async def later(self, number: int) -> None:
        """Time passes; the reconciliation is never behind by more than a few weeks."""
        self.now += HOUR * (1 + number % 480)
        if any(not self._is_alive(thing) for thing in self.things):
            with clock.frozen(self.now):
                self.shelf.settle(self.now)
                await self.swept()

    # -- what it has come to ---------------------------------------------------------------------------------------

    async def check(self) -> None:
        """What is written down is what the stores said last, and everybody has what that comes to."""
        rows = {row["store_key"]: row for row in await fetch("SELECT * FROM purchases")}
        owners = {None: None} | {person.id: person for person in self.people}
        assert rows.keys() == {thing.key for thing in self.things if thing.known is not None}
        for thing in self.things:
            if thing.known is None:
                continue
            row, known = rows[thing.key], thing.known
            assert over(row["state"]) == over(known.state) if thing.is_google else row["state"] == known.state
            assert row["asked_at"] == known.at
            assert (row["product_id"], row["plan"], row["expires_at"]) == (known.product, known.plan, known.expires_at)
            assert row["state"] not in ENTITLED or row["will_renew"] == known.will_renew
            assert owners[row["user_id"]] is thing.owner
            assert (row["replaced_by"] is not None) == (thing.replaced_by is not None)
            if thing.is_google and row["state"] == "revoked":
                assert any(one.token == thing.key for one in self.shelf.voided), "nothing was refunded"
        for person in self.people:
            if person.alive:
                self._compare(person, await read_entitlement(person.id, self.now))
                assert await plan_of(person.id, self.now) == ("subscriber" if self._open(person) else "free")

    def _open(self, person: Someone) -> list[Said]:
        """What gives the person access now."""
        return [
            thing.known
            for thing in self.things
            if thing.owner is person and thing.known is not None and thing.replaced_by is None
            and (ends := thing.known.ends()) is not None and self.now < ends
        ]  # fmt: skip

    def _compare(self, person: Someone, seen: Entitlement) -> None:
        giving = self._open(person)
        view = view_of(seen)
        assert seen.has_access == view.has_access == bool(giving)
        assert (view.warning is not None) == (len([one for one in giving if one.will_renew]) > 1)
        if giving:
            assert view.expires_at == max(one.expires_at for one in giving if one.expires_at)
            assert view.state in {one.state for one in giving if one.expires_at == view.expires_at}
            assert view.in_grace == (view.state == "grace")
        else:
            assert view.state not in ENTITLED
            mine = [thing for thing in self.things if thing.owner is person and thing.known is not None]
            assert (view.state == "none") == (not mine)

    async def check_end(self) -> None:
        """After the reconciliation: nothing that a store has is unknown to us, and the history tells how it came."""
        await self.check()
        refunded = {one.order_id for one in self.shelf.voided if one.at > self.now - 29 * DAY}
        for thing in self.things:
            if thing.known is None:
                continue
            model, now = thing.model, thing.says(self.now)
            assert now is None or (over(now.state), now.product, now.expires_at) == (
                over(thing.known.state), thing.known.product, thing.known.expires_at
            )  # fmt: skip
            row: Any = await fetch_row("SELECT * FROM purchases WHERE store_key = $1", thing.key)
            if isinstance(model, Purchase) and model.state == "EXPIRED" and model.order_id in refunded:
                assert row["state"] == "revoked"
            last = await fetch_row("SELECT * FROM purchase_changes WHERE purchase_id = $1 ORDER BY id DESC", row["id"])
            assert last is not None
            for name in ("state", "product_id", "expires_at", "will_renew"):
                assert last[name] == row[name], name


def over(state: str) -> str:
    """Google says expired of what was refunded."""
    return "over" if state in ("expired", "revoked") else state


async def set_alive(person: Someone) -> None:
    """The account is there, or about to be deleted."""
    await execute(
        "UPDATE users SET state = 'active', deleting_since = NULL, purges_at = NULL, state_before = NULL WHERE id = $1"
        if person.alive
        else "UPDATE users SET state = 'deleting', deleting_since = now(), purges_at = now(), state_before = 'active' "
        "WHERE id = $1",
        person.id,
    )
