// The widget of the stand-in for captchas: a field of the form with a token, which is another one after `reset`.
(() => {
  const place = document.querySelector("[data-sitekey]"), address = document.currentScript.src.split("?")[0];
  let field = place.querySelector("input");
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = "captcha-response";
    place.append(field);
  }
  field.value = "TOKEN";
  globalThis.grecaptcha = {
    reset() {
      field.value = "";
      const again = document.createElement("script");
      again.src = `${address}?${Math.random()}`;
      document.head.append(again);
    },
  };
})();
