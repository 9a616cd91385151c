//! The JavaScript client as it is served: in a page of another origin, and on the console's page that is built on the client. The tests in
//! a real browser need Chromium, and one of them axe-core: see `pages.rs`. Run with `--ignored`.

use std::time::Duration;

use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    seed,
};
use tests::{Browser, Cloud, PASSWORD, Value, json};
use tokio::task::JoinHandle;

use crate::{browser::Site, pages, socket::until};

/// The scripts of the client.
const SCRIPTS: &[&str] = &["stoa.js", "core.js", "support.js", "shop.js", "checkout.js", "account.js"];
const TYPES: &[&str] = &["stoa.d.ts", "support.d.ts", "shop.d.ts", "checkout.d.ts", "account.d.ts", "core.d.ts", "api.d.ts", "frames.d.ts"];

/// The client and its types are served compressed, with a validator, to every origin that may call.
/// Promise: client-served
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_is_served_with_its_types() {
    let cloud = Cloud::start().await;
    let frontend = cloud.anonymous().with("origin", "http://localhost:5173");
    let gzip = frontend.with("accept-encoding", "gzip");
    for (names, kind) in [(SCRIPTS, "text/javascript"), (TYPES, "text/plain; charset=utf-8")] {
        for name in names {
            let path = format!("/client/{name}");
            let (whole, compressed) = (frontend.get(&path).await, gzip.get(&path).await);
            assert_eq!((whole.status.as_u16(), &*whole.header("content-type")), (200, kind), "{path} {whole:?}");
            assert_eq!(
                (&*whole.header("access-control-allow-origin"), &*whole.header("cache-control")),
                ("http://localhost:5173", "public, no-cache")
            );
            assert_eq!(whole.header("cross-origin-resource-policy"), "cross-origin");
            assert_eq!((&*compressed.header("content-encoding"), tests::inflated(&compressed.bytes)), ("gzip", whole.bytes.clone()));
            let again = frontend.with("if-none-match", whole.header("etag")).get(&path).await;
            assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0), "{path}");
            let head = frontend.send(reqwest::Method::HEAD, &path, None).await;
            assert_eq!((head.status.as_u16(), head.header("etag"), head.bytes.len()), (200, whole.header("etag"), 0), "{path}");
        }
    }
    for nothing in ["index.html", "stoa.ts", "x"] {
        frontend.get(&format!("/client/{nothing}")).await.is_problem(404, "not_found");
    }
}

/// A page of another origin that has imported the client, and the server of this page.
pub(crate) async fn page(cloud: &Cloud, site: &Site) -> Browser {
    let mut browser = Browser::open(&site.origin).await;
    let script = format!(
        "globalThis.API = {};
         globalThis.open = async options => (await import(`${{API}}/client/stoa.js`)).createStoa({{ url: API, ...options }});
         globalThis.reached = async holds => {{
             for (const until = Date.now() + {PATIENCE_MS}; !holds(); await new Promise(then => setTimeout(then, 20))) {{
                 if (Date.now() > until) throw new Error(`This never holds: ${{holds}}`);
             }}
             return true;
         }};
         'ready'",
        json!(cloud.urls.api)
    );
    assert_eq!(browser.run(&script).await, "ready");
    browser
}

/// Milliseconds after which a page ends its waiting with an error, which says more than a timeout of the browser.
pub(crate) const PATIENCE_MS: u128 = tests::PATIENCE.as_millis() / 2;

pub(crate) async fn start() -> Cloud {
    Cloud::start_with(&[("AllowedOrigins", "http://localhost:*"), ("ClientRate", "1000")]).await
}

/// A script with the password of all members.
pub(crate) fn with_password(script: &str) -> String {
    script.replace("PASSWORD", &json!(PASSWORD).to_string())
}

/// A person signs in with a password, or with a second factor too. Each problem has its code and the id of its request.
/// Promise: client-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_signs_in() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let (ben, app, _) = cloud.careful("ben", "+447700900123").await;
    let mut page = page(&cloud, &site).await;
    let refused = page
        .run("(async () => { globalThis.stoa = await open(); return stoa.session.signIn({ login: 'ana', password: 'wrong' }); })()")
        .await;
    assert_eq!(refused["problem"]["code"], "credentials_invalid", "{refused}");
    assert!(refused["problem"]["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{refused}");
    let sign_in = |login: &str| format!("stoa.session.signIn({{ login: '{login}', password: {} }})", json!(PASSWORD));
    assert_eq!(page.run(&sign_in("ana")).await["data"]["next"], "signed_in");
    assert_eq!(page.run("[stoa.session.current.state, stoa.session.current.user.username]").await, json!(["signed_in", "ana"]));
    assert_eq!(page.run("stoa.api.GET('/v1/me')").await["data"]["username"], "ana");
    assert_eq!(page.run("stoa.session.signOut()").await, json!({}));
    assert_eq!(page.run("stoa.api.GET('/v1/me')").await["problem"]["code"], "token_invalid");

    let script = format!(
        "{}.then(({{ data }}) => {{ globalThis.flow = data; return [data.next, data.allowed, stoa.session.current.state]; }})",
        sign_in("ben")
    );
    let asked = page.run(&script).await;
    assert_eq!((&asked[0], &asked[2]), (&json!("choose_factor"), &json!("needs_factor")), "{asked}");
    assert_eq!(page.run("flow.choose('app').then(({ data }) => (globalThis.flow = data).next)").await, "verify");
    assert_eq!(page.run(&format!("flow.verify({})", json!(app.wrong(&cloud)))).await["problem"]["code"], "code_invalid");
    let done = page.run(&format!("flow.verify({})", json!(app.code(&cloud)))).await;
    assert_eq!(done["data"]["next"], "signed_in", "{done}");
    assert_eq!(page.run("stoa.session.current.user.id").await, json!(ben.id()));
}

/// After its token has expired a call is repeated with a new one. Calls that need a step-up run it once, and are repeated.
/// Promise: client-sign-in
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn calls_are_repeated_after_a_refresh_and_a_step_up() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    let script = r"(async () => {
        globalThis.stoa = await open();
        globalThis.steps = 0;
        await stoa.session.signIn({ login: 'ana', password: PASSWORD });
        stoa.session.onStepUp(async flow => {
            steps += 1;
            if (flow.next === 'choose_factor') ({ data: flow } = await flow.choose('password'));
            return (await flow.verify({ password: PASSWORD })).data?.next === 'signed_in';
        });
        globalThis.ask = () => Promise.all([stoa.api.POST('/v1/me/exports'), stoa.api.POST('/v1/me/passkeys/options', { body: {} }), stoa.api.GET('/v1/me')]);
    })()";
    page.run(&with_password(script)).await;
    // Longer than an access token, and than a proof, is valid.
    cloud.advance(Duration::from_secs(11 * 60)).await;
    let answers = page.run("ask()").await;
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["data"].is_object()), "{answers}");
    assert_eq!(page.run("steps").await, 1);
    // Without a step-up the problem is returned.
    cloud.advance(Duration::from_secs(11 * 60)).await;
    let refused = page.run("(stoa.session.onStepUp(undefined), stoa.api.POST('/v1/me/passkeys/options', { body: {} }))").await;
    assert_eq!(refused["problem"]["code"], "step_up_required", "{refused}");
}

/// Twenty tabs with one cookie refresh at the same moment, twice, and each of them stays signed in. One that signs out signs out all.
/// Promise: client-tabs
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn twenty_tabs_refresh_at_once() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    let script = r"(async () => {
        const first = await open({ tokens: 'cookie' });
        await first.session.signIn({ login: 'ana', password: PASSWORD });
        first.close();
        globalThis.tabs = await Promise.all(Array.from({ length: 20 }, async () => {
            const frame = document.createElement('iframe');
            await new Promise(then => { frame.onload = then; frame.src = '/'; document.body.append(frame); });
            return frame.contentWindow.eval(`import('${API}/client/stoa.js').then(({ createStoa }) => createStoa({ url: '${API}', tokens: 'cookie' }))`);
        }));
        const rounds = [];
        for (let round = 0; round < 2; round += 1) {
            await Promise.all(tabs.map(({ session }) => session.refresh()));
            const answers = await Promise.all(tabs.map(({ api }) => api.GET('/v1/me')));
            rounds.push(answers.filter(({ data }) => data?.username === 'ana').length);
        }
        await tabs[0].session.signOut();
        await reached(() => tabs.every(({ session }) => session.current.state === 'signed_out'));
        return rounds;
    })()";
    assert_eq!(page.run(&with_password(script)).await, json!([20, 20]));
}

/// A picture is declared, sent and published with one call, which reports the progress.
/// Promise: client-upload
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_uploads_a_picture() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    let script = r"(async () => {
        const stoa = await open();
        await stoa.session.signIn({ login: 'ana', password: PASSWORD });
        const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 200 });
        canvas.getContext('2d').fillRect(0, 0, 320, 200);
        const file = await new Promise(then => canvas.toBlob(then, 'image/png'));
        let part = 0;
        const { data } = await stoa.upload(file, { for: 'picture', onProgress: now => { part = now; } });
        const wrong = await stoa.upload(new Blob(['no picture'], { type: 'text/plain' }), { for: 'picture' });
        return [data.state, part, wrong.problem.code];
    })()";
    let done = page.run(&with_password(script)).await;
    assert_eq!((&done[0], &done[1]), (&json!("published"), &json!(1)), "{done}");
    assert!(done[2] == "invalid" || done[2] == "malformed", "{done}");
}

/// A socket on which some of the pushed frames are lost, doubled or late.
const UNRELIABLE: &str = r"
    globalThis.Unreliable = class {
        pushes = 0;
        constructor(url, protocols) {
            this.socket = new WebSocket(url, protocols);
            this.socket.onopen = () => this.onopen?.();
            this.socket.onclose = () => this.onclose?.();
            this.socket.onmessage = event => {
                const again = () => this.onmessage?.(event);
                if (JSON.parse(event.data).id !== undefined) return again();
                this.pushes += 1;
                if (this.pushes % 3 === 0) return;
                if (this.pushes % 4 === 0) return void setTimeout(again, 300);
                again();
                if (this.pushes % 5 === 0) again();
            };
        }
        get readyState() { return this.socket.readyState; }
        send(text) { this.socket.send(text); }
        close() { this.socket.close(); }
    };
    'ready'
";

