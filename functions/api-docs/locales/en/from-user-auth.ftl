# What a project had, and what is different here: the texts of the lines in projects/from-user-auth.txt, as HTML.
title = From User-Auth
about = For people who know Abduraxmonnn/User-Auth: signing in with a phone number, and invitation codes.

start = Sending a number, which makes a user and a code of four characters
start-here = A number makes no account: only a right code does. The code has six digits, lives 120 s and has three tries, and another one follows when it has expired; all of these are settings.
verify = Verifying with the number in the address; known numbers were refused
verify-here = The flow is in the address, never the number. The same call signs in and registers, as often as one likes, and answers tokens.
simulated = An open address that shows the code of any number
simulated-here = No answer has a code. <code>cargo run</code> keeps messages in its inbox, and has test numbers; both only in development.
number = Numbers stored as integers, which fit few countries
number-here = Any spelling becomes E.164. A change needs a code to the new number, and a proof.
my-code = An invitation code for everybody, of six characters
my-code-here = Made with the account, of letters and digits that are not mistaken for each other, and unique.
enter = Entering the code of somebody else, for any number
enter-here = Signed in, once, and never one’s own or that of somebody whom one has invited. Unknown codes and codes of accounts that are not in use get the same answer.
list = A list of the numbers that entered a code, for anybody
list-here = For the owner alone, by pages. The number is masked unless its person agreed.
profile = A profile of number, code and who was invited
profile-here = Also a username, which is drawn at first, names, a picture, and an address after a code.
statistics = Statistics, which were announced
statistics-here = Registrations, proven contacts and entered codes by day, and who invited most. For administrators, or programs with a key.
language = Several languages, which were announced
language-here = English and Polish. Text messages are written in the language of the profile, or of the first request.
users = The admin’s list of users, searched by number
users-here = By a whole number, a whole address or words. Nobody makes an account for somebody else.
documents = Swagger UI as the first page, and ReDoc
documents-here = Swagger UI with guides. There is no ReDoc.
