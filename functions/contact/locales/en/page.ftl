# The page with the contact form.
title = Write to us
lead = We answer by e-mail, at the address that you give.
no-script = This page needs JavaScript.
no-connection = No connection. Nothing was lost: try again.
name = Your name
email = Your e-mail address
subject = Subject
choose = Choose a subject
message = Message
message-hint = { $min } to { $max } characters. Replace the name in the text by yours.
button = Send
done = Thank you. We have your message, with the number { $id }, and will answer you by e-mail.
