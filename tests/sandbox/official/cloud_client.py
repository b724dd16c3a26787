"""A program on Alibaba's generated clients for the server API; it knows the host it calls and nothing else.

Reads one order as JSON per line of stdin, does it, and tells the outcome in a line of stdout that begins with "@".
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from alibabacloud_dingtalk.card_1_0 import models as card
from alibabacloud_dingtalk.card_1_0.client import Client as CardClient
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth
from alibabacloud_dingtalk.oauth2_1_0.client import Client as OauthClient
from alibabacloud_dingtalk.robot_1_0 import models as robot
from alibabacloud_dingtalk.robot_1_0.client import Client as RobotClient
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from Tea.exceptions import TeaException

TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
RUNTIME = RuntimeOptions(autoretry=False, connect_timeout=5000, read_timeout=10000)


class Program:
    def __init__(self, endpoint: str, client_id: str, client_secret: str) -> None:
        self.client_id, self.client_secret, self.token = client_id, client_secret, ""
        self.endpoint = endpoint

    def config(self) -> Any:
        return Config(protocol="http", region_id="central", endpoint=self.endpoint)

    def fetch(self, secret: str | None = None) -> Any:
        request = oauth.GetAccessTokenRequest(app_key=self.client_id, app_secret=secret or self.client_secret)
        body = OauthClient(self.config()).get_access_token_with_options(request, {}, RUNTIME).body
        self.token = body.access_token
        return {"expireIn": body.expire_in, "characters": len(body.access_token)}

    def send(self, users: list[str], text: str) -> Any:
        request = robot.BatchSendOTORequest(
            robot_code=self.client_id,
            user_ids=users,
            msg_key="sampleText",
            msg_param=json.dumps({"content": text}, ensure_ascii=False),
        )
        headers = robot.BatchSendOTOHeaders(x_acs_dingtalk_access_token=self.token)
        return RobotClient(self.config()).batch_send_otowith_options(request, headers, RUNTIME).body.to_map()

    def create(self, own: str, user: str, data: dict[str, str]) -> Any:
        request = card.CreateAndDeliverRequest(
            user_id_type=1,
            card_template_id=TEMPLATE,
            out_track_id=own,
            callback_type="STREAM",
            card_data=card.CreateAndDeliverRequestCardData(card_param_map=data),
            open_space_id=f"dtv1.card//IM_ROBOT.{user}",
            im_robot_open_space_model=card.CreateAndDeliverRequestImRobotOpenSpaceModel(support_forward=True),
            im_robot_open_deliver_model=card.CreateAndDeliverRequestImRobotOpenDeliverModel(space_type="IM_ROBOT"),
        )
        headers = card.CreateAndDeliverHeaders(x_acs_dingtalk_access_token=self.token)
        return CardClient(self.config()).create_and_deliver_with_options(request, headers, RUNTIME).body.to_map()

    def update(self, own: str, data: dict[str, str]) -> Any:
        request = card.UpdateCardRequest(
            out_track_id=own,
            user_id_type=1,
            card_data=card.UpdateCardRequestCardData(card_param_map=data),
            card_update_options=card.UpdateCardRequestCardUpdateOptions(
                update_card_data_by_key=True, update_private_data_by_key=True
            ),
        )
        headers = card.UpdateCardHeaders(x_acs_dingtalk_access_token=self.token)
        return CardClient(self.config()).update_card_with_options(request, headers, RUNTIME).body.to_map()


def main() -> None:
    program = Program(os.environ["ENDPOINT"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    orders: dict[str, Callable[..., Any]] = {
        "fetch": program.fetch,
        "send": program.send,
        "create": program.create,
        "update": program.update,
    }
    for line in sys.stdin:
        order = json.loads(line)
        name = order.pop("do")
        outcome: dict[str, Any]
        try:
            outcome = {"saw": name, "body": orders[name](**order)}
        except TeaException as refused:
            outcome = {"saw": "refusal", "code": refused.code, "message": refused.message, "data": refused.data}
        print("@" + json.dumps(outcome, ensure_ascii=True), flush=True)


if __name__ == "__main__":
    main()
