//! Buying with the JavaScript client: in a page of another origin, and on the console's page that is built on the client. The tests need
//! Chromium, and some of them axe-core: see `pages.rs`. Run with `--ignored`.

use tests::{Value, json};

use crate::{
    browser::Site,
    cart::{put, shop},
    client::{console, open_panes, page, start, try_page, with_password},
    donations, pages,
};

const PHONE: &str = "+447911123450";

/// A checkout whose guest's token is kept as a page would keep it, and whose requests can be watched, answered and held back.
const CHECKOUT: &str = r"(async () => {
    const { createCheckout } = await import(`${API}/client/checkout.js`);
    globalThis.kept = { token: null };
    globalThis.guest = { get: () => kept.token, set: token => { kept.token = token; } };
    globalThis.instead = async (asked, send) => send();
    globalThis.opened = async options => {
        const stoa = await open({ fetch: (url, asked) => instead(`${asked.method} ${new URL(url).pathname}`, () => fetch(url, asked)) });
        return Object.assign(createCheckout(stoa, options), { stoa, signIn: login => stoa.session.signIn({ login, password: PASSWORD }) });
    };
    globalThis.content = cart => cart.current?.items.map(({ name, quantity }) => `${quantity} ${name}`).join();
    globalThis.one = await opened({ guest });
    return 'ready';
})()";

/// A guest fills a cart with clicks that are faster than the answers, and signs in. The carts become one.
const GUEST: &str = r"(async () => {
    const { cart } = one;
    await Promise.all([cart.add(FIRST, 59), cart.add(FIRST), cart.set(SECOND, 3), cart.add(SECOND), cart.remove(SECOND), cart.add(SECOND, 2)]);
    const before = content(cart);
    const token = kept.token;
    await one.signIn('ana');
    const capped = await reached(() => cart.current.capped.length === 1);
    return [before, token.startsWith('crt_'), capped, content(cart), kept.token, 'token' in cart.current];
})()";

/// The first person signs out while a change of theirs is under way, and somebody else signs in.
const NEXT: &str = r"(async () => {
    const { cart, stoa } = one;
    let held = 0;
    let go;
    const gate = new Promise(then => (go = then));
    instead = async (asked, send) => {
        const answer = await send();
        if (asked === 'GET /v1/cart' && held === 0) held += 1, await gate;
        return answer;
    };
    const late = cart.add(FIRST, 5);
    await reached(() => held === 1);
    await stoa.session.signOut();
    const after = await reached(() => cart.current === undefined);
    await one.signIn('ben');
    const own = cart.add(SECOND);
    go();
    const { problem } = await late;
    await own;
    await reached(() => content(cart) === '1 Turtle 2');
    return [after, problem.code, content(cart), kept.token];
})()";

/// How many of each product are in a cart.
fn quantities(cart: &Value) -> Vec<u64> {
    cart["items"].as_array().unwrap().iter().map(|item| item["quantity"].as_u64().unwrap()).collect()
}

/// A guest's cart becomes part of the member's after the sign-in, and the answer says what was capped. Nothing of the first person is
/// there for the second one, whose cart is not changed by what the first one has asked for.
/// Promise: client-cart
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_guest_signs_in_and_then_somebody_else() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let (_, products) = shop(&cloud, 2).await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    put(&ana, &products[0], 60).await;
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(CHECKOUT)).await, "ready");
    let of = |script: &str| script.replace("FIRST", &json!(products[0]).to_string()).replace("SECOND", &json!(products[1]).to_string());
    let merged = page.run(&of(GUEST)).await;
    assert_eq!(merged, json!(["60 Turtle 1,2 Turtle 2", true, true, "99 Turtle 1,2 Turtle 2", null, false]));
    assert_eq!(page.run(&of(NEXT)).await, json!([true, "signed_out", "1 Turtle 2", null]));
    assert_eq!(quantities(&ana.get("/v1/cart").await.is(200)), [99, 2]);
    assert_eq!(quantities(&ben.get("/v1/cart").await.is(200)), [1]);
}

