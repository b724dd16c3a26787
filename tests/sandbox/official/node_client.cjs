// An ordinary bot on the npm SDK, as its README shows one; it knows nothing of the sandbox.
// Tells its test what it saw in lines of stdout that begin with "@".
"use strict";

const axios = require("axios");
const { DWClient, EventAck, TOPIC_CARD, TOPIC_ROBOT } = require("dingtalk-stream");

const TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema";
const clientId = process.env.CLIENT_ID;
const client = new DWClient({ clientId, clientSecret: process.env.CLIENT_SECRET });
const tell = (saw, facts) => console.log("@" + JSON.stringify({ saw, ...facts }));

async function sendCard(message, accessToken) {
  const full = { order: ["msgTitle", "msgContent", "msgButtons"], msgButtons: [{ text: "领取", color: "blue", id: "claim", request: true }] };
  const { data } = await axios({
    url: "https://api.dingtalk.com/v1.0/card/instances/createAndDeliver",
    method: "POST",
    headers: { "x-acs-dingtalk-access-token": accessToken },
    data: {
      cardTemplateId: TEMPLATE,
      outTrackId: `node-${message.msgId}`,
      callbackType: "STREAM",
      cardData: { cardParamMap: { flowStatus: "3", msgTitle: "公海", msgContent: "甬江机电", sys_full_json_obj: JSON.stringify(full) } },
      openSpaceId: `dtv1.card//IM_ROBOT.${message.senderStaffId}`,
      imRobotOpenSpaceModel: { supportForward: true },
      imRobotOpenDeliverModel: { spaceType: "IM_ROBOT" },
    },
  });
  return data.result.outTrackId;
}

async function onMessage(frame) {
  const message = JSON.parse(frame.data);
  const words = message.text.content.trim();
  const accessToken = await client.getAccessToken();
  let answer;
  if (words === "卡片") {
    answer = { card: await sendCard(message, accessToken) };
  } else {
    const { data } = await axios({
      url: message.sessionWebhook,
      method: "POST",
      responseType: "json",
      headers: { "x-acs-dingtalk-access-token": accessToken },
      data: { msgtype: "text", text: { content: `收到：${words}` }, at: { atUserIds: [message.senderStaffId] } },
    });
    answer = { reply: data };
  }
  client.socketCallBackResponse(frame.headers.messageId, answer);
  tell("message", { from: message.senderStaffId, text: words, ...answer });
}

client
  .registerCallbackListener(TOPIC_ROBOT, (frame) => {
    onMessage(frame).catch((error) => tell("error", { message: String(error), body: error.response && error.response.data }));
  })
  .registerCallbackListener(TOPIC_CARD, (frame) => {
    const tap = JSON.parse(frame.data);
    const [action] = JSON.parse(tap.content).cardPrivateData.actionIds;
    client.socketCallBackResponse(frame.headers.messageId, {
      cardUpdateOptions: { updateCardDataByKey: true, updatePrivateDataByKey: true },
      cardData: { cardParamMap: { msgContent: `已由 ${tap.userId} 领取` } },
    });
    tell("card", { card: tap.outTrackId, from: tap.userId, action });
  })
  .registerAllEventListener((frame) => {
    tell("event", { type: frame.headers.eventType, data: JSON.parse(frame.data) });
    return { status: EventAck.SUCCESS };
  })
  .connect();
