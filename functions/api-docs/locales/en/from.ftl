# What a project had, and what is different here: the texts of the lines in projects/from.txt, as HTML.
title = Coming from another project
about = Five projects had parts of what is here. Each has a page with a table: what it did, where that is found here, and what is different. This table is about what is different for all of them.

addresses = Paths named after pages and forms
addresses-here = Plural nouns under <code>/v1</code>, snake_case in JSON. Former paths answer 404: nothing is redirected.
pages = Pages rendered on the server, with fragments or flash messages
pages-here = Any frontend renders; the API answers JSON. Only what a mailed link opens, the contact form and the console of staff are pages here.
session = A session cookie and a CSRF token, or long-lived tokens
session-here = An access token for ten minutes and a refresh token that is used once; in a cookie it needs the header <code>X-Stoa-Csrf</code>. Tokens of months could not be taken back.
errors = Errors as texts, sometimes with status 200
errors-here = Problem documents (RFC 9457), of which programs compare <code>code</code>: 422 for fields, 409 for states, 412 for versions, 429 with <code>Retry-After</code>. Who asks for HTML gets a page.
ids = Numbers as ids, which can be counted up
ids-here = Ids with a prefix and without an order that tells how many there are. What belongs to somebody else is answered like what does not exist.
lists = Numbered pages and counts of all
lists-here = A page has <code>next_cursor</code>, which belongs to its question. Nothing is repeated or left out while others write; there are no totals.
changes = The last save wins; a second click makes a second record
changes-here = A change names the version in <code>If-Match</code>. What costs money or sends something takes an <code>Idempotency-Key</code>, and is done once.
proofs = The password once more, in some forms
proofs-here = Changes of credentials, contacts and roles, leaving, exports, and what staff change need a proof of at most five minutes ago, by the strongest method of the account. For reading and for the support threads of customers one of the last twelve hours will do for staff.
language = One language, or some pages in another one
language-here = Everything in English and Polish: <code>?lang</code>, the profile and the browser decide. <code>code</code> is the same in both.
jobs = A queue of tasks with workers, and schedules edited in a database
jobs-here = What a change causes is stored with it and done at least once. Schedules are in the template. <code>cargo run</code> shows both on this machine.
admin = An admin site over all tables, with permissions ticked one by one
admin-here = Three fixed roles, each including the one before: moderator, administrator, superuser. Every change of theirs needs a second factor and is recorded; nobody changes their own roles.