/// Another device is faster, once, and then others are always.
const FASTER: &str = r"(async () => {
    const refused = () => new Response(JSON.stringify({ code: 'conflict', title: 'Others were faster.', status: 409 }),
        { status: 409, headers: { 'content-type': 'application/problem+json' } });
    const { cart } = one;
    const other = await opened();
    await Promise.all([one, other].map(({ signIn }) => signIn('ana')));
    await cart.set(FIRST, 1);
    const plain = instead;
    instead = async (asked, send) => {
        if (!asked.startsWith('PUT')) return send();
        instead = plain;
        await other.cart.set(FIRST, 7);
        return send();
    };
    await cart.add(FIRST, 2);
    const again = content(cart);
    let puts = 0;
    instead = async (asked, send) => (asked.startsWith('PUT') ? ((puts += 1), refused()) : send());
    const { problem } = await cart.add(FIRST);
    return [again, problem.code, puts];
})()";

/// A change of the cart that the server refuses because of others is made again, of what is in the cart by then, but not for ever.
/// Promise: client-cart
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_change_of_the_cart_is_made_again() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let (_, products) = shop(&cloud, 1).await;
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(CHECKOUT)).await, "ready");
    let done = page.run(&FASTER.replace("FIRST", &json!(products[0]).to_string())).await;
    assert_eq!(done, json!(["9 Turtle 1", "conflict", 3]));
}

/// The answer to an order is lost. The cart is empty by then, and the buyer orders once more, with two clicks.
const LOST_ORDER: &str = r"(async () => {
    const { cart, orders } = one;
    await one.signIn('ana');
    await cart.set(FIRST, 2);
    await orders.more();
    let sent = 0;
    instead = async (asked, send) => {
        const answer = await send();
        if (asked !== 'POST /v1/orders') return answer;
        sent += 1;
        if (sent === 1) throw new TypeError('The answer is lost');
        return answer;
    };
    const lost = await orders.place('METHOD');
    const kept = content(cart);
    await cart.reload();
    const [{ data: placed }, { data: same }] = await Promise.all([orders.place('METHOD'), orders.place('METHOD')]);
    const after = content(cart);
    globalThis.placed = placed;
    return [lost.problem.code, kept, after, placed.id === same.id, sent, orders.current.map(({ state }) => state), placed.total.amount];
})()";

/// An order is placed once, whether its answer was lost or its button was clicked twice. It can be cancelled.
/// Promise: client-orders
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_orders_once() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let (_, products) = shop(&cloud, 1).await;
    let ana = cloud.buyer("ana", PHONE).await;
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(CHECKOUT)).await, "ready");
    let script = LOST_ORDER.replace("FIRST", &json!(products[0]).to_string()).replace("METHOD", "cash_on_delivery");
    assert_eq!(page.run(&script).await, json!(["unreachable", "2 Turtle 1", "", true, 2, ["placed"], 2000]));
    assert_eq!(ana.get("/v1/orders").await.is(200)["items"].as_array().map(Vec::len), Some(1));
    let cancelled = page.run("one.orders.cancel(placed.id).then(({ data }) => [data.state, one.orders.current[0].state])").await;
    assert_eq!(cancelled, json!(["cancelled", "cancelled"]));
}

/// An order is paid by card with two clicks: first with a card that is declined, then with one that pays. The page is told when it is
/// settled.
/// Promise: client-orders
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_pays_an_order() {
    const PAY: &str = r"(async () => {
        globalThis.secrets = [];
        const confirm = secret => (secrets.push(secret), new Promise(then => (globalThis.confirmed = then)));
        globalThis.paying = [one.orders.pay(placed, confirm), one.orders.pay(placed, confirm)];
        await reached(() => secrets.length > 0);
        return { client_secret: secrets[0] };
    })()";
    const TOLD: &str = r"(async () => {
        confirmed(OUTCOME);
        const [{ data }, { data: same }] = await Promise.all(paying);
        return [data.state, same === data, secrets.length, one.orders.current[0].state, Boolean(one.orders.current[0].payment?.client_secret)];
    })()";
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let (_, products) = shop(&cloud, 1).await;
    let _ana = cloud.buyer("ana", PHONE).await;
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(CHECKOUT)).await, "ready");
    let script = LOST_ORDER.replace("FIRST", &json!(products[0]).to_string()).replace("METHOD", "card");
    assert_eq!(page.run(&script).await, json!(["unreachable", "2 Turtle 1", "", true, 2, ["pending_payment"], 2000]));
    for (number, outcome, state) in
        [("4000000000000002", "{ error: 'declined' }", "pending_payment"), (donations::VISA, "undefined", "paid")]
    {
        let begun = page.run(PAY).await;
        // A card that is declined is an error of the stand-in, as it is one of Stripe.
        let used = cloud.outside.stripe.act(&cloud.core(), &donations::intent(&begun), &donations::card(number));
        assert_eq!(used.is_ok(), state == "paid", "{used:?}");
        let told = page.run(&TOLD.replace("OUTCOME", outcome)).await;
        assert_eq!(told, json!([state, true, 1, state, false]), "{number}");
    }
    assert_eq!(cloud.outside.stripe.payments().len(), 1);
}