/// Two people talk in a direct room while their sockets lose frames, and are cut again and again. Both end with the same messages, in
/// order, each once, and none was shown twice in between.
/// Promise: client-rooms
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_room_resumes_after_every_cut() {
    const ROUNDS: usize = 6;
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _people = (cloud.member("ana").await, cloud.member("ben").await);
    let _running = Running::from(&cloud);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(UNRELIABLE).await, "ready");
    let script = r"(async () => {
        globalThis.ana = await open({ WebSocket: Unreliable });
        globalThis.ben = await open({ WebSocket: Unreliable });
        for (const [login, stoa] of Object.entries({ ana, ben })) await stoa.session.signIn({ login, password: PASSWORD });
        globalThis.hers = (await ana.rooms.direct('ben')).data;
        globalThis.his = ben.room(hers.name);
        globalThis.sent = [];
        globalThis.say = (room, text) => sent.push(room.send(text));
        globalThis.doubled = 0;
        for (const room of [hers, his]) room.messages.subscribe(all => { doubled += all.length - new Set(all.map(({ text }) => text)).size; });
        globalThis.seen = room => room.messages.current.map(({ seq, text, state }) => [seq, text, state]);
        return reached(() => ana.live.current === 'live' && ben.live.current === 'live');
    })()";
    assert_eq!(page.run(&with_password(script)).await, true);
    for round in 0..ROUNDS {
        page.run(&format!("(say(hers, 'hers {round} a'), say(his, 'his {round} a'), 0)")).await;
        cut(&cloud);
        page.run(&format!("(say(hers, 'hers {round} b'), say(his, 'his {round} b'), 0)")).await;
        page.run("reached(() => ana.live.current === 'live' && ben.live.current === 'live')").await;
    }
    let answers = page.run("Promise.all(sent)").await;
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["data"]["state"] == "sent"), "{answers}");
    // The client notices the loss of the last frame only with the next connection.
    cut(&cloud);
    let all = ROUNDS * 4;
    page.run(&format!("reached(() => [hers, his].every(room => seen(room).length === {all}))")).await;
    let (hers, his) = (page.run("seen(hers)").await, page.run("seen(his)").await);
    assert_eq!(hers, his);
    let numbers: Vec<u64> = hers.as_array().unwrap().iter().filter_map(|message| message[0].as_u64()).collect();
    assert!(numbers.len() == all && numbers.is_sorted_by(|a, b| a < b), "{hers}");
    let texts = |whose: &str| -> Vec<String> {
        let texts = hers.as_array().unwrap().iter().filter_map(|message| message[1].as_str());
        texts.filter(|text| text.starts_with(whose)).map(str::to_owned).collect()
    };
    for whose in ["hers", "his"] {
        let expected: Vec<String> = (0..ROUNDS).flat_map(|round| ["a", "b"].map(|part| format!("{whose} {round} {part}"))).collect();
        assert_eq!(texts(whose), expected);
    }
    assert_eq!(page.run("[hers.complete.current, his.complete.current, doubled]").await, json!([true, true, 0]));
    let errors = page.errors().await;
    assert!(errors.iter().all(|error| error.to_string().contains("WebSocket")), "{errors:?}");
}

/// Lets the clock of a cloud run until this is dropped, because a client waits as long as the server says.
pub(crate) struct Running(JoinHandle<()>);

impl Running {
    fn from(cloud: &Cloud) -> Self {
        const STEP: Duration = Duration::from_millis(50);
        let core = cloud.core();
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(STEP);
            loop {
                ticks.tick().await;
                core.clock.advance(STEP).expect("the clock moves");
            }
        }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Closes all sockets, as a network does.
fn cut(cloud: &Cloud) {
    for connection in cloud.connections.list() {
        // It may have been closed in the meantime.
        let _ = cloud.connections.delete(&connection.id);
    }
}

/// Helpers for scripts on the console's page: its panes, their content, and the actions of a person.
const PANES: &str = r#"
    globalThis.until = async holds => { for (;;) { const value = holds(); if (value) return value; await new Promise(then => setTimeout(then, 20)); } };
    globalThis.panes = [...document.querySelectorAll('[data-pane]')];
    globalThis.titleOf = pane => pane.querySelector('h2').textContent;
    globalThis.formOf = (pane, name) => pane.querySelector(`[data-form="${name}"]`);
    globalThis.part = (pane, name) => pane.querySelector(`[data-part="${name}"]`);
    globalThis.roomOf = (pane, title) => pane.querySelector(`[data-title="${title}"]`);
    globalThis.said = pane => [...pane.querySelectorAll('.said li[data-seq] .text')].map(text => text.textContent);
    globalThis.isLive = pane => pane.querySelector('[data-state].good') !== null;
    globalThis.choose = (pane, name, value) => {
        const select = formOf(pane, name).querySelector('select');
        select.value = value;
        select.form.requestSubmit();
    };
    globalThis.write = (pane, name, text) => {
        const field = formOf(pane, name).querySelector('input');
        field.value = text;
        field.form.requestSubmit();
    };
    globalThis.say = async (pane, text) => {
        write(pane, 'say', text);
        await until(() => said(pane).includes(text));
    };
    globalThis.signIn = async () => {
        for (const pane of panes) formOf(pane, 'sign-in').requestSubmit();
        await until(() => panes.every(isLive));
        return panes.map(titleOf);
    };
    globalThis.openAll = () => document.querySelectorAll('[data-part]:not([hidden])').forEach(part => (part.open = true));
    'ready'
"#;

/// A cloud with the accounts of the local cloud, a browser on the console's page that uses the client, and a running clock.
pub(crate) async fn console() -> (Cloud, Running, Browser) {
    let cloud = start().await;
    seed::seed(&cloud.core()).await.expect("the accounts are made");
    let running = Running::from(&cloud);
    let browser = Browser::open(&format!("{}/try", cloud.urls.console)).await;
    (cloud, running, browser)
}

/// Opens the page in a language, and gives scripts its panes.
pub(crate) async fn open_panes(browser: &mut Browser, cloud: &Cloud, language: &str) {
    browser.go(&format!("{}/try?lang={language}", cloud.urls.console)).await;
    browser.until("document.getElementById('try')?.dataset.ready").await;
    assert_eq!(browser.run(PANES).await, "ready");
}

/// Opens the page in a language and signs two people in.
pub(crate) async fn try_page(browser: &mut Browser, cloud: &Cloud, language: &str) {
    open_panes(browser, cloud, language).await;
    let names = browser.run("signIn()").await;
    assert!(names.as_array().is_some_and(|names| names.len() == 2 && names[0] != names[1]), "{names}");
}

/// Two people talk in a direct room. The second one sees first that something is unread, then the messages. The first one sees that they
/// are read, and that somebody types.
const TALK: &str = r"(async () => {
    const [first, second] = panes;
    choose(first, 'talk', titleOf(second));
    await until(() => first.querySelector('h3').textContent === titleOf(second));
    await say(first, 'Good morning, LANGUAGE!');
    const unread = await until(() => roomOf(second, titleOf(first))?.querySelector('[data-unread]')?.dataset.unread);
    roomOf(second, titleOf(first)).click();
    await until(() => said(second).includes('Good morning, LANGUAGE!'));
    await until(() => !roomOf(second, titleOf(first)).querySelector('[data-unread]'));
    await say(second, 'Shall we meet, LANGUAGE?');
    await until(() => said(first).includes('Shall we meet, LANGUAGE?'));
    await until(() => first.querySelector('[data-receipt]')?.textContent.includes(titleOf(second)));
    formOf(second, 'say').querySelector('input').dispatchEvent(new Event('input'));
    const typing = await until(() => first.querySelector('[data-typing]').textContent);
    return { said: panes.map(said), unread: Number(unread) > 0, typing: typing.includes(titleOf(second)) };
})()";

/// The connection of the second person is cut, and is restored after the first person has sent more messages.
const CUT: &str = r"(async () => {
    const [first, second] = panes;
    const link = second.querySelector('[data-link]');
    link.click();
    await until(() => !isLive(second));
    const away = said(second).length;
    await say(first, 'Are you there, LANGUAGE?');
    await say(first, 'At three, LANGUAGE.');
    const missed = said(second).length === away;
    link.click();
    await until(() => said(second).length === said(first).length);
    return [missed, JSON.stringify(said(first)) === JSON.stringify(said(second)), new Set(said(first)).size >= 4];
})()";

/// Two people of the console's page talk in a direct room. The connection of one is cut, and when it is back nothing is missing. The page
/// is for everybody: at any width, in both themes and languages, with all its parts open.
/// Promise: local-try, pages-for-everybody
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and axe-core"]
async fn two_people_try_it_on_one_page() {
    let (cloud, _running, mut browser) = console().await;
    let axe = pages::axe();
    for (width, theme, language) in [(1280, "light", "en"), (320, "dark", "pl")] {
        browser.look(width, theme, language).await;
        try_page(&mut browser, &cloud, language).await;
        let before = pages::faults_of(&mut browser, &axe).await;
        let talked = browser.run(&TALK.replace("LANGUAGE", language)).await;
        let said = &talked["said"];
        assert!(said[0].as_array().is_some_and(|texts| texts.len() >= 2) && said[0] == said[1], "{talked}");
        assert_eq!((&talked["unread"], &talked["typing"]), (&json!(true), &json!(true)), "{talked}");
        assert_eq!(browser.run(&CUT.replace("LANGUAGE", language)).await, json!([true, true, true]));
        browser.run("openAll()").await;
        let after = pages::faults_of(&mut browser, &axe).await;
        assert!(before.is_empty() && after.is_empty(), "{width} {theme} {language}: {before:?} {after:?}");
        let in_public =
            "(panes[0].querySelector('.rooms button').click(), until(() => panes[0].querySelector('[data-online]').textContent))";
        let online = browser.run(in_public).await;
        assert!(online.as_str().is_some_and(|text| !text.is_empty()), "{online}");
    }
    let errors: Vec<Value> = browser.errors().await;
    assert!(errors.is_empty(), "{errors:?}");
}

