"""The card of a table of roles that was checked."""

from typing import ClassVar

from bot.dispatch import Button, CardButton, CardView


class ImportRolesButton(Button):
    """「导入 3 个角色」: of exactly the dry run that was shown."""

    action: ClassVar[str] = "roles.import"
    upload_id: int
    fingerprint: str


class DropImportButton(Button):
    """「不导入」."""

    action: ClassVar[str] = "roles.drop"
    upload_id: int


def checked_card(*, file: str, text: str, upload_id: int, fingerprint: str, count: int, problems: bool) -> CardView:
    """The dry run, and one tap to do it."""
    body = f"文件：{file}\n{text}"
    if problems:
        body += "\n有问题的行已标在另发的文件里，改好再发给我。"
    if not count:
        return CardView("检查结果：角色", body=body + ("" if problems else "\n没有要改的，不用导入。"))
    buttons = (
        CardButton(
            f"导入 {count} 个角色", ImportRolesButton(upload_id=upload_id, fingerprint=fingerprint), "primary",
            typed="确认导入",
        ),
        CardButton("不导入", DropImportButton(upload_id=upload_id), typed="不导入"),
    )  # fmt: skip
    return CardView("检查结果：角色", body=f"{body}\n现在还没有改动，确认后一次生效。", buttons=buttons)