/// The answer to the beginning of a donation is lost, or is that the same is under way, and the donor begins it once more.
const LOST_DONATION: &str = r"(async () => {
    const { donations } = one;
    let lost = false;
    instead = async (asked, send) => {
        const answer = await send();
        if (lost || asked !== 'POST /v1/donations') return answer;
        lost = true;
        LOSE;
    };
    await one.signIn('ana');
    await donations.more();
    const given = { amount: { amount: 1500, currency: 'PLN' }, country: 'PL', postal_code: '00-001' };
    const first = await donations.begin(given);
    const { data: begun } = await donations.begin(given);
    return { problem: first.problem.code, begun, history: donations.current.map(({ state }) => state), secret: 'client_secret' in donations.current[0] };
})()";

/// A donation whose beginning was not answered is begun once, and what was paid is seen in the history.
/// Promise: client-donations
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_donates_once() {
    const BUSY: &str = "return new Response('{\"status\":409,\"code\":\"conflict\"}', { status: 409, headers: { 'content-type': 'application/problem+json' } })";
    for (lose, code) in [("throw new TypeError('The answer is lost')", "unreachable"), (BUSY, "conflict")] {
        donated_once(lose, code).await;
    }
}

async fn donated_once(lose: &str, code: &str) {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(CHECKOUT)).await, "ready");
    let done = page.run(&LOST_DONATION.replace("LOSE", lose)).await;
    assert_eq!((&done["problem"], &done["history"]), (&json!(code), &json!(["pending_payment"])), "{done}");
    assert_eq!((&done["secret"], cloud.outside.stripe.payments().len()), (&json!(false), 1), "{done}");
    donations::act(&cloud, &done["begun"], donations::card(donations::VISA));
    let script = format!(
        "one.donations.confirm({}).then(({{ data }}) => [data.state, one.donations.current.map(({{ state }}) => state)])",
        done["begun"]["id"]
    );
    assert_eq!(page.run(&script).await, json!(["paid", ["paid"]]));
}

/// A plan is bought with two clicks, and paid.
const PLAN: &str = r"(async () => {
    const { plans } = one;
    await one.signIn('ana');
    await plans.more();
    const { data: { items: [plan] } } = await plans.all();
    const before = await plans.mine();
    const [{ data: begun }, { data: same }] = await Promise.all([plans.begin(plan.id), plans.begin(plan.id)]);
    const paying = plans.pay(begun, secret => (globalThis.secret = secret, new Promise(then => (globalThis.confirmed = then))));
    await reached(() => globalThis.secret);
    globalThis.bought = async () => {
        confirmed({});
        const { data } = await paying;
        const { data: mine } = await plans.mine();
        return [data.state, plans.current.map(({ state }) => state), mine.plan.id === plan.id];
    };
    return { none: before.data.plan === undefined, same: begun.id === same.id, client_secret: secret };
})()";

/// A plan is bought once, however often it is clicked, and whoever has paid has it.
/// Promise: client-plans
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_buys_a_plan() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(CHECKOUT)).await, "ready");
    let begun = page.run(PLAN).await;
    assert_eq!((&begun["none"], &begun["same"], cloud.outside.stripe.payments().len()), (&json!(true), &json!(true), 1), "{begun}");
    donations::act(&cloud, &begun, donations::card(donations::VISA));
    assert_eq!(page.run("bought()").await, json!(["paid", ["paid"], true]));
}

