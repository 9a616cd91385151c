// Several people on one page: each pane is a client of its own. The client is that of the deployment, from another origin.

import { $, get } from "./console.js";
import { addPane } from "./try-pane.js";
import { texts } from "./try-texts.js";

const MOST_PANES = 6;

const overview = await get("/_local/overview");
// Behind the superuser those who read the language of this page, so that what the API says is in it too.
const rank = ({ role, locale }) => (role === "superuser" ? 0 : locale === document.documentElement.lang ? 1 : 2);
overview.accounts.sort((one, other) => rank(one) - rank(other));
const api = overview.urls.find(({ name }) => name === "api").url;

function refreshAdd() {
  $("add").disabled = document.querySelectorAll("[data-pane]").length >= MOST_PANES;
}

try {
  const { createStoa } = await import(`${api}/client/stoa.js`);
  const { createCheckout } = await import(`${api}/client/checkout.js`);
  const { createShop } = await import(`${api}/client/shop.js`);
  const { createSupport } = await import(`${api}/client/support.js`);
  let panes = 0;
  const add = () => {
    panes += 1;
    $("panes").append(addPane({ createStoa, createCheckout, createShop, createSupport, url: api, people: overview.accounts, number: panes, closed: refreshAdd }));
    refreshAdd();
  };
  $("add").addEventListener("click", add);
  add();
  add();
} catch (error) {
  $("unreachable").hidden = false;
  $("unreachable").append(texts.unreachable, " ", String(error));
}
$("try").dataset.ready = "true";
