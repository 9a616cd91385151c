//! The JavaScript client, as it is served, in a page of another origin, and the console's page that is built on it. The tests in a real
//! browser need Chromium, and one of them axe-core: see `pages.rs`. Run with `--ignored`.

use std::time::Duration;

use local::seed;
use tests::{Browser, Cloud, PASSWORD, Value, json};
use tokio::task::JoinHandle;

use crate::{browser::Site, pages};

/// The scripts of the client.
const SCRIPTS: [&str; 2] = ["stoa.js", "core.js"];
const TYPES: [&str; 4] = ["stoa.d.ts", "core.d.ts", "api.d.ts", "frames.d.ts"];

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

/// A page of another origin that has imported the client, and the site that it is of.
async fn page(cloud: &Cloud, site: &Site) -> Browser {
    let mut browser = Browser::open(&site.origin).await;
    let script = format!(
        "globalThis.API = {};
         globalThis.open = async options => (await import(`${{API}}/client/stoa.js`)).createStoa({{ url: API, ...options }});
         globalThis.reached = async holds => {{ while (!holds()) await new Promise(then => setTimeout(then, 20)); return true; }};
         'ready'",
        json!(cloud.urls.api)
    );
    assert_eq!(browser.run(&script).await, "ready");
    browser
}

async fn start() -> Cloud {
    Cloud::start_with(&[("AllowedOrigins", "http://localhost:*"), ("ClientRate", "1000")]).await
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
    assert_eq!(page.run("flow.verify('000000')").await["problem"]["code"], "code_invalid");
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
    page.run(&script.replace("PASSWORD", &json!(PASSWORD).to_string())).await;
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
    assert_eq!(page.run(&script.replace("PASSWORD", &json!(PASSWORD).to_string())).await, json!([20, 20]));
}

/// A picture is declared, sent and published with one call, which tells how far it is.
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
    let done = page.run(&script.replace("PASSWORD", &json!(PASSWORD).to_string())).await;
    assert_eq!((&done[0], &done[1]), (&json!("published"), &json!(1)), "{done}");
    assert!(done[2] == "invalid" || done[2] == "malformed", "{done}");
}

/// A socket on which some of the frames that nobody asked for are lost, doubled or late.
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
    assert_eq!(page.run(&script.replace("PASSWORD", &json!(PASSWORD).to_string())).await, true);
    for round in 0..ROUNDS {
        page.run(&format!("(say(hers, 'hers {round} a'), say(his, 'his {round} a'), 0)")).await;
        cut(&cloud);
        page.run(&format!("(say(hers, 'hers {round} b'), say(his, 'his {round} b'), 0)")).await;
        page.run("reached(() => ana.live.current === 'live' && ben.live.current === 'live')").await;
    }
    let answers = page.run("Promise.all(sent)").await;
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["data"]["state"] == "sent"), "{answers}");
    // What was lost last is only noticed by the next connection.
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
struct Running(JoinHandle<()>);

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

/// What two people do on the page: sign in, open a direct room, say something each.
const TALK: &str = r"(async () => {
    const until = async holds => { for (;;) { const value = holds(); if (value) return value; await new Promise(then => setTimeout(then, 20)); } };
    globalThis.until = until;
    globalThis.panes = [...document.querySelectorAll('[data-pane]')];
    globalThis.titleOf = pane => pane.querySelector('h2').textContent;
    globalThis.button = (pane, text) => [...pane.querySelectorAll('button')].find(button => button.textContent === text);
    globalThis.said = pane => [...pane.querySelectorAll('.said li[data-seq]')].map(line => line.querySelector('.text').textContent);
    globalThis.say = async (pane, text) => {
        const field = pane.querySelector('input');
        field.value = text;
        field.form.requestSubmit();
        await until(() => said(pane).includes(text));
    };
    for (const pane of panes) pane.querySelector('form').requestSubmit();
    await until(() => panes.every(pane => pane.querySelector('.chip.good')));
    const [first, second] = panes;
    const other = first.querySelector('form select');
    other.value = titleOf(second);
    other.form.requestSubmit();
    await until(() => first.querySelector('h3').textContent === titleOf(second));
    await say(first, 'Good morning, LANGUAGE!');
    (await until(() => [...second.querySelectorAll('.rooms button')].find(room => room.textContent === titleOf(first)))).click();
    await until(() => said(second).includes('Good morning, LANGUAGE!'));
    await say(second, 'Shall we meet, LANGUAGE?');
    await until(() => said(first).includes('Shall we meet, LANGUAGE?'));
    return panes.map(said);
})()";

/// Two people of the console's page talk in a direct room. The connection of one is cut, and when it is back nothing is missing. The page
/// is for everybody: at any width, in both themes and languages.
/// Promise: local-try, pages-for-everybody
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and axe-core"]
async fn two_people_try_it_on_one_page() {
    let cloud = start().await;
    seed::seed(&cloud.core()).await.expect("the accounts are made");
    let _running = Running::from(&cloud);
    let axe = pages::axe();
    let mut browser = Browser::open(&format!("{}/try", cloud.urls.console)).await;
    for (width, theme, language, cut) in [(1280, "light", "en", "Cut"), (320, "dark", "pl", "Przerwij")] {
        browser.look(width, theme, language).await;
        browser.go(&format!("{}/try?lang={language}", cloud.urls.console)).await;
        browser.until("document.getElementById('try')?.dataset.ready").await;
        let before = pages::faults_of(&mut browser, &axe).await;
        let talked = browser.run(&TALK.replace("LANGUAGE", language)).await;
        assert!(talked[0].as_array().is_some_and(|said| said.len() >= 2) && talked[0] == talked[1], "{talked}");
        let script = r"(async () => {
            const [first, second] = panes;
            button(second, CUT).click();
            await until(() => !second.querySelector('.chip.good'));
            const away = said(second).length;
            await say(first, 'Are you there, LANGUAGE?');
            await say(first, 'At three, LANGUAGE.');
            const missed = said(second).length === away;
            second.querySelectorAll('.title button')[0].click();
            await until(() => said(second).length === said(first).length);
            return [missed, JSON.stringify(said(first)) === JSON.stringify(said(second)), new Set(said(first)).size >= 4];
        })()";
        assert_eq!(
            browser.run(&script.replace("CUT", &json!(cut).to_string()).replace("LANGUAGE", language)).await,
            json!([true, true, true])
        );
        let after = pages::faults_of(&mut browser, &axe).await;
        assert!(before.is_empty() && after.is_empty(), "{width} {theme} {language}: {before:?} {after:?}");
        let in_public = browser
            .run("(panes[0].querySelector('.rooms button').click(), until(() => panes[0].querySelector('[data-online]').textContent))")
            .await;
        assert!(in_public.as_str().is_some_and(|text| !text.is_empty()), "{in_public}");
    }
    let errors: Vec<Value> = browser.errors().await;
    assert!(errors.is_empty(), "{errors:?}");
}