/// The first one makes a group and invites the second one, who accepts. Both talk in it.
const GROUP: &str = r"(async () => {
    const [first, second] = panes;
    part(first, 'new').open = true;
    write(first, 'create', 'The porch');
    await until(() => first.querySelector('h3').textContent === 'The porch');
    part(first, 'members').open = true;
    await until(() => first.querySelector('[data-member]'));
    choose(first, 'invite', titleOf(second));
    await until(() => !formOf(first, 'invite').querySelector('button').disabled);
    // The list of invitations is read when its part is opened.
    part(second, 'new').open = true;
    (await until(() => second.querySelector('[data-invitations] button'))).click();
    await until(() => second.querySelector('h3').textContent === 'The porch');
    await say(first, 'Welcome!');
    await until(() => said(second).includes('Welcome!'));
    await say(second, 'What a place.');
    await until(() => said(first).includes('What a place.'));
    // Shown messages are not unread, also when the list was read again before the server had the marker.
    await until(() => !roomOf(first, 'The porch').querySelector('[data-unread]'));
    return JSON.stringify(said(first)) === JSON.stringify(said(second));
})()";

/// The second person is removed. Later messages do not arrive, also not after a new connection.
const REMOVED: &str = r"(async () => {
    const [first, second] = panes;
    const member = await until(() => first.querySelector(`[data-member='${titleOf(second)}']`));
    [...member.querySelectorAll('button')].at(-1).click();
    await until(() => !second.querySelector('[data-gone]').hidden);
    await until(() => !first.querySelector(`[data-member='${titleOf(second)}']`));
    await say(first, 'Only for members.');
    const link = second.querySelector('[data-link]');
    link.click();
    await until(() => !isLive(second));
    link.click();
    await until(() => isLive(second) && panes.every(isLive));
    const isHidden = element => element.closest('[hidden]') !== null;
    return [said(second), roomOf(second, 'The porch') === null, isHidden(formOf(second, 'say')), isHidden(formOf(first, 'say'))];
})()";

/// A group on the console's page: somebody who is removed sees that, and neither gets nor sends anything more.
/// Promise: local-try, room-removal
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_group_on_one_page_loses_a_member() {
    let (cloud, _running, mut browser) = console().await;
    try_page(&mut browser, &cloud, "en").await;
    assert_eq!(browser.run(GROUP).await, true);
    assert_eq!(browser.run(REMOVED).await, json!([[], true, true, false]));
    let errors: Vec<Value> = browser.errors().await;
    assert!(errors.is_empty(), "{errors:?}");
}

/// Both talk in the public room. The first one makes a public channel, which the second one joins by its address and only reads.
const CHANNEL: &str = r"(async () => {
    const [first, second] = panes;
    const reads = (pane, text) => until(() => said(pane).includes(text));
    await say(first, 'Good morning, all!');
    await reads(second, 'Good morning, all!');
    await say(second, 'And to you!');
    await reads(first, 'And to you!');
    part(first, 'new').open = true;
    const create = formOf(first, 'create');
    const kind = create.querySelector('select');
    kind.value = 'channel';
    kind.dispatchEvent(new Event('change'));
    const [name, slug] = create.querySelectorAll('input');
    [name.value, slug.value] = ['News of the porch', 'porch-news'];
    create.requestSubmit();
    await until(() => first.querySelector('h3').textContent === 'News of the porch');
    await say(first, 'We open at nine.');
    part(second, 'new').open = true;
    write(second, 'join', 'porch-news');
    await until(() => second.querySelector('h3').textContent === 'News of the porch');
    await reads(second, 'We open at nine.');
    await say(first, 'We close at five.');
    await reads(second, 'We close at five.');
    const isHidden = pane => formOf(pane, 'say').closest('[hidden]') !== null;
    await until(() => isHidden(second));
    return [isHidden(first), said(second)];
})()";

/// The second person was banned, and sees why. The first one stays connected.
const BANNED: &str = r"(async () => {
    const [first, second] = panes;
    const refused = second.querySelector('[data-refused]');
    await until(() => !refused.hidden && second.querySelector('[data-state].bad'));
    return [refused.textContent.includes('Be kinder.'), isLive(first)];
})()";

/// Two people of the console's page talk in the public room, and one reads the channel of the other. A ban is seen at once, with its reason,
/// and after its end the person connects again.
/// Promise: local-try, client-ban
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_channel_and_a_ban_on_one_page() {
    let (cloud, _running, mut browser) = console().await;
    try_page(&mut browser, &cloud, "en").await;
    assert_eq!(browser.run(CHANNEL).await, json!([false, ["We open at nine.", "We close at five."]]));
    let banned = browser.run("panes[1].querySelector('h2').textContent").await;
    let user = cloud.of_kind("user").await.into_iter().find(|user| user["username"]["S"] == banned).unwrap();
    let path = format!("/v1/moderation/bans/{}", user["pk"]["S"].as_str().unwrap().trim_start_matches("USER#"));
    let (mona, _) = cloud.staff("mona", "moderator").await;
    mona.put(&path, json!({ "reason": "harassment", "explanation": "Be kinder.", "minutes": 60 })).await.is(204);
    assert_eq!(browser.run(BANNED).await, json!([true, true]));
    mona.delete(&path).await.is(204);
    assert_eq!(browser.run("(panes[1].querySelector('[data-link]').click(), until(() => isLive(panes[1])))").await, true);
}

/// Two people of a page of another origin, signed in and connected, as `ana` and `ben`.
const TWO: &str = r"(async () => {
    globalThis.ana = await open();
    globalThis.ben = await open();
    for (const [login, stoa] of Object.entries({ ana, ben })) {
        await stoa.session.signIn({ login, password: PASSWORD });
        stoa.live.start();
        await stoa.rooms.more();
        await stoa.notifications.more();
    }
    globalThis.idOf = stoa => stoa.session.current.user.id;
    globalThis.entry = (stoa, room) => stoa.rooms.current.find(({ id }) => id === room.name);
    return reached(() => ana.live.current === 'live' && ben.live.current === 'live');
})()";

/// A page of another origin with Ana and Ben, in a cloud whose clock runs.
async fn two_people() -> (Cloud, Site, Running, Browser) {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _people = (cloud.member("ana").await, cloud.member("ben").await);
    let running = Running::from(&cloud);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(TWO)).await, true);
    (cloud, site, running, page)
}

/// Unread messages of a group are counted as they arrive, and then read. Roles, names, answers and the end of a membership are shown.
const TOGETHER: &str = r"(async () => {
    const { data: hers } = await ana.rooms.create({ kind: 'group', name: 'The porch' });
    await hers.members.invite(idOf(ben));
    await ben.rooms.invitations.more();
    const invited = ben.rooms.invitations.current.map(({ name }) => name);
    const { data: joined } = await ben.rooms.join(hers.name);
    const invitations = ben.rooms.invitations.current.length;
    joined.close();
    await reached(() => entry(ben, hers)?.unread);
    const { data: sent } = await hers.send('Welcome, @ben!');
    await reached(() => entry(ben, hers).unread.messages === 1);
    const mentions = entry(ben, hers).unread.mentions;
    const his = ben.room(hers.name);
    await reached(() => his.messages.current.some(({ text }) => text === 'Welcome, @ben!'));
    his.read();
    await reached(() => his.unread.current.messages === 0);
    await his.markUnread(sent.seq);
    await reached(() => his.unread.current.messages === 1 && ben.rooms.unread.current === 1);
    await ben.rooms.mute(his.name, true);
    const silent = await reached(() => ben.rooms.unread.current === 0) && his.unread.current.messages;
    his.read();
    await hers.members.setRole(idOf(ben), 'admin');
    await reached(() => entry(ben, hers).club.role === 'admin');
    await his.update({ name: 'The stoa' });
    await reached(() => entry(ana, hers).club.name === 'The stoa');
    await his.send('Thank you', { replyTo: sent.seq });
    const answer = await reached(() => hers.messages.current.at(-1)?.reply_to === sent.seq);
    const { data: answered } = await hers.at(sent.seq);
    const { data: { items: members } } = await hers.members.pages().page();
    const muted = entry(ben, hers).muted;
    await hers.members.remove(idOf(ben));
    await reached(() => his.gone.current);
    await hers.send('Without them');
    const { problem } = await his.send('Still here?');
    return { invited, invitations, mentions, silent, answer, answered: answered.text, muted, members: members.length, sockets: ana.live.sockets.current,
        gone: [entry(ben, hers) === undefined, his.messages.current.length, problem.code] };
})()";

/// A page of another origin makes a group with the client, and sees its unread messages, its members and their removal.
/// Promise: client-groups, client-unread
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_keeps_groups_and_unread_counts() {
    let (_cloud, _site, _running, mut page) = two_people().await;
    let expected = json!({ "invited": ["The porch"], "invitations": 0, "mentions": 1, "silent": 1, "answer": true,
        "answered": "Welcome, @ben!", "muted": true, "members": 2, "sockets": 1, "gone": [true, 0, "aborted"] });
    assert_eq!(page.run(TOGETHER).await, expected);
    let errors = page.errors().await;
    assert!(errors.is_empty(), "{errors:?}");
}

/// Somebody is in the public room, with a client that may be silent for a second only, so that it gives a sign of life each second.
const SHOWN: &str = r#"(async () => {
    class Hasty extends WebSocket {
        set onmessage(hear) {
            super.onmessage = hear && (({ data }) => hear({ data: data.replace(/"ping_seconds": ?\d+/, '"ping_seconds":1') }));
        }
    }
    const stoa = await open({ WebSocket: Hasty });
    await stoa.session.signIn({ login: 'ana', password: PASSWORD });
    globalThis.room = stoa.room('public');
    globalThis.shows = number => reached(() => room.online.current?.online === number);
    return shows(0);
})()"#;

/// Somebody whose connection is lost without a disconnect event leaves the number that others see, although nobody else comes or goes.
/// Promise: presence
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_lost_connection_leaves_the_shown_number() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let (_ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let _running = Running::from(&cloud);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(SHOWN)).await, true);
    let ghost = ben.socket().await;
    assert_eq!(page.run("shows(1)").await, true);
    // Every `$disconnect` fails from here on.
    let mute = Target::of("SocketFunction", Service::DynamoDb, "GetItem");
    let mute = cloud.aws.faults.script(mute, Fault::Internal);
    ghost.drop_silently();
    until(async || mute.hits() >= 3).await;
    cloud.settle().await;
    cloud.advance(Duration::from_secs(60)).await;
    assert_eq!(page.run("shows(0)").await, true);
}