/// The first one donates with a wrong postal code, then with a right one and a card that has to be confirmed at the bank.
const DONATE: &str = r#"(async () => {
    const place = part(panes[0], 'donations');
    place.open = true;
    const form = formOf(place, 'donate');
    const [amount, postcode] = form.querySelectorAll('input');
    const country = form.querySelector('select');
    const error = form.querySelector('[data-wrong="/postal_code"]');
    const idle = () => until(() => !form.querySelector('[type=submit]').disabled);
    await until(() => country.value === 'PL');
    amount.value = '25.50';
    postcode.value = '1234';
    form.requestSubmit();
    const wrong = await until(() => error.textContent);
    const invalid = postcode.getAttribute('aria-invalid');
    await idle();
    postcode.value = '00-001';
    form.requestSubmit();
    await until(() => !formOf(place, 'pay').hidden);
    const cleared = error.textContent;
    choose(place, 'pay', 'asks');
    await until(() => !place.querySelector('[data-bank]').hidden);
    const unpaid = place.querySelector('[data-history] [data-state]').dataset.state;
    place.querySelector('[data-confirm]').click();
    const paid = await until(() => place.querySelector('[data-history] [data-state=paid]'));
    await until(() => place.querySelector('[data-paid]').textContent.includes('zapłacono'));
    return { flag: country.selectedOptions[0].textContent, wrong, invalid, cleared, unpaid, paid: paid.textContent.replaceAll('\u00a0', ' '),
        open: formOf(place, 'pay').hidden };
})()"#;

/// A donation in Polish on the console's page. The page is for everybody, also with an error on it.
/// Promise: local-try, client-donations, pages-for-everybody
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and axe-core"]
async fn somebody_donates_in_polish() {
    let (cloud, _running, mut browser) = console().await;
    let axe = pages::axe();
    browser.look(320, "light", "pl").await;
    try_page(&mut browser, &cloud, "pl").await;
    let done = browser.run(DONATE).await;
    // The API answers in the language of the person's profile, and the page begins with people who read its language.
    assert_eq!((&done["flag"], &done["wrong"]), (&json!("🇵🇱 Polska"), &json!("To nie jest kod pocztowy tego kraju.")), "{done}");
    assert_eq!((&done["invalid"], &done["cleared"], &done["unpaid"]), (&json!("true"), &json!(""), &json!("pending_payment")), "{done}");
    let paid = done["paid"].as_str().unwrap_or_default();
    assert!(paid.contains("25,50 zł") && paid.contains("zapłacono") && done["open"] == true, "{done}");
    let payments = cloud.outside.stripe.payments();
    assert_eq!((payments.len(), &payments[0]["amount"], &payments[0]["status"]), (1, &json!(2550), &json!("succeeded")));
    let faults = pages::faults_of(&mut browser, &axe).await;
    assert!(faults.is_empty(), "{faults:?}");
    // The refused donation.
    let errors = browser.errors().await;
    assert!(errors.iter().all(|error| error.to_string().contains("status of 422")), "{errors:?}");
}

/// The shop gets its first products, and a guest puts some of them into the cart.
const FILL: &str = r#"(async () => {
    const [guest] = panes;
    part(guest, 'shop').open = true;
    (await until(() => guest.querySelector('[data-fill]:not([hidden])'))).click();
    const add = async name => {
        const button = await until(() => guest.querySelector(`[data-add="${name}"]:not([disabled])`));
        button.click();
        await until(() => !button.disabled);
    };
    for (const name of ['Oil lamp', 'Oil lamp', 'Garden turtle']) await add(name);
    part(guest, 'cart').open = true;
    globalThis.cart = pane => [...pane.querySelectorAll('[data-quantity]')].map(input => `${input.value} ${input.dataset.quantity}`).join();
    await until(() => cart(guest) === '2 Oil lamp,1 Garden turtle');
    const turtles = guest.querySelector('[data-quantity="Garden turtle"]');
    turtles.value = '3';
    turtles.dispatchEvent(new Event('change'));
    const total = () => guest.querySelector('[data-total]').textContent.replaceAll('\u00a0', ' ');
    return until(() => total().includes('157.97') && total());
})()"#;

