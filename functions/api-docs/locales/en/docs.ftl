# The texts of the pages under `/docs`, as HTML. The build puts them into the templates in `assets`, one line each.
language = English
documents = Documents
api = The API
flows = The flows
client = The client
from = From elsewhere

docs-about = Every operation with its limits, errors and examples. Operations can be tried out here.
docs-search = Search the operations
docs-search-hint = Search the operations: password, DELETE, /v1/me …
docs-no-script = This page needs JavaScript. The description itself is at <a href="/openapi.json">/openapi.json</a>.

flows-skip = Skip to the flows
flows-title = The flows, step by step
flows-about = What a frontend sends, what it gets, and what the person does meanwhile. Every operation with its limits, errors and examples is in <a href="/docs">the documents</a>, every frame of the socket in <a href="/asyncapi.json">asyncapi.json</a>; errors are problem documents, of which programs compare <code>code</code>.
flows-contents = Flows
flows-no-script = The diagrams are drawn by a script. The operations are described at <a href="/openapi.json">/openapi.json</a>.

client-skip = Skip to the page
client-title = The JavaScript client
client-about = A client without dependencies that signs in, calls the API with types, and keeps rooms complete whatever happens to the connection. Every deployment serves the one that fits its API, at <a href="/client/stoa.js"><code>/client/stoa.js</code></a> with its types in <a href="/client/stoa.d.ts"><code>stoa.d.ts</code></a>. It runs in browsers, in workers and in Node from version 22 on; Node 20 needs the option <code>WebSocket</code> for whatever is live.
client-start = Start
client-start-about = A page imports it from the API; the page’s origin has to be one of the allowed origins. A project installs it from the repository, with the version of its deployment. Importing it does nothing yet.
client-tokens = Where the tokens are
client-tokens-about = <code>tokens: "cookie"</code> keeps the refresh token in a cookie that scripts cannot read: for browsers, on the same site as the API. <code>"memory"</code>, the default, keeps it until the page is closed. Anything with <code>get()</code> and <code>set(token)</code> keeps it elsewhere. Access tokens are renewed by themselves, once for all calls that need one. Tabs tell each other of a new one and of a sign-out, and need no lock.
client-signing-in = Signing in
client-signing-in-about = <code>session.current.state</code> is <code>unknown</code>, <code>signed_out</code>, <code>needs_factor</code> or <code>signed_in</code>. A sign-in returns its next step, and so does each step. An answer that says <code>step_up_required</code> runs the step-up that you have registered, once for all calls that wait for it; then the call is repeated.
client-calls = Calls
client-calls-about = Paths, parameters, bodies, answers and the codes of problems are typed from the OpenAPI document. Nothing is thrown: a result has <code>data</code> or <code>problem</code>. A call without an answer has the code <code>unreachable</code>. Only iterating over pages throws, a <code>StoaError</code> with the problem. Tasks of proof of work are solved on the way.
client-rooms = Rooms
client-rooms-about = The socket is opened with the first room, opened again when it is lost, after 0.5 to 30 seconds at random or as soon as the network is back, and replaced before the platform closes it. After that each room asks for what it missed, so that its messages are in order, complete and never doubled. A message of one’s own is there at once with the state <code>sending</code>, and becomes <code>sent</code> or <code>failed</code>. Messages of a room leave one after the other, and one whose answer was lost is sent again without being doubled. The client keeps to the frame rate of the account.
client-list = My rooms, groups and channels
client-list-about = The list of rooms is filled by the greeting of the socket; <code>more</code> reads names, last messages and the number of unread ones. From then on all of that follows what happens, on this device and on others. Groups and channels are made, joined and left here. Who is removed from a room gets <code>gone</code>, and the room is closed. People are named by their ids.
client-people = People
client-people-about = <code>stoa.people</code> is the list of friends, beside <code>sent</code>, <code>received</code> and <code>blocked</code>. Each is empty until <code>more</code> is called, and is kept up to date after that. A connection reads <code>blocked</code> too, because messages of these people are not counted as unread. Results of a search and people nearby say how one stands to them.
client-notifications = Notifications
client-notifications-about = The inbox with the newest first, how many are unread, and each notification as it comes. After a cut, what came in between is read from the server. <code>settings</code> and <code>setSettings</code> are for what one wants to be told of.
client-support = The support desk
client-support-about = A part of its own, for applications that show it. A customer has one thread with the whole team. Members of the team see all threads by their state. An answer fails with <code>thread_moved_on</code> if somebody wrote since its author looked. A socket is of the team if it was opened after the proof of a second factor: <code>support.team</code> says so.
client-shop = The shop
client-shop-about = A part of its own: products with what people say about them, and the catalogue of models.
client-checkout = The cart and what is paid
client-checkout-about = A part of its own. A guest’s cart is kept by a token, in memory or where <code>guest</code> says. After a sign-in the cart is read again, and the guest’s becomes a part of the member’s; <code>capped</code> and <code>left_out</code> tell what was lost by that. After a sign-out nothing of it is left for the next person. Changes are made one after the other, and again if others were faster. What is ordered, donated or bought is begun once, however often it is clicked, and also if the answer was lost: then the same is asked again. <code>pay</code> gives the secret to your function, which pays with Stripe’s script, and then looks until it is settled. The lists are the history, the newest first.
client-account = Accounts
client-account-about = A part of its own, for the pages on which one comes, settles and leaves. A registration is a store of its steps. Signing in by phone or with a passkey returns the same steps as with a password. Sessions, trusted devices, passkeys, addresses and API keys are lists that follow what is done here. Passwords, contacts, second factors, invitations and the end of the account are calls; what needs a recent proof runs your step-up. The archive of one’s data is asked for and waited for. The contact form is for guests too.
client-me = One’s own profile
client-me-about = A change names the version of the profile that was read last, so that two devices do not overwrite each other. A picture is declared, sent and published with one call.
client-frameworks = Frameworks
client-frameworks-about = Everything that changes is a store: <code>current</code>, and <code>subscribe</code>, which calls with the value now and after each change, and returns what ends it. Svelte takes that as it is, and React and Vue with a line each, here for React.

from-skip = Skip to the table
from-projects = Projects
from-there = There
from-here = Here
from-different = What is different, and why
from-frame = frame
from-setting = setting
from-name = What all have in common
from-cantina-shop-name = CantinaShop
from-chat-app-name = django_react_chat_app
from-django5-tutorial-name = django5-tutorial
from-shuttrly-name = Shuttrly
from-user-auth-name = User-Auth