/// Two lists are read again, and their answers are delayed while a message and a notification arrive: both stay in the lists.
const LATE: &str = r"(async () => {
    const places = ['/v1/chats', '/v1/notifications'];
    let gate = null;
    let held = 0;
    const late = await open({ fetch: async (url, asked) => {
        const answer = await fetch(url, asked);
        if (gate && places.includes(new URL(url).pathname)) held += 1, await gate;
        return answer;
    } });
    await late.session.signIn({ login: 'ben', password: PASSWORD });
    late.live.start();
    const { data: hers } = await ana.rooms.direct('ben');
    await hers.send('One');
    await late.rooms.more();
    await late.notifications.more();
    await reached(() => late.live.current === 'live' && entry(late, hers)?.unread?.messages === 1);
    let open_gate;
    gate = new Promise(then => (open_gate = then));
    const read = [late.rooms.reload(), late.notifications.reload()];
    await reached(() => held === 2);
    await hers.send('Two');
    await ana.people.request(idOf(late));
    const seen = () => [entry(late, hers).unread.messages, entry(late, hers).last.text, late.notifications.current.filter(({ relation }) => relation === 'received').length];
    await reached(() => seen().join() === '2,Two,1');
    open_gate();
    await Promise.all(read);
    return seen();
})()";

/// An answer that is older than a pushed frame, and arrives after it, does not undo the frame.
/// Promise: client-unread
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_late_answer_takes_nothing_away() {
    let (_cloud, _site, _running, mut page) = two_people().await;
    assert_eq!(page.run(&with_password(LATE)).await, json!([2, "Two", 1]));
}

/// A file is uploaded for a room, sent with a message, and read by the other one. One whose type is not allowed is refused.
const FILE: &str = r"(async () => {
    const { data: hers } = await ana.rooms.direct('ben');
    const { data: his } = await ben.rooms.direct('ana');
    const { data: uploaded } = await hers.attach(new File(['We meet at three.'], 'plan.txt', { type: 'text/plain' }));
    const { data: sent } = await hers.send('', { attachments: [uploaded.attachment] });
    await reached(() => his.messages.current.at(-1)?.attachments?.length === 1);
    const [file] = his.messages.current.at(-1).attachments;
    const { data: links } = await his.file(file.id);
    const wrong = await hers.attach(new File(['<script></script>'], 'page.html', { type: 'text/html' }));
    return [uploaded.state, sent.state, file.name, links.url.startsWith('http'), Boolean(wrong.problem)];
})()";

/// A page of another origin sends a file, and the other person gets a link to it.
/// Promise: client-upload
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_sends_a_file() {
    let (_cloud, _site, _running, mut page) = two_people().await;
    assert_eq!(page.run(FILE).await, json!(["ready", "sent", "plan.txt", true, true]));
}

/// Somebody who is banned sees it at once, with the reason, and the client does not try to come back. What they send is refused.
/// Promise: client-ban
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_ban_is_seen_at_once() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let (_ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let (zoe, _) = cloud.staff("zoe", "moderator").await;
    let _running = Running::from(&cloud);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(TWO)).await, true);
    page.run("(globalThis.room = ben.room('public'), reached(() => room.complete.current))").await;
    let ban = json!({ "reason": "harassment", "explanation": "Be kinder.", "minutes": 60 });
    zoe.put(&format!("/v1/moderation/bans/{}", ben.id()), ban).await.is(204);
    let script = r"(async () => {
        await reached(() => ben.live.current === 'refused');
        const { code, reason, explanation, ends_at: end } = ben.live.refusal.current;
        return [code, reason, explanation, Boolean(end), ana.live.current];
    })()";
    assert_eq!(page.run(script).await, json!(["chat_banned", "harassment", "Be kinder.", true, "live"]));
    zoe.delete(&format!("/v1/moderation/bans/{}", ben.id())).await.is(204);
    assert_eq!(page.run("(ben.live.start(), reached(() => ben.live.current === 'live'))").await, true);
}

/// A request becomes a friendship and then a block, in the lists of both and in the inbox of the notified person.
const FRIENDS: &str = r"(async () => {
    const heard = [];
    ben.notifications.on(({ relation }) => heard.push(relation));
    for (const list of [ana.people, ben.people, ben.people.received, ben.people.blocked]) await list.more();
    const names = list => list.current.map(({ username }) => username).join();
    const found = (await ana.people.search('be').page()).data.items.map(({ username }) => username);
    await ana.people.request(idOf(ben));
    await reached(() => names(ben.people.received) === 'ana' && ben.notifications.unread.current.unread > 0);
    const first = ben.notifications.current[0].relation;
    await ben.people.accept(idOf(ana));
    await reached(() => names(ana.people) === 'ben' && names(ben.people) === 'ana' && names(ben.people.received) === '');
    await ben.notifications.readAll();
    await reached(() => ben.notifications.unread.current.unread === 0);
    const read = ben.notifications.current.every(({ read }) => read);
    await ben.people.block(idOf(ana));
    await reached(() => names(ana.people) === '' && names(ben.people) === '' && names(ben.people.blocked) === 'ana');
    await ben.people.unblock(idOf(ana));
    await reached(() => names(ben.people.blocked) === '');
    const alone = await ana.people.nearby(10);
    await ana.people.share({ latitude: 52.23, longitude: 21.01 });
    const near = await ana.people.nearby(10);
    const { data: changed } = await ana.me.update({ bio: 'Walks up and down' });
    const other = await open();
    await other.session.signIn({ login: 'ana', password: PASSWORD });
    await other.me.update({ bio: 'Talks' });
    const late = await ana.me.update({ bio: 'Listens' });
    const after = await ana.me.update({ bio: 'Listens' });
    return { found, first, heard: heard.includes('received'), read, alone: alone.problem.code, near: near.data.items.length,
        bio: changed.bio, late: late.problem?.code, after: after.data?.bio };
})()";

/// A page of another origin has friends, notifications, a place and a profile with the client.
/// Promise: client-people
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_has_friends_and_notifications() {
    let (_cloud, _site, _running, mut page) = two_people().await;
    let expected = json!({ "found": ["ben"], "first": "received", "heard": true, "read": true, "alone": "location_required", "near": 0,
        "bio": "Walks up and down", "late": "version_mismatch", "after": "Listens" });
    assert_eq!(page.run(&with_password(FRIENDS)).await, expected);
    let errors = page.errors().await;
    assert!(errors.iter().all(|error| error.to_string().contains("status of")), "{errors:?}");
}

/// Uses a shop: finds a product, rates it, and comments on it.
const SHOP: &str = r"(async () => {
    const { createShop } = await import(`${API}/client/shop.js`);
    const stoa = await open();
    await stoa.session.signIn({ login: 'ana', password: PASSWORD });
    const shop = createShop(stoa);
    const { data: { items: [category] } } = await shop.products.categories();
    const { data: { items: [found] } } = await shop.products.search({ category: category.id }).page();
    const before = await shop.ratings.own(found.id);
    await shop.ratings.give(found.id, 4);
    const { data: written } = await shop.comments.write(found.id, 'Heavy.');
    await shop.comments.edit(found.id, written.id, 'Heavy, and beautiful.');
    const said = [];
    for await (const { text, author } of shop.comments.of(found.id)) said.push(`${author.username}: ${text}`);
    const { data: now } = await shop.products.bySlug(found.slug);
    const { data: own } = await shop.ratings.own(found.id);
    await shop.comments.remove(found.id, written.id);
    const { data: { items: rest } } = await shop.comments.of(found.id).page();
    return { category: category.name, found: found.name, before: before.problem.code, said, count: now.ratings.count, own: own.stars, rest: rest.length };
})()";

/// A product is rated and commented from a page of another origin.
/// Promise: client-shop
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_rates_and_comments_a_product() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    crate::products::only_product(&cloud).await;
    let mut page = page(&cloud, &site).await;
    let done = page.run(&with_password(SHOP)).await;
    let expected = json!({ "category": "Garden", "found": "Garden turtle", "before": "not_found", "said": ["ana: Heavy, and beautiful."],
        "count": 1, "own": 4, "rest": 0 });
    assert_eq!(done, expected);
}

/// Makes models and searches them batch by batch, changes one that another client has changed meanwhile, and removes it.
const MODELS: &str = r"(async () => {
    const { createShop } = await import(`${API}/client/shop.js`);
    const [stoa, elsewhere] = [await open(), await open()];
    for (const client of [stoa, elsewhere]) await client.session.signIn({ login: 'ana', password: PASSWORD });
    const [{ models }, { models: others }] = [createShop(stoa), createShop(elsewhere)];
    const made = [];
    for (const title of ['Red bike', 'Red boat', 'Blue car']) made.push((await models.create({ title })).data.id);
    const batches = [];
    const search = models.search({ search: 'red' });
    for (let more = true; more;) {
        const { data } = await search.page();
        batches.push([data.items.map(({ title }) => title).join(), data.relevant, data.divider]);
        more = data.more;
    }
    const { data: renamed } = await models.update(made[0], { title: 'Red tandem' });
    await others.update(made[0], { title: 'Red tricycle' });
    const late = await models.update(made[0], { title: 'Red unicycle' });
    const after = await models.update(made[0], { title: 'Red unicycle' });
    const removed = await models.remove(made[0]);
    const gone = await models.get(made[0]);
    return { batches, renamed: renamed.title, late: late.problem?.code, after: after.data?.title, removed: !removed.problem, gone: gone.problem?.code };
})()";

/// Models are made, found, changed and removed from a page of another origin.
/// Promise: client-shop
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_makes_and_finds_models() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    let done = page.run(&with_password(MODELS)).await;
    let expected = json!({ "batches": [["Red bike,Red boat", true, false], ["Blue car", false, true]], "renamed": "Red tandem",
        "late": "version_mismatch", "after": "Red unicycle", "removed": true, "gone": "not_found" });
    assert_eq!(done, expected);
}

/// Somebody begins a registration.
const COMES: &str = r"(async () => {
    const { createAccount } = await import(`${API}/client/account.js`);
    globalThis.stoa = await open();
    globalThis.account = createAccount(stoa);
    const { data } = await account.registration.start('dido@example.test');
    return [data?.step, account.registration.current?.code.tries_left];
})()";

