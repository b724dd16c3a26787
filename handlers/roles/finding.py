"""Which role, person or department is meant; what is not certain is asked back with what is near."""

from collections.abc import Iterable

from bot.core.errors import InvalidInput, NotFound, SeveralPeople
from bot.language.commands import closest
from bot.language.pinyin import sounds_like
from handlers.roles.rules import SPLIT, name_key
from storage import people, roles
from storage.database import Tx
from storage.tables import Employee


def find_role(tx: Tx, words: str) -> tuple[int, str]:
    """The role `words` begin with (the longest name that fits) and what follows it. Raises NotFound."""
    lines = roles.list_roles(tx)
    by_key = {name_key(line.name): line for line in lines}
    for end in range(len(words), 0, -1):
        line = by_key.get(name_key(words[:end]))
        if line is not None and not words[:end].endswith(" "):
            return line.id, words[end:].strip()
    said = words.split(maxsplit=1)[0] if words.split() else ""
    near = closest(said, [line.name for line in lines]) or [ln.name for ln in lines if said and said in ln.name]
    hint = f"你是想说「{near[0]}」？" if near else f"现在有：{'、'.join(line.name for line in lines[:10])}。"
    raise NotFound(f"没有「{said}」这个角色。{hint}要新建的话发送「新建角色 {said or '名称'}」。")


def find_people(tx: Tx, words: str, *, among: Iterable[str] | None = None) -> list[str]:
    """张三、李四 → userIds, each named part one person. `among`: members, of whom those who left may be named too.

    Raises:
        InvalidInput: nobody was named.
        NotFound: nobody is called so, or several are.
    """
    parts = [p.strip().lstrip("@").strip() for p in words.replace("，", "、").replace(",", "、").split("、")]
    found: list[str] = []
    for part in [p for p in parts if p]:
        names = [part] if _named(tx, part, among) else [w.lstrip("@") for w in SPLIT.split(part) if w]
        found += [_one(tx, name, among) for name in names]
    if not found:
        raise InvalidInput("是哪几位？写姓名就行，几个人用顿号隔开，例如「张三、李四」。")
    return list(dict.fromkeys(found))


def _named(tx: Tx, name: str, among: Iterable[str] | None) -> list[Employee]:
    wanted = None if among is None else set(among)
    called = people.find_anybody(tx, name) or people.find_told(tx, name)
    exact = [p for p in called if p.active or (wanted is not None and p.user_id in wanted)]
    return [p for p in exact if wanted is None or p.user_id in wanted] or exact


def _one(tx: Tx, name: str, among: Iterable[str] | None) -> str:
    exact = _named(tx, name, among)
    if len(exact) == 1:
        return exact[0].user_id
    if len(exact) > 1:
        by_id = [p for p in exact if p.user_id == name]
        if len(by_id) == 1:
            return by_id[0].user_id
        raise SeveralPeople(name, list(people.tell_apart(tx, [p.user_id for p in exact[:5]]).values()))
    near = [p.name for p in people.list_by_name(tx, name)] or [
        n for n in people.active_names(tx) if sounds_like(n, name)
    ]
    if not near:
        near = closest(name, people.active_names(tx))
    hint = f"你是想说{'、'.join(f'「{n}」' for n in list(dict.fromkeys(near))[:3])}？" if near else "请核对姓名。"
    raise NotFound(f"没有找到在职同事「{name}」。{hint}")


def find_departments(tx: Tx, words: str) -> frozenset[int]:
    """销售一部、华东/销售二部 → ids; 无: none. Raises InvalidInput, offering what is near."""
    if words.strip() in ("", "无", "没有", "清空", "空"):
        return frozenset()
    rows = people.department_parents(tx)
    names = {key: (name, parent) for key, name, parent in rows}
    found = set()
    for part in [w for w in SPLIT.split(words.strip()) if w]:
        path = [p for p in part.replace("－", "/").replace("\\", "/").split("/") if p]
        hits = [key for key, name, _ in rows if path and name == path[-1] and _under(names, key, path[:-1])]
        if len(hits) > 1:
            ways = "、".join(_path(names, key) for key in hits[:5])
            raise InvalidInput(f"有好几个「{part}」：{ways}。请写上级，例如「{_path(names, hits[0])}」。")
        if not hits:
            near = closest(part, [n for _, n, _ in rows]) or [n for _, n, _ in rows if part in n or n in part]
            hint = f"你是想说{'、'.join(f'「{n}」' for n in near[:3])}？" if near else "发送「组织机构」看看有哪些。"
            raise InvalidInput(f"没有「{part}」这个部门。{hint}")
        found.add(hits[0])
    return frozenset(found)


def _under(names: dict[int, tuple[str, int | None]], key: int, above: list[str]) -> bool:
    parents = []
    parent = names[key][1]
    while parent is not None and parent in names:
        parents.append(names[parent][0])
        parent = names[parent][1]
    return all(name in parents for name in above)


def _path(names: dict[int, tuple[str, int | None]], key: int) -> str:
    name, parent = names[key]
    return f"{names[parent][0]}/{name}" if parent is not None and parent in names else name
