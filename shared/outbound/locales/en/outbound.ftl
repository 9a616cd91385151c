# Mails: <name>-subject is also the heading; -lead stands before the code or the button, -note after it.
footer = This message was sent automatically by Stoa.
button-fallback = If the button does not work, copy this address into your browser:
date = { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }

registration_code-subject = Your code for Stoa
registration_code-lead = Enter this code to go on with your registration:
registration_code-note = It is valid for { $minutes ->
        [one] one minute
       *[other] { $minutes } minutes
    } and replaces every earlier one. If you did not ask for it, ignore this message: nobody can register with your address without the code.

activation-subject = Confirm your address
activation-lead = One step is left to open your account at Stoa: confirm that this address is yours.
activation-button = Open my account
activation-note = The link is valid for { $hours ->
        [one] one hour
       *[other] { $hours } hours
    } and works once. If you did not register, ignore this message, and no account will be opened.

already_registered-subject = You already have an account
already_registered-lead = Somebody, probably you, wanted to register at Stoa with this address. It has an account already, and nothing about it was changed.
already_registered-note = Sign in with the password that you chose then. If it was not you, there is nothing you need to do.

deletion_scheduled-subject = Your account will be deleted on { $date }
deletion_scheduled-lead = You asked us to delete the account { $username }. On { $date } at { $time } UTC it will be removed with everything in it, and nothing can bring it back. Until then you can use it as before.
deletion_scheduled-button = Keep my account
deletion_scheduled-note = The button takes the deletion back without a password, as long as it has not begun. If you did not ask for the deletion, use it and change your password.

deletion_cancelled-subject = Your account stays
deletion_cancelled-lead = The deletion of the account { $username } was taken back. Everything in it is as it was.
deletion_cancelled-note = If that was not you, sign in, change your password and schedule the deletion again.

new_sign_in-subject = A new sign-in to your account
new_sign_in-lead = Somebody has just signed in to the account { $username } with a browser or an app that you have not been signed in with lately.
new_sign_in-note = If that was you, there is nothing to do. If it was not, change your password and end the sign-in in the list of your sign-ins.

session_reused-subject = We ended one of your sign-ins
session_reused-lead = A key to the account { $username } that had been used up was used again. That happens when somebody else holds a copy of it, so we ended the sign-in it belongs to.
session_reused-note = Sign in again on that device. If you do not know what this is about, change your password and look through the list of your sign-ins.

# Text messages: the code stands before. One segment each.
code-sms = is your code for Stoa, valid for { $minutes ->
        [one] one minute
       *[other] { $minutes } minutes
    }. Do not give it to anybody.