/// The rest of the registration, with the code of the mail, and the first settings of the account.
const SETTLES: &str = r"(async () => {
    const { registration, addresses, sessions } = account;
    const steps = [];
    const steady = registration.subscribe(now => now && steps.push(now.step));
    await registration.verify(CODE);
    await registration.setPersonal({ first_name: 'Dido', last_name: 'Barca', birth_date: '1990-01-01' });
    await registration.setUsername('dido');
    await registration.setPassword(PASSWORD);
    await registration.complete();
    steady();
    const { state, user } = stoa.session.current;
    const over = registration.current === undefined;
    const { data: renamed } = await stoa.me.setUsername('elissa');
    const changed = (await stoa.me.update({ bio: 'Founder' })).data?.bio;
    await addresses.more();
    const place = { street: 'Long 1', city: 'Warsaw', country: 'PL', postal_code: '00-001' };
    const { data: first } = await addresses.add(place);
    const { data: second } = await addresses.add({ ...place, street: 'Long 2' });
    await addresses.setMain(second.id);
    await addresses.update(first.id, { ...place, street: 'Short 1' });
    await reached(() => addresses.current.length === 2 && addresses.current.some(({ street }) => street === 'Short 1'));
    const main = addresses.current.find(({ main }) => main).street;
    await addresses.remove(first.id);
    await sessions.more();
    const events = (await account.events().page()).data.items.length > 0;
    const subjects = (await account.contact.settings()).data.subjects.length > 0;
    const unnamed = (await account.password.change('short', PASSWORD)).problem?.code;
    return { steps, state, name: user.username, over, renamed: renamed?.username, changed, main, left: addresses.current.map(({ street }) => street),
        sessions: sessions.current.map(({ current }) => current), events, subjects, unnamed: unnamed !== undefined };
})()";

/// A page of another origin registers with the client, and changes the settings of the account.
/// Promise: client-account
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_page_of_another_origin_registers_and_settles() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(COMES).await, json!(["code", 3]));
    let code = cloud.code_to("dido@example.test").await;
    let settled = page.run(&with_password(SETTLES).replace("CODE", &json!(code).to_string())).await;
    let expected = json!({ "steps": ["code", "personal", "username", "password", "summary"], "state": "signed_in", "name": "dido", "over": true,
        "renamed": "elissa", "changed": "Founder", "main": "Long 2", "left": ["Long 2"], "sessions": [true], "events": true, "subjects": true,
        "unnamed": true });
    assert_eq!(settled, expected);
}

/// A room whose server cannot take the marker 5 the first time, and refuses the marker 6 permanently.
const MARKERS: &str = r"(async () => {
    const { createRoom } = await import(`${API}/client/stoa.js`);
    const { createStore } = await import(`${API}/client/core.js`);
    const [live] = createStore('live');
    const [session] = createStore({ state: 'signed_in', user: { id: '1' } });
    const refused = [{ code: 'unavailable', status: 503, retryAfter: 0.01 }, undefined, { code: 'forbidden', status: 403 }];
    const markers = [];
    live.ask = async ({ type, seq }) => {
        if (type !== 'read') return { data: { messages: [], upto: 9 } };
        const problem = refused[markers.length];
        markers.push(seq);
        return problem ? { problem } : { data: { seq } };
    };
    const { room, resume } = createRoom('a', { api: {}, session, live, sent() {} });
    await resume();
    room.read(5);
    await reached(() => markers.length === 2);
    room.read(6);
    await reached(() => markers.length === 3);
    room.read(7);
    await reached(() => markers.length === 4);
    return markers;
})()";

/// A read marker that the server cannot take now is sent again, and one that it refuses is not.
/// Promise: client-unread
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_read_marker_is_sent_again() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(MARKERS).await, json!([5, 5, 6, 7]));
}

/// A room whose server answers as each case says: with pages that are older than what was pushed, after a pause, and with more messages
/// than are kept.
const PAGES: &str = r"(async () => {
    const { createRoom } = await import(`${API}/client/stoa.js`);
    const { createStore } = await import(`${API}/client/core.js`);
    const roomWith = ask => {
        const [live] = createStore('live');
        const [session] = createStore({ state: 'signed_in', user: { id: '1', username: 'ana' } });
        live.ask = ask;
        return createRoom('a', { api: {}, session, live, sent() {} });
    };
    const message = (seq, text = `${seq}`) => ({ seq, id: `m${seq}`, kind: 'text', text, author: { id: '2', username: 'ben' }, created_at: '' });
    const own = (seq, text) => ({ ...message(seq, text), author: { id: '1', username: 'ana' } });
    const state = (last, changes) => ({ last_seq: last, changes, read_seq: 0 });
    const texts = ({ room }) => room.messages.current.map(({ text }) => text);
    const result = {};
    {
        let answer;
        const late = roomWith(async () => (await new Promise(then => (answer = then)), { data: { messages: [message(1), message(2)], upto: 2 } }));
        const resumed = late.resume(state(2, 0));
        await reached(() => answer);
        late.change({ type: 'changed', ...message(2, 'edited') });
        answer();
        await resumed;
        result.late = texts(late);
    }
    {
        let pages = 0;
        const opened = roomWith(async () => ({ data: { messages: [message(1, `page ${pages += 1}`)], upto: 1 } }));
        await opened.resume();
        for (let greetings = 0; greetings < 2; greetings += 1) await opened.resume(state(1, 3));
        result.opened = texts(opened);
        // Of somebody in very many rooms a greeting does not tell all.
        await opened.resume();
        result.untold = texts(opened);
        // Many messages were deleted.
        await opened.resume({ room: 'a', changes: 4 });
        result.told = [texts(opened), opened.room.readUpto.current];
    }
    {
        let [pages, answer] = [0];
        const greeted = roomWith(async ({ type }) => {
            if (type === 'history') return { data: { messages: [message(1, `page ${pages += 1}`)], upto: 1 } };
            await new Promise(then => (answer = then));
            return { data: { messages: [message(2)], upto: 2, last_seq: 2, more: false } };
        });
        await greeted.resume(state(1, 0));
        const resumed = [greeted.resume(state(2, 0))];
        await reached(() => answer);
        resumed.push(greeted.resume(state(2, 1)));
        await Promise.resolve();
        setTimeout(answer);
        await Promise.all(resumed);
        result.greeted = texts(greeted);
    }
    {
        const asked = [];
        const slow = roomWith(async ({ type }) => {
            asked.push(type);
            if (type === 'send') return { problem: { code: 'slow_mode', status: 429, retryAfter: 3600 } };
            return { data: { messages: [message(asked.length)], upto: asked.length, last_seq: asked.length, more: false } };
        });
        await slow.resume();
        void slow.room.send('Later');
        await reached(() => asked.includes('send'));
        await slow.resume(state(3));
        result.slow = [asked, texts(slow)];
    }
    {
        let sends = 0;
        const twice = roomWith(async ({ type, nonce }) => {
            if (type !== 'send') return { data: { messages: [], upto: 0 } };
            return (sends += 1) > 1 ? new Promise(() => undefined) : { data: { ...message(1, 'Yes'), room: 'a', nonce } };
        });
        await twice.resume();
        for (const text of ['Yes', 'Yes']) void twice.room.send(text);
        await reached(() => sends === 2);
        result.twice = texts(twice);
    }
    {
        const answers = [];
        const early = roomWith(async ({ type, nonce }) => {
            if (type !== 'send') return { data: { messages: [], upto: 0 } };
            return new Promise(then => answers.push(data => then({ data: { ...data, room: 'a', nonce } })));
        });
        const ack = seq => own(seq, '****, yes');
        await early.resume();
        const sent = ['damn, yes ', 'damn, yes'].map(text => early.room.send(text));
        await reached(() => answers.length === 1);
        early.accept(own(1, '****, yes'));
        result.early = [texts(early)];
        answers[0](ack(1));
        await reached(() => answers.length === 2);
        result.early.push(texts(early));
        early.accept(own(2, '****, yes'));
        result.early.push(texts(early));
        answers[1](ack(2));
        await Promise.all(sent);
        result.early.push(texts(early));
    }
    {
        const masked = roomWith(async ({ type, text, nonce }) => {
            if (type === 'history') return { data: { messages: [], upto: 0 } };
            if (type === 'delete') return { data: { type: 'deleted', room: 'a', seq: 1, kind: 'deleted', created_at: '' } };
            return { data: { type, ...own(1, text.trim().replace('damn', '****')), room: 'a', nonce } };
        });
        const shown = () => masked.room.messages.current.map(({ kind, text }) => [kind, text ?? null]);
        await masked.resume();
        const { data } = await masked.room.send('damn, yes ');
        result.masked = [data.text, shown()];
        await masked.room.edit(1, 'damn, no');
        result.masked.push(shown());
        await masked.room.remove(1);
        result.masked.push(shown());
    }
    {
        const busy = roomWith(async ({ before, limit }) => {
            const messages = before ? Array.from({ length: limit }, (_, n) => message(before - limit + n)) : [message(1)];
            return { data: { messages, upto: 1, before: before && before - limit } };
        });
        await busy.resume();
        const complete = [busy.room.complete.current];
        for (let seq = 2; seq <= 1500; seq += 1) busy.accept(message(seq));
        complete.push(busy.room.complete.current);
        const kept = [texts(busy).length, texts(busy)[0]];
        await busy.room.older();
        busy.accept(message(1501));
        result.busy = [complete, kept, [texts(busy).length, texts(busy)[0], texts(busy).at(-1)]];
    }
    return result;
})()";

/// A page that is older than a change does not undo it. A room that was opened after a greeting, or of which a greeting does not tell,
/// learns of changes with the next one, also while it reads. A text that has to wait holds up nothing else, one that is sent twice is shown
/// twice, and one that comes before its answer is shown once. Where words are masked, the author sees a message and its edits as the others
/// do. A room that is open for long keeps its newest messages.
/// Promise: client-rooms
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_room_follows_what_happens_while_it_reads() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    let expected = json!({
        "late": ["1", "edited"],
        "opened": ["page 2"],
        "untold": ["page 3"],
        "told": [["page 4"], 0],
        "greeted": ["page 2"],
        "slow": [["history", "send", "sync"], ["1", "3", "Later"]],
        "twice": ["Yes", "Yes"],
        "early": [["****, yes", "damn, yes"], ["****, yes", "damn, yes"], ["****, yes", "****, yes"], ["****, yes", "****, yes"]],
        "masked": ["****, yes", [["text", "****, yes"]], [["text", "****, no"]], [["deleted", null]]],
        "busy": [[true, false], [1000, "501"], [1050, "452", "1501"]],
    });
    assert_eq!(page.run(PAGES).await, expected);
}