/// The guest signs in, says where it goes, and orders with two clicks at once.
const ORDER: &str = r"(async () => {
    const [buyer] = panes;
    formOf(buyer, 'sign-in').requestSubmit();
    await until(() => isLive(buyer) && formOf(buyer, 'order'));
    await until(() => cart(buyer) === '2 Oil lamp,3 Garden turtle' && !formOf(buyer, 'order').hidden);
    const order = formOf(buyer, 'order');
    order.requestSubmit();
    const delivery = await until(() => buyer.querySelector('[data-form=delivery]:not([hidden])'));
    delivery.requestSubmit();
    await until(() => delivery.hidden && !order.querySelector('[type=submit]').disabled);
    order.requestSubmit();
    order.requestSubmit();
    globalThis.place = part(buyer, 'orders');
    globalThis.orders = () => [...place.querySelectorAll('[data-orders] [data-state]')].map(({ dataset }) => dataset.state);
    await until(() => orders().length > 0 && formOf(place, 'pay') && !formOf(place, 'pay').hidden && cart(buyer) === '');
    return orders();
})()";

/// The first card is declined. The second one is confirmed at the bank, by the button that has the focus.
const PAY: &str = r"(async () => {
    choose(place, 'pay', 'declined');
    await until(() => place.querySelector('[data-paid] .bad'));
    await until(() => !formOf(place, 'pay').querySelector('[type=submit]').disabled);
    choose(place, 'pay', 'asks');
    await until(() => !place.querySelector('[data-bank]').hidden);
    const focused = document.activeElement.dataset.confirm !== undefined;
    document.activeElement.click();
    await until(() => orders()[0] === 'paid' && formOf(place, 'pay').hidden);
    return [focused, orders()];
})()";

/// A guest fills a cart on the console's page and signs in: the cart is theirs, and they order it once, with two clicks, and pay it by
/// card. The page is for everybody, also with all of its parts open.
/// Promise: local-try, client-cart, client-orders, pages-for-everybody
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and axe-core"]
async fn a_guest_fills_a_cart_signs_in_and_pays() {
    let (cloud, _running, mut browser) = console().await;
    let axe = pages::axe();
    browser.look(320, "dark", "en").await;
    open_panes(&mut browser, &cloud, "en").await;
    assert_eq!(browser.run(FILL).await, "Total: PLN 157.97");
    let before = pages::faults_of(&mut browser, &axe).await;
    assert_eq!(browser.run(ORDER).await, json!(["pending_payment"]));
    assert_eq!(browser.run(PAY).await, json!([true, ["paid"]]));
    let payments = cloud.outside.stripe.payments();
    assert_eq!((payments.len(), &payments[0]["amount"], &payments[0]["status"]), (1, &json!(15_797), &json!("succeeded")));
    browser.run("openAll()").await;
    let after = pages::faults_of(&mut browser, &axe).await;
    assert!(before.is_empty() && after.is_empty(), "{before:?} {after:?}");
}

/// The second one becomes an administrator, ships the order of the first one, and delivers it.
const DELIVER: &str = r"(async () => {
    const desk = part(panes[1], 'all-orders');
    desk.open = true;
    desk.querySelector('[data-administer]').click();
    await until(() => !desk.querySelector('[data-all-orders]').hidden);
    const state = desk.querySelector('select');
    const look = async (name, step) => {
        state.value = name;
        state.dispatchEvent(new Event('change'));
        (await until(() => desk.querySelector(`[data-state=${name}] [data-step=${step}]`))).click();
        await until(() => orders()[0] === step);
    };
    await look('paid', 'shipped');
    await look('shipped', 'delivered');
    return orders();
})()";

/// Staff on the console's page ship an order and deliver it, and its buyer sees that.
/// Promise: local-try, client-orders
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn staff_ship_an_order() {
    let (cloud, _running, mut browser) = console().await;
    open_panes(&mut browser, &cloud, "en").await;
    browser.run(FILL).await;
    assert_eq!(browser.run(ORDER).await, json!(["pending_payment"]));
    assert_eq!(browser.run(PAY).await, json!([true, ["paid"]]));
    browser.run("(formOf(panes[1], 'sign-in').requestSubmit(), until(() => isLive(panes[1])))").await;
    assert_eq!(browser.run(DELIVER).await, json!(["delivered"]));
}
