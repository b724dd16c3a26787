// A stand-in for DingTalk's JSAPI (platform.md 7.4) on an app's page that was opened from a sandbox phone.
// Whose phone it is stands in the page's address; window.name keeps it for the next pages of the same frame,
// because several phones share one browser's storage.
(() => {
  "use strict";
  const base = new URL(document.currentScript.src).origin;
  const given = new URLSearchParams(location.search).get("dd_session");
  if (given) window.name = `dd_session:${given}`;
  const session = window.name.startsWith("dd_session:") ? window.name.slice("dd_session:".length) : "";

  const ask = async (what, body) => {
    if (!session) throw { errorCode: "7", errorMessage: "这个页面不是从钉钉里打开的" };
    const answer = await fetch(`${base}/h5/${session}/${what}`, { method: "POST", body: JSON.stringify(body) });
    const content = await answer.json();
    if (!answer.ok) throw { errorCode: String(answer.status), errorMessage: content.message };
    return content;
  };

  // Every JSAPI takes callbacks in either spelling and gives a promise besides.
  const api = (work) => (options = {}) => {
    const done = options.onSuccess || options.success;
    const failed = options.onFail || options.fail;
    const finished = options.complete || options.onComplete;
    const promise = Promise.resolve().then(() => work(options));
    promise.then(
      (result) => { done?.(result); finished?.(result); },
      (error) => { failed?.(error); finished?.(error); },
    );
    if (failed) promise.catch(() => {});
    return promise;
  };

  let configured = Promise.resolve();
  let onError = () => {};
  const requestAuthCode = api(({ corpId, clientId }) => ask("code", { corpId, clientId }));
  const openLink = api(({ url }) => { location.assign(url); return {}; });
  const closePage = api(() => { window.parent?.postMessage({ dd: "closePage" }, "*"); history.back(); return {}; });
  const setNavigationTitle = api(({ title }) => { document.title = title; return {}; });
  const previewImage = api(({ current, urls }) => { window.open(current || urls?.[0]); return {}; });
  const alertBox = api(({ title, content, message }) => { window.alert(content || message || title || ""); return {}; });
  const confirmBox = api(({ title, content, message }) => {
    const yes = window.confirm(content || message || title || "");
    return { buttonIndex: yes ? 0 : 1, ok: yes };
  });
  const toast = api(({ content, text }) => { console.info(content || text || ""); return {}; });
  const getLocation = api(() => new Promise((resolve, reject) => {
    configured.then(() => navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy }),
      (error) => reject({ errorCode: String(error.code), errorMessage: error.message }),
    ), reject);
  }));

  window.dd = {
    version: "3.0.27-sandbox",
    env: { platform: session ? "android" : "notInDingTalk", version: "7.6.0", appType: "WEBVIEW" },
    ios: false, android: Boolean(session), pc: false, other: !session,
    ready: (then) => { configured.then(then, () => {}); },
    error: (then) => { onError = then; },
    config: (options) => {
      configured = ask("config", { ...options, url: location.href.split("#")[0] }).then((answer) => {
        if (answer.deprecated) console.warn(answer.deprecated);
        if (!answer.ok) throw { errorCode: String(answer.errorCode), errorMessage: answer.errorMessage };
      });
      configured.catch((error) => onError(error));
    },
    requestAuthCode, getAuthCode: requestAuthCode, openLink, closePage, setNavigationTitle, previewImage, getLocation,
    alert: alertBox, confirm: confirmBox, showToast: toast,
    runtime: { permission: { requestAuthCode } },
    biz: { util: { openLink, previewImage }, navigation: { setTitle: setNavigationTitle, close: closePage } },
    device: { notification: { alert: alertBox, confirm: confirmBox, toast }, geolocation: { get: getLocation } },
  };
})();