/// Two tabs with one store of tokens. While a call, a step-up or the opening of a socket of the first person is under way, the other tab
/// signs in somebody else.
const OTHER: &str = r"(async () => {
    const { createStoa } = await import(`${API}/client/stoa.js`);
    const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
    const done = [];
    let kept = 'ana';
    const tokens = { get: () => kept, set: token => (kept = token) };
    const signedIn = user => json(200, { access_token: user, expires_in: 600, user_id: user, refresh_token: user, user: { username: user } });
    let hold = async () => {};
    const fetch = async (url, { headers, body }) => {
        const { pathname } = new URL(url);
        if (pathname === '/v1/sessions/refresh') return signedIn(JSON.parse(body).refresh_token);
        if (pathname === '/v1/sessions') return signedIn(JSON.parse(body).login);
        const who = headers.authorization.slice('Bearer '.length);
        await hold();
        done.push(`${who} ${pathname}`);
        if (pathname === '/v1/step-ups') return json(201, { id: '1', step: 'verify' });
        if (pathname === '/v1/realtime/tickets') return json(201, { url: 'ws://nowhere.invalid', subprotocols: [] });
        return json(...{ '/v1/old': [401, { code: 'token_invalid' }], '/v1/proof': [403, { code: 'step_up_required' }] }[pathname]);
    };
    const [opened, early] = [[], []];
    class Silent {
        readyState = 1;
        constructor() { opened.push(this); setTimeout(() => this.onopen?.()); }
        send(text) {
            const { id, payload } = JSON.parse(text);
            const limits = { frames_at_once: 10, frames_per_second: 2, ping_seconds: 20, connection_seconds: 7200 };
            const refusal = { type: 'error', problem: { code: 'too_many_requests', status: 429, retry_after: 1 } };
            if (payload.type === 'typing') early.push(this), this.onmessage({ data: JSON.stringify({ id, stream: 'chat', payload: refusal }) });
            if (payload.type === 'hello') this.answer = () => this.onmessage?.({ data: JSON.stringify({ id, stream: 'chat', payload: { type: 'hello', rooms: [], limits } }) });
        }
        close() { this.readyState = 3; }
    }
    const [first, second] = [1, 2].map(() => createStoa({ url: API, tokens, fetch, WebSocket: Silent }));
    const signIn = async (tab, login) => {
        await tab.session.signIn({ login, password: '' });
        return reached(() => [first, second].every(({ session }) => session.current.user?.id === login));
    };
    await signIn(first, 'ana');
    first.session.onStepUp(() => signIn(second, 'ben'));
    const refused = [(await first.api.POST('/v1/proof')).problem.code];
    await signIn(first, 'ana');
    hold = async () => (hold = async () => {}, signIn(second, 'ben'));
    refused.push((await first.api.POST('/v1/old')).problem.code);
    await signIn(first, 'ana');
    const calls = done.splice(0);
    first.live.start();
    await reached(() => opened[0]?.answer);
    await signIn(second, 'ben');
    opened[0].answer();
    await reached(() => opened[1]?.answer);
    opened[1].answer();
    await reached(() => first.live.current === 'live');
    const typing = first.live.ask({ type: 'typing', room: 'r1' });
    await reached(() => early.length > 0);
    await signIn(second, 'ana');
    await reached(() => opened[2]?.answer);
    opened[2].answer();
    refused.push((await typing).problem.code);
    await reached(() => first.live.sockets.current === 2);
    for (const tab of [first, second]) tab.close();
    return { refused, calls, tickets: done.filter(call => call.endsWith('/tickets')), sockets: [first.live.sockets.current, opened[0].readyState], typed: early.includes(opened[2]) };
})()";

/// What one person has begun is not done as somebody else, whom another tab has signed in: no call and no frame is repeated, and
/// no socket is used.
/// Promise: client-tabs
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn nothing_is_done_as_somebody_else() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    let expected = json!({
        "refused": ["step_up_required", "token_invalid", "signed_out"],
        "calls": ["ana /v1/proof", "ana /v1/step-ups", "ana /v1/old"],
        "tickets": ["ana /v1/realtime/tickets", "ben /v1/realtime/tickets", "ana /v1/realtime/tickets"],
        "sockets": [2, 3],
        "typed": false,
    });
    assert_eq!(page.run(OTHER).await, expected);
}

/// The public room is opened by its id, from the list, before the socket has told which one it is. A notification comes while the unread
/// ones are being counted.
const EARLY: &str = r"(async () => {
    const { createStoa } = await import(`${API}/client/stoa.js`);
    const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
    const room = { id: 'r1', kind: 'public', last_seq: 0, created_at: '' };
    let [counted, answered] = [0, 0];
    let release;
    const fetch = async url => {
        const { pathname } = new URL(url);
        if (pathname === '/v1/sessions') return json(200, { access_token: 'a', expires_in: 600, user_id: 'ana', user: { username: 'ana' } });
        if (pathname === '/v1/chats') return json(200, { items: [{ room, read_seq: 0, muted: false, unread: { messages: 0, mentions: 0, more: false } }] });
        if (pathname === '/v1/realtime/tickets') return json(201, { url: 'ws://nowhere.invalid', subprotocols: [] });
        if (pathname !== '/v1/notifications/unread') return json(200, { items: [] });
        const answer = { unread: counted, more: false };
        if (!release) await new Promise(then => (release = then));
        answered += 1;
        return json(200, answer);
    };
    let socket;
    class Greeted {
        readyState = 1;
        constructor() { socket = this; setTimeout(() => this.onopen?.()); }
        hear(frame) { this.onmessage?.({ data: JSON.stringify(frame) }); }
        send(text) {
            const { id, payload } = JSON.parse(text);
            const limits = { frames_at_once: 10, frames_per_second: 2, ping_seconds: 20, connection_seconds: 7200 };
            const answers = { hello: { rooms: [{ room: 'r1', kind: 'public', last_seq: 0, read_seq: 0, changes: 0 }], limits }, history: { messages: [], upto: 0 } };
            this.hear({ id, stream: 'chat', payload: { type: payload.type, ...answers[payload.type] } });
        }
        close() { this.readyState = 3; }
    }
    const stoa = createStoa({ url: API, fetch, WebSocket: Greeted });
    await stoa.session.signIn({ login: 'ana', password: '' });
    await stoa.rooms.more();
    const opened = stoa.room(stoa.rooms.current[0].id);
    await reached(() => release);
    counted = 1;
    socket.hear({ stream: 'notification', payload: { id: 'n1', type: 'UPDATE_CHAT', read: false } });
    socket.hear({ stream: 'chat', payload: { type: 'message', room: 'r1', seq: 1, id: 'm1', kind: 'text', text: 'Hello', author: { id: 'ben', username: 'ben' }, created_at: '' } });
    release();
    await reached(() => answered > 0);
    await reached(() => opened.messages.current.length === 1 && stoa.notifications.unread.current.unread === 1);
    stoa.close();
    return [opened.messages.current[0].text, stoa.notifications.unread.current.unread];
})()";

/// A room that is opened before the greeting, or a count that is read while frames arrive, misses none of the frames.
/// Promise: client-rooms, client-unread
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn what_comes_early_is_not_lost() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(EARLY).await, json!(["Hello", 1]));
}

/// The first socket of a client lives for two seconds and is to be used each second. The ones after it are cut.
const AWAKE: &str = r"(async () => {
    const { createStoa } = await import(`${API}/client/stoa.js`);
    const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
    const sockets = [];
    const happened = [];
    const tickets = () => happened.filter(one => one === 'ticket').length;
    const fetch = async url => {
        const { pathname } = new URL(url);
        if (pathname === '/v1/sessions') return json(200, { access_token: 'a', expires_in: 600, user_id: 'ana', user: { username: 'ana' } });
        if (pathname !== '/v1/realtime/tickets') return json(200, { items: [] });
        happened.push('ticket');
        return json(201, { url: 'ws://nowhere.invalid', subprotocols: [] });
    };
    const hello = { type: 'message', room: 'r1', seq: 1, id: 'm1', kind: 'text', text: 'Hello', author: { id: 'ben', username: 'ben' }, created_at: '' };
    class Brief {
        readyState = 1;
        number = sockets.push(this);
        constructor() { setTimeout(() => this.onopen?.()); }
        hear(payload, id) { this.onmessage?.({ data: JSON.stringify({ stream: 'chat', id, payload }) }); }
        send(text) {
            const { id, payload: { type } } = JSON.parse(text);
            happened.push(`${type} ${this.number}`);
            // It comes over both while one replaces the other.
            if (type === 'hello' && this.number === 2) for (const socket of sockets) socket.hear(hello);
            const [ping, life] = this.number === 1 ? [1, 2] : [20, 7200];
            const limits = { frames_at_once: 10, frames_per_second: 2, ping_seconds: ping, connection_seconds: life };
            const answers = { hello: { rooms: [{ room: 'r1', kind: 'group', last_seq: 0, read_seq: 0, changes: 0 }], limits }, history: { messages: [], upto: 0 } };
            this.hear({ type, ...answers[type] }, id);
        }
        close() {
            this.readyState = 3;
            happened.push(`close ${this.number}`);
        }
    }
    const stoa = createStoa({ url: API, fetch, WebSocket: Brief });
    await stoa.session.signIn({ login: 'ana', password: '' });
    const room = stoa.room('r1');
    await reached(() => happened.includes('close 1'));
    const order = ['ping 1', 'hello 2', 'close 1'].map(one => happened.indexOf(one));
    const woken = [];
    for (const [target, event] of [[globalThis, 'online'], [document, 'visibilitychange']]) {
        const before = tickets();
        sockets.at(-1).onclose();
        const state = stoa.live.current;
        target.dispatchEvent(new Event(event));
        // Sooner than after the shortest pause.
        await new Promise(then => setTimeout(then));
        woken.push([state, tickets() - before]);
        await reached(() => stoa.live.current === 'live');
    }
    // Shown again while the connection is there: it is tried.
    document.dispatchEvent(new Event('visibilitychange'));
    await reached(() => happened.at(-1) === 'ping 4');
    const said = room.messages.current.map(({ text }) => text);
    stoa.close();
    return { ordered: order.every((at, n) => at > (order[n - 1] ?? -1)), woken, said };
})()";

/// A socket is replaced before its life ends, and what arrives meanwhile is shown once. A silent client gives signs of life. After a cut it
/// connects at once when the network is back or the page is shown again.
/// Promise: client-rooms
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_socket_is_replaced_and_restored_at_once() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    let expected = json!({ "ordered": true, "woken": [["waiting", 1], ["waiting", 1]], "said": ["Hello"] });
    assert_eq!(page.run(AWAKE).await, expected);
}

