"""Plain text of what is drawn: markdown without its marks, and the object a button's own words name."""

import re
from typing import Any, Final

_TAG: Final = re.compile(r"<(br|/p|/div|/h\d|/li)\s*/?>", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>")
_IMAGE: Final = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_STRONG: Final = re.compile(r"(\*\*\*|\*\*|~~|`)(.+?)\1")
_EMPHASIS: Final = re.compile(r"(?<![\w*])\*(?!\s)([^*\n]+?)(?<!\s)\*(?![\w*])")
_LINE_MARK: Final = re.compile(r"^(\s*)(#{1,6}\s+|>\s?)")
_TABLE_RULE: Final = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*$")
_QUOTED: Final = re.compile(r"「([^」]+)」")
_VERB_AND_OBJECT: Final = re.compile(r"^[\u4e00-\u9fff]{1,8}[\s\u3000:：]+([\w\u4e00-\u9fff「《].*)$")


_HOLDERS: Final = frozenset({"group", "row", "list", "item", "menu"})


def plain_markdown(source: str) -> str:
    """The words of a markdown text, line by line, as a reader sees them."""
    text = _TAG.sub("\n", source)
    text = _ANY_TAG.sub("", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        if line.strip().startswith("```"):
            fenced = not fenced
            continue
        if not fenced:
            if re.fullmatch(r"\s*([-*_])(\s*\1){2,}\s*", line) or _TABLE_RULE.match(line):
                continue
            line = _LINE_MARK.sub(r"\1", line)
            line = re.sub(r"^(\s*)[-*+]\s+", r"\1", line)
            line = _STRONG.sub(r"\2", line)
            line = _EMPHASIS.sub(r"\1", line)
            if line.strip().startswith("|"):
                line = "  ".join(cell.strip() for cell in line.strip().strip("|").split("|"))
        lines.append(line.strip())
    return "\n".join(line for line in lines if line)


def object_named(text: str) -> str | None:
    """The object that a button names itself, as 领取 宁波海蓝食品有限公司 or 打开「合同」; else None."""
    quoted = _QUOTED.search(text)
    if quoted:
        return quoted[1]
    named = _VERB_AND_OBJECT.match(text.strip())
    return named[1].strip() if named else None


def lines_of(block: dict[str, Any]) -> list[str]:
    """What a reader sees of one block, top to bottom."""
    kind = block["type"]
    if kind in _HOLDERS:
        inner = [lines_of(child) for child in block["children"]]
        found = [line for lines in inner for line in lines]
        if kind == "row" and all(len(lines) <= 1 for lines in inner) and found:
            found = [" ".join(found)]
        return [block["title"], *found] if block.get("title") else found
    if kind == "table":
        head = "  ".join(block["columns"]).strip()
        return [*([head] if head else []), *(line for row in block["rows"] if (line := _cells(row)))]
    if kind == "chart":
        return [*([block["title"]] if block.get("title") else []), *block["lines"]]
    if kind == "field":
        return _field_lines(block)
    if kind == "form":
        found = [line for child in block["fields"] for line in lines_of(child)]
        return [*found, block["submit"]] if block["submit"] else found
    text = block.get("plain", block.get("text")) or ""
    return [line for line in text.splitlines() if line.strip()]


def _cells(row: list[dict[str, Any]]) -> str:
    return "  ".join(cell["text"] for cell in row if cell["text"])


def _field_lines(block: dict[str, Any]) -> list[str]:
    if block["hidden"]:
        return []
    if block["choices_shown"]:
        marks = [("☑ " if option["chosen"] else "☐ ") + option["text"] for option in block["options"] or []]
        return [block["label"], *marks] if block["label_drawn"] and block["label"] else marks
    shown = block["display"] or block["placeholder"] or ""
    label = block["label"] if block["label_drawn"] else ""
    label += " *" if block["required"] and label else ""
    line = f"{label}：{shown}" if label and shown else label or shown
    return [line] if line else []


def first_line(block: dict[str, Any]) -> str | None:
    """The first line of a list row apart from the words on its buttons; None when it has no other words."""
    if block["type"] == "button":
        return None
    if block["type"] in _HOLDERS:
        if block.get("title"):
            return str(block["title"])
        children = block["children"]
        if block["type"] == "row" and all(child["type"] not in {"group", "row", "list"} for child in children):
            parts = [line for child in children if (line := first_line(child))]
            return " ".join(parts) or None
        return next((line for child in children if (line := first_line(child))), None)
    lines = lines_of(block)
    return lines[0] if lines else None
