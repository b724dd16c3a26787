"""What a person may hold that somebody else can take over: the kinds of records a handover moves (R-HAND-1).

The one place where a later kind adds itself: one line here, named like its table, which is `Owned`. What has no
owner of its own (contacts, follow-ups, 回款, 开票) goes with the record it hangs on. What is held without an owner's
column (an approval that waits for somebody) joins in `handlers/handover/joining.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record with an owner."""

    name: str  # of its table
    label: str  # as people read it
    unit: str  # the measure word
    title: str  # the column that names a record
    words: tuple[str, ...] = ()  # what else people call it


KINDS: tuple[Kind, ...] = (
    Kind("customer", "客户", "家", "name", ("联系人", "待跟进", "跟进任务", "跟进计划", "下次跟进", "跟进")),
    Kind("opportunity", "商机", "个", "name", ("机会",)),
    Kind("contract", "合同", "份", "number"),
    Kind("lead", "线索", "条", "company"),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def counted(counts: Mapping[str, int], *, zero: bool = False) -> str:
    """客户 12 家、合同 3 份; kinds without any are left out unless `zero`."""
    return "、".join(
        f"{kind.label} {counts.get(kind.name, 0)} {kind.unit}"
        for kind in KINDS
        if (kind.name in counts and zero) or counts.get(kind.name, 0)
    )
