# What the pages share that functions serve themselves: those of mailed links, and those of errors.
language = English
languages = Languages
documents = Read the documentation
request = Request
no-script = This page needs JavaScript.
go-on = Go on to { $site }
close = You may close this page.

# Pages of mailed links.
account = Account
deleted-on = It is to be deleted on { $date }.
password = Password
new-password = New password
show = Show
hide = Hide
checking = The link is being checked.
no-token = This page opens with the link in a mail. Open that link again.
link-anew = Ask for a new link where you asked for this one.
no-connection = No connection. Try again.
