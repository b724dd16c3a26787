"""What words mean as conditions of a list of customers, to this reader."""

from dataclasses import replace
from datetime import timedelta

from bot.context import Context
from bot.core.actor import Actor, Permission
from bot.core.errors import InvalidInput
from bot.core.fields import LEVELS, FieldLevel
from bot.core.forms import FORMS
from bot.core.lists import Wanted
from bot.language.regions import REGIONS
from handlers.customfields.filters import take_conditions
from handlers.filters import rules
from handlers.filters.rules import Meaning
from handlers.filters.vocabulary import Leaving, Vocabulary, meant
from handlers.pool.rules import AFTER_LOCK
from storage import dictionaries, filters, people, stages
from storage.custom_fields import custom_condition
from storage.database import Tx
from storage.filters import Found
from storage.search import is_rare


def step_find(tx: Tx, meaning: Meaning) -> Found:
    """What fits; nothing where not a word of the sentence was understood."""
    return Found(0, ()) if _nothing_understood(meaning) else filters.find(tx, meaning.wanted)


def _nothing_understood(meaning: Meaning) -> bool:
    return bool(meaning.unknown) and not meaning.told


def step_understand(tx: Tx, ctx: Context, text: str, *, mine: bool) -> Meaning:
    """A list of owned customers. `mine`: the actor's own, whatever the words say. Raises as `take_conditions`."""
    said, rest = take_conditions(tx, ctx, "customer", text)
    meaning = rules.understand(rest, _vocabulary(tx, ctx), ctx.now)
    if said:
        own, told = tuple(custom_condition("customer", s.condition) for s in said), [s.text for s in said if s.text]
        meaning = replace(
            meaning, wanted=replace(meaning.wanted, more=(*meaning.wanted.more, *own)), told=(*meaning.told, *told),
            without_page=" ".join([*told, *meaning.without_page.split()]),
        )  # fmt: skip
    if mine or meaning.mine:
        meaning = replace(meaning, mine=True, wanted=replace(meaning.wanted, owners=(ctx.actor.user_id,)))
    return meaning


def step_all_understood(tx: Tx, ctx: Context, text: str, *, mine: bool) -> Wanted:
    """As `step_understand`, for what leaves no room to say that a word was passed over: an export.

    Raises:
        InvalidInput: as `take_conditions`; and for a word that means nothing here.
    """
    meaning = step_understand(tx, ctx, text, mine=mine)
    if meaning.unknown:
        words = "、".join(f"「{word}」" for word in meaning.unknown)
        none = "没有符合条件的客户，" if _nothing_understood(meaning) else ""
        raise InvalidInput(
            f"{none}没有导出：没认出{words}。去掉它再导出，或先发送「客户 {text.strip()[:60]}」看看会有哪些。"
        )
    return meaning.wanted


def step_understand_pool(tx: Tx, ctx: Context, text: str) -> Meaning:
    """A list of the pool: a word by itself is looked for wherever the pool shows words, one behind a label there."""
    words = Vocabulary(
        values=lambda column, word: _values(tx, ctx.actor, column, word, pooled=True),
        stages={}, owners=lambda _name: (), in_names=lambda _word: False, anywhere=filters.anywhere,
    )  # fmt: skip
    meaning = rules.understand(text, words, ctx.now)
    sort = meaning.wanted.sort if meaning.wanted.sort == "pinyin" else "pooled_at"
    return replace(meaning, wanted=replace(meaning.wanted, pooled=True, sort=sort))


def _vocabulary(tx: Tx, ctx: Context) -> Vocabulary:
    actor = ctx.actor
    return Vocabulary(
        values=lambda column, word: _values(tx, actor, column, word),
        stages={s.name: s.id or 0 for s in stages.list_stages(tx)} if actor.may(Permission.OPPORTUNITY_VIEW) else {},
        owners=lambda name: tuple(people.list_called(tx, name.lstrip("@＠"))),
        in_names=lambda word: _in_names(tx, word),
        plans=_reads(actor, "followup", "next_at"),
        amounts=actor.may(Permission.CONTRACT_VIEW) and _reads(actor, "contract", "amount"),
        leaving=_leaving(ctx),
    )


def _leaving(ctx: Context) -> Leaving | None:
    days, settings = ctx.settings.return_days, ctx.settings
    if days is None:
        return None
    unlocked = ctx.today + timedelta(days=rules.SOON) - AFTER_LOCK
    reach = filters.may_leave(unlocked, with_contract=settings.pool.return_with_contract)
    return Leaving(days, settings.pool_rule_since, reach)


def _reads(actor: Actor, form: str, field: str) -> bool:
    rights = actor.scope.fields
    return not rights or LEVELS.index(rights.level(form, field)) >= LEVELS.index(FieldLevel.READ)


def _values(tx: Tx, actor: Actor, column: str, word: str, *, pooled: bool = False) -> tuple[str, ...]:
    """The values of that column that the word means, if this person may read it at all, of the pool before claiming."""
    field = next(f for f in FORMS["customer"] if f.attribute == column)
    if not _reads(actor, "customer", field.name) or (pooled and column not in filters.POOL_FIELDS):
        return ()
    if column == "city":
        short = word.removesuffix("市")
        return (short, f"{short}市") if short in REGIONS or filters.is_value(tx, column, word, pooled=pooled) else ()
    choices = dictionaries.choices_of(tx, "customer", field.name)
    if choices is None:
        return (word,) if filters.is_value(tx, column, word, pooled=pooled) else ()
    return meant(word, (*choices.enabled, *choices.disabled))


def _in_names(tx: Tx, word: str) -> bool:
    return len(word) > 1 and (not is_rare(tx, word) or filters.has_any(tx, Wanted(names=(word,))))