/// The first socket lives for two seconds, and answers neither a message nor an edit. The message comes over the second one.
const UNANSWERED: &str = r"(async () => {
    const { createStoa } = await import(`${API}/client/stoa.js`);
    const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
    const sockets = [];
    const asked = [];
    const fetch = async url => {
        const { pathname } = new URL(url);
        if (pathname === '/v1/sessions') return json(200, { access_token: 'a', expires_in: 600, user_id: 'ana', user: { username: 'ana' } });
        if (pathname !== '/v1/realtime/tickets') return json(200, { items: [] });
        return json(201, { url: 'ws://nowhere.invalid', subprotocols: [] });
    };
    const message = { type: 'message', room: 'r1', seq: 1, id: 'm1', kind: 'text', text: 'Hello', author: { id: 'ana', username: 'ana' }, created_at: '' };
    class Deaf {
        readyState = 1;
        number = sockets.push(this);
        constructor() { setTimeout(() => this.onopen?.()); }
        send(text) {
            const { id, payload: { type, nonce } } = JSON.parse(text);
            if (type === 'send' || type === 'edit') {
                asked.push(`${type} ${this.number}`);
                if (this.number === 1) return;
            }
            const limits = { frames_at_once: 10, frames_per_second: 2, ping_seconds: 20, connection_seconds: this.number === 1 ? 2 : 7200 };
            const answers = {
                hello: { rooms: [{ room: 'r1', kind: 'group', last_seq: 0, read_seq: 0, changes: 0 }], limits },
                history: { messages: [], upto: 0 },
                send: { ...message, nonce },
            };
            this.onmessage?.({ data: JSON.stringify({ stream: 'chat', id, payload: { ...answers[type], type } }) });
        }
        close() { this.readyState = 3; }
    }
    const stoa = createStoa({ url: API, fetch, WebSocket: Deaf });
    await stoa.session.signIn({ login: 'ana', password: '' });
    const room = stoa.room('r1');
    await reached(() => stoa.live.current === 'live');
    let most = 0;
    room.messages.subscribe(all => { most = Math.max(most, all.length); });
    const [edited, sent] = [room.edit(1, 'Bye'), room.send('Hello')];
    await reached(() => stoa.live.sockets.current === 2);
    sockets[1].onmessage({ data: JSON.stringify({ stream: 'chat', payload: message }) });
    await reached(() => room.messages.current.some(({ state }) => state === 'sent'));
    sockets[0].onclose();
    const outcomes = [(await edited).problem.code, (await sent).data.state, most];
    stoa.close();
    return { asked, outcomes };
})()";

/// A message that a replaced socket did not answer before it was lost is sent over the next one, and is never shown twice. An edit is not
/// sent again, because it may be older than another one by then.
/// Promise: client-rooms
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn what_a_replaced_socket_did_not_answer_is_sent_again() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    let expected = json!({ "asked": ["edit 1", "send 1", "send 2"], "outcomes": ["unreachable", "sent", 1] });
    assert_eq!(page.run(UNANSWERED).await, expected);
}

/// A server refuses the first edit because it came too early. Another device edits the message after the third edit, but its frame comes
/// before the answer to that, and is from an instance whose clock is slow. The fourth edit is not answered before the room is closed.
const OVERTAKEN: &str = r"(async () => {
    const { createStoa } = await import(`${API}/client/stoa.js`);
    const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
    const edits = [];
    const fetch = async url => {
        const { pathname } = new URL(url);
        if (pathname === '/v1/sessions') return json(200, { access_token: 'a', expires_in: 600, user_id: 'ana', user: { username: 'ana' } });
        if (pathname === '/v1/chats') return json(200, { items: [chat] });
        if (pathname !== '/v1/realtime/tickets') return json(200, { items: [] });
        return json(201, { url: 'ws://nowhere.invalid', subprotocols: [] });
    };
    const edited = (text, changes, second = changes) => ({ room: 'r1', seq: 1, id: 'm1', kind: 'text', text, author: { id: 'ana', username: 'ana' }, created_at: '', changes, edited_at: second && `2030-01-01T00:00:0${second}Z` });
    const chat = { room: { id: 'r1', kind: 'group', last_seq: 1, created_at: '' }, last_message: edited('Hello'), read_seq: 0, unread: { messages: 0, mentions: 0 } };
    let isEarly = true;
    class Busy {
        readyState = 1;
        constructor() { setTimeout(() => this.onopen?.()); }
        hear(payload, id) { this.onmessage?.({ data: JSON.stringify({ stream: 'chat', id, payload }) }); }
        send(frame) {
            const { id, payload: { type, text } } = JSON.parse(frame);
            const limits = { frames_at_once: 10, frames_per_second: 20, ping_seconds: 20, connection_seconds: 7200 };
            const answers = {
                hello: { rooms: [{ room: 'r1', kind: 'group', last_seq: 1, read_seq: 0, changes: 0 }], limits },
                history: { messages: [edited('Hello')], upto: 1 },
            };
            if (type !== 'edit') return this.hear({ type, ...answers[type] }, id);
            if (isEarly) {
                isEarly = false;
                return this.hear({ type: 'error', problem: { code: 'too_many_requests', status: 429, retry_after: 0.1 } }, id);
            }
            edits.push(text);
            if (text === 'three') this.hear({ type: 'changed', ...edited('of the phone', 9, 1) });
            if (text !== 'four') this.hear({ type: 'edited', ...edited(text, edits.length) }, id);
        }
        close() { this.readyState = 3; }
    }
    const stoa = createStoa({ url: API, fetch, WebSocket: Busy });
    await stoa.session.signIn({ login: 'ana', password: '' });
    await stoa.rooms.more();
    const room = stoa.room('r1');
    await reached(() => room.messages.current.length === 1);
    const shown = () => [room.messages.current[0], stoa.rooms.current[0].last].map(({ text }) => text);
    await Promise.all(['one', 'two'].map(text => room.edit(1, text)));
    const texts = [shown()];
    await room.edit(1, 'three');
    texts.push(shown());
    const [fourth, fifth] = ['four', 'five'].map(text => room.edit(1, text));
    await reached(() => edits.includes('four'));
    room.close();
    stoa.close();
    return { edits, texts, last: [(await fourth).problem.code, (await fifth).problem.code] };
})()";

/// Edits of a message keep their order, also when the server asks the client to wait. The answer to an edit does not undo a later edit of
/// another device, also in the list of rooms. An edit that waits is not sent after its room was closed.
/// Promise: client-rooms
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn edits_of_a_message_keep_their_order() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    let expected = json!({ "edits": ["one", "two", "three", "four"], "texts": [["two", "two"], ["of the phone", "of the phone"]],
        "last": ["unreachable", "aborted"] });
    assert_eq!(page.run(OVERTAKEN).await, expected);
}

/// One device of a customer hears what another one writes to the support desk.
const HEARD: &str = r"(async () => {
    const { createSupport } = await import(`${API}/client/support.js`);
    const asked = [];
    const device = await open({ fetch: (url, options) => (asked.push(new URL(url).pathname), fetch(url, options)) });
    const other = await open();
    for (const stoa of [device, other]) await stoa.session.signIn({ login: 'ana', password: PASSWORD });
    const heard = [];
    device.live.on(({ type }, stream) => heard.push(`${stream} ${type}`));
    createSupport(device);
    device.live.start();
    await reached(() => device.live.current === 'live');
    asked.length = 0;
    const { data: thread } = await createSupport(other).open('My order');
    await thread.send('Where is it?');
    await reached(() => heard.includes('support message'));
    // The request that the frame causes is sent before this one.
    await device.api.GET('/v1/me');
    return [asked.includes('/v1/me'), asked.filter(path => path === '/v1/chats').length];
})()";

/// A message from the support desk does not concern the rooms of the chat: their list is not read again.
/// Promise: client-support
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_frame_of_the_desk_is_not_one_of_a_room() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let _running = Running::from(&cloud);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(HEARD)).await, json!([true, 0]));
}

/// One of the team writes two answers at once, then two that do not know of what came since, and sends these again when they have seen it.
const ANSWERS: &str = r"(async () => {
    const { createSupport } = await import(`${API}/client/support.js`);
    const { createStore } = await import(`${API}/client/core.js`);
    const author = { id: 'kim', username: 'kim' };
    const [session] = createStore({ state: 'signed_in', user: author });
    const [live] = createStore('live');
    const [sockets] = createStore(1);
    const seen = [];
    let [last, push] = [5];
    const ask = async ({ type, room, text, nonce, seen: upto }) => {
        if (type === 'hello') return { data: { team: true } };
        if (type !== 'send') return { data: { messages: [], upto: last, last_seq: last } };
        seen.push(upto);
        if (upto < last) return { problem: { code: 'thread_moved_on', status: 409 } };
        last += 1;
        return { data: { room, seq: last, id: `m${last}`, kind: 'text', from: 'team', author, text, nonce, created_at: '' } };
    };
    Object.assign(live, { ask, sockets, start() {}, on: listener => (push = listener) });
    const api = { GET: async () => ({ data: { thread: { room: 't1', state: 'open', last_seq: 5, read_seq: 5 } } }) };
    const support = createSupport({ api, session, live });
    const thread = support.of('t1');
    await reached(() => thread.complete.current);
    const both = await Promise.all(['One', 'Two'].map(text => thread.send(text)));
    last += 1;
    const late = await Promise.all(['Three', 'Four'].map(text => thread.send(text)));
    push({ type: 'message', room: 't1', seq: 8, id: 'm8', kind: 'text', from: 'customer', author: { id: 'ben', username: 'ben' }, text: 'Wait', created_at: '' }, 'support');
    const refused = thread.messages.current.filter(({ state }) => state === 'failed');
    await Promise.all(refused.map(({ nonce }) => thread.again(nonce)));
    const shown = thread.messages.current.map(({ text, state }) => `${text} ${state}`);
    const inner = refused.filter(({ after }) => after !== undefined).length;
    return { seen, inner, sent: both.map(({ data }) => data?.seq ?? null), late: late.map(({ problem }) => problem?.code ?? null), shown };
})()";

/// Answers of the team that are written in quick succession are all sent, because their author has seen what they have written. What others
/// have written meanwhile refuses an answer, until its author has seen it.
/// Promise: client-support
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn answers_that_are_written_quickly_are_sent() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    let expected = json!({ "seen": [5, 6, 7, 7, 8, 9], "inner": 0, "sent": [6, 7], "late": ["thread_moved_on", "thread_moved_on"],
        "shown": ["One sent", "Two sent", "Wait sent", "Three sent", "Four sent"] });
    assert_eq!(page.run(ANSWERS).await, expected);
}

/// All messages of a former member of the team are deleted while another one has a thread open.
const PURGED: &str = r"(async () => {
    const { createSupport } = await import(`${API}/client/support.js`);
    const { createStore } = await import(`${API}/client/core.js`);
    const [session] = createStore({ state: 'signed_in', user: { id: 'lou', username: 'lou' } });
    const [live] = createStore('live');
    const [sockets] = createStore(1);
    let push;
    let answer = { room: 't1', seq: 1, id: 'm1', kind: 'text', from: 'team', author: { id: 'kim', username: 'kim' }, text: 'Soon', created_at: '' };
    const ask = async ({ type }) => ({ data: type === 'hello' ? { team: true } : { messages: [answer], upto: 1, last_seq: 1 } });
    Object.assign(live, { ask, sockets, start() {}, on: listener => (push = listener) });
    const api = { GET: async () => ({ data: { thread: { room: 't1', state: 'waiting', last_seq: 1, read_seq: 1 } } }) };
    const thread = createSupport({ api, session, live }).of('t1');
    const kinds = () => thread.messages.current.map(({ kind }) => kind).join();
    await reached(() => kinds() === 'text');
    answer = { room: 't1', seq: 1, kind: 'deleted', created_at: '' };
    Math.random = () => 0;
    push({ type: 'changes', room: 't1', changes: 1 }, 'support');
    await reached(() => kinds() === 'deleted');
    return kinds();
})()";

/// An open thread is read again when many of its messages were deleted.
/// Promise: client-support, deletion-shown
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn an_open_thread_is_read_again_after_a_purge() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(PURGED).await, "deleted");
}

/// Two members of a group write, one of whom the person blocks.
const BLOCKED: &str = r"(async () => {
    const { createStoa } = await import(`${API}/client/stoa.js`);
    const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
    const said = (seq, id) => ({ room: 'r1', seq, id: `m${seq}`, kind: 'text', text: 'Hello', author: { id, username: id }, created_at: '' });
    const chatUpto = (seq, messages) => ({ room: { id: 'r1', kind: 'group', last_seq: seq, created_at: '' }, last_message: said(seq, 'ben'), read_seq: 1, muted: false, unread: { messages, mentions: 0, more: false } });
    let chat = chatUpto(1, 0);
    const fetch = async url => {
        const { pathname, searchParams } = new URL(url);
        if (pathname === '/v1/sessions') return json(200, { access_token: 'a', expires_in: 600, user_id: 'ana', user: { username: 'ana' } });
        if (pathname === '/v1/chats') return json(200, { items: [chat] });
        if (searchParams.get('relation') === 'blocked') return json(200, { items: [{ user: 'eve', username: 'eve', relation: 'blocked' }] });
        if (pathname !== '/v1/realtime/tickets') return json(200, { items: [] });
        return json(201, { url: 'ws://nowhere.invalid', subprotocols: [] });
    };
    let link;
    class Quiet {
        readyState = 1;
        constructor() { link = this; setTimeout(() => this.onopen?.()); }
        hear(payload, id) { this.onmessage?.({ data: JSON.stringify({ stream: 'chat', id, payload }) }); }
        send(frame) {
            const { id, payload: { type } } = JSON.parse(frame);
            const limits = { frames_at_once: 10, frames_per_second: 20, ping_seconds: 20, connection_seconds: 7200 };
            this.hear({ type, rooms: [{ room: 'r1', kind: 'group', last_seq: 1, read_seq: 1, changes: 0 }], limits }, id);
        }
        close() { this.readyState = 3; }
    }
    const stoa = createStoa({ url: API, fetch, WebSocket: Quiet });
    await stoa.session.signIn({ login: 'ana', password: '' });
    await stoa.rooms.more();
    stoa.live.start();
    await reached(() => stoa.people.blocked.current.length === 1);
    const counts = [];
    stoa.rooms.unread.subscribe(count => counts.push(count));
    chat = chatUpto(3, 1);
    for (const [seq, author] of [[2, 'eve'], [3, 'ben']]) {
        link.hear({ type: 'message', ...said(seq, author) });
        await reached(() => stoa.rooms.current[0].last_seq >= seq);
    }
    await reached(() => counts.includes(1));
    stoa.close();
    return Math.max(...counts);
})()";

/// What somebody writes whom the person blocks is not unread, as the server counts.
/// Promise: client-unread
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn messages_of_blocked_people_are_not_unread() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(BLOCKED).await, 1);
}

/// Somebody clicks twice, then signs in once more.
const CLICKED: &str = r"(async () => {
    const stoa = await open();
    const signIn = () => stoa.session.signIn({ login: 'ana', password: PASSWORD });
    const sessions = async () => (await stoa.api.GET('/v1/sessions')).data.items.length;
    await Promise.all([signIn(), signIn()]);
    const clicked = await sessions();
    await stoa.session.signOut();
    await signIn();
    return [clicked, await sessions()];
})()";

/// Two clicks on the button of a sign-in make one session, and the next sign-in makes another one.
/// Promise: client-sign-in, same-request-twice
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_double_click_signs_in_once() {
    let (cloud, site) = (start().await, Site::open("localhost").await);
    let _ana = cloud.member("ana").await;
    let mut page = page(&cloud, &site).await;
    assert_eq!(page.run(&with_password(CLICKED)).await, json!([2, 2]), "one of them is of another device");
}

/// The shop gets its first products, and the first one opens one of them, rates it and comments on it.
const VISIT: &str = r#"(async () => {
    const [first] = panes;
    part(first, 'shop').open = true;
    (await until(() => first.querySelector('[data-fill]:not([hidden])'))).click();
    (await until(() => first.querySelector('[data-product="Oil lamp"]'))).click();
    const view = first.querySelector('[data-product-view]');
    await until(() => !view.hidden);
    choose(first, 'rate', '5');
    await until(() => view.textContent.includes('★ 5') && view.textContent.includes('(1)'));
    write(first, 'comment', 'Warm light.');
    await until(() => view.querySelector('[data-comments]').textContent.includes('Warm light.'));
    globalThis.products = () => [...first.querySelectorAll('[data-product]')].map(({ dataset }) => dataset.product);
    return products().length;
})()"#;

/// A shop on the console's page: products by their category and a part of their name, with ratings and comments.
/// Promise: local-try, client-shop
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn somebody_visits_the_shop() {
    let (cloud, _running, mut browser) = console().await;
    try_page(&mut browser, &cloud, "en").await;
    assert_eq!(browser.run(VISIT).await, 3);
    // Waits until names can be found.
    cloud.settle().await;
    let found = "(write(panes[0], 'products', 'TURT'), until(() => products().length === 1 && products()))";
    assert_eq!(browser.run(found).await, json!(["Garden turtle"]));
}

/// The first of three people asks for help. The two others become members of the team and open the thread.
const ASK: &str = r"(async () => {
    const [customer, ...team] = panes;
    for (const pane of team) {
        part(pane, 'desk').open = true;
        pane.querySelector('[data-join]').click();
        await until(() => pane.querySelector('[data-join]').hidden && isLive(pane));
    }
    part(customer, 'support').open = true;
    write(customer, 'subject', 'My order');
    await until(() => formOf(customer, 'ask'));
    write(customer, 'ask', 'Where is my order?');
    for (const pane of team) {
        (await until(() => pane.querySelector(`[data-customer='${titleOf(customer)}']`))).click();
        await until(() => pane.querySelector('[data-thread]').textContent.includes('Where is my order?'));
    }
    const unread = team.map(pane => pane.querySelector('[data-thread] [data-seq]').dataset.seq);
    return [titleOf(customer), ...unread];
})()";

/// Both members of the team answer at the same moment. One of them is warned, sees the other answer, and sends theirs all the same.
const BOTH: &str = r"(async () => {
    const [customer, ...team] = panes;
    const texts = pane => [...pane.querySelectorAll('[data-thread] .text')].map(text => text.textContent);
    for (const pane of team) write(pane, 'answer', `It is on its way, says ${titleOf(pane)}.`);
    const late = await until(() => team.find(pane => pane.querySelector('[data-problem=thread_moved_on]')));
    const first = team.find(pane => pane !== late);
    const refused = team.filter(pane => pane.querySelector('[data-problem]')).length;
    await until(() => texts(late).some(text => text.includes(titleOf(first))));
    // The customer gets the first answer over another socket.
    const lines = () => part(customer, 'support').querySelectorAll('[data-seq]');
    const before = await until(() => lines().length > 1 && lines().length);
    late.querySelector('[data-force]').click();
    await until(() => texts(first).length === 3 && texts(late).length === 3);
    await until(() => lines().length === 3);
    const authors = [...lines()].map(line => line.firstElementChild.firstChild.textContent);
    write(first, 'note', 'A secret of the team');
    await until(() => first.querySelector('[data-notes]').textContent.includes('A secret of the team'));
    first.querySelector('[data-take]').click();
    await until(() => late.querySelector('[data-thread] .chip.accent')?.textContent === titleOf(first));
    first.querySelector('[data-set=done]').click();
    await until(() => late.querySelector('[data-thread] .chip').textContent === 'done');
    write(customer, 'ask', 'It is not here.');
    await until(() => texts(first).length === 4 && texts(late).length === 4);
    return { refused, before, authors, told: document.querySelector('[data-pane]').textContent.includes('A secret') };
})()";

/// A support thread with two windows of the team: the second to answer is shown the first answer, and a note never reaches the customer.
/// Promise: local-try, client-support
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and axe-core"]
async fn two_of_the_team_answer_one_customer() {
    let (cloud, _running, mut browser) = console().await;
    let axe = pages::axe();
    browser.look(320, "light", "en").await;
    browser.go(&format!("{}/try?lang=en", cloud.urls.console)).await;
    browser.until("document.getElementById('try')?.dataset.ready").await;
    browser.run("document.getElementById('add').click()").await;
    assert_eq!(browser.run(PANES).await, "ready");
    assert_eq!(browser.run("signIn()").await.as_array().map(Vec::len), Some(3));
    let asked = browser.run(ASK).await;
    assert_eq!((&asked[1], &asked[2]), (&json!("1"), &json!("1")), "{asked}");
    let outcome = browser.run(BOTH).await;
    let expected = json!({ "refused": 1, "before": 2, "authors": [asked[0], "Support", "Support"], "told": false });
    assert_eq!(outcome, expected);
    browser.run("openAll()").await;
    let faults = pages::faults_of(&mut browser, &axe).await;
    assert!(faults.is_empty(), "{faults:?}");
}
