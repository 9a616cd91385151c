# Mails: <name>-subject is also the heading; -lead is before the code or the button, -note after it.
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
        [one] 1 minute
       *[other] { $minutes } minutes
    } and replaces every earlier one. If you did not ask for it, ignore this message: nobody can register with your address without the code.

activation-subject = Activate your account
activation-lead = One step is left to activate your account at Stoa: confirm that this address is yours.
activation-button = Activate my account
activation-note = The link is valid for { $hours ->
        [one] 1 hour
       *[other] { $hours } hours
    } and works once. If you did not register, ignore this message: no account will be made without it.

address_taken-subject = You already have an account
address_taken-lead = Somebody, probably you, entered this address at Stoa for a new account or for another one. It already belongs to your account, which was not changed.
address_taken-note = Sign in with this address and your password. If it was not you, there is nothing you need to do.

deletion_scheduled-subject = Your account will be deleted on { $date }
deletion_scheduled-lead = We were asked to delete the account { $username }. On { $date } at { $time } UTC it will be deleted with all its data, and cannot be restored. Until then you can use it as before.
deletion_scheduled-button = Keep my account
deletion_scheduled-note = The button cancels the deletion without a password, until the deletion begins. If you did not ask for the deletion, press it and change your password.

deletion_cancelled-subject = Your account stays
deletion_cancelled-lead = The deletion of the account { $username } was cancelled. Its data was not changed.
deletion_cancelled-note = If that was not you, sign in, change your password and schedule the deletion again.

# Lines of a notice about one occurrence. The place is a city or a network address.
occasion-time = Time
occasion-device = Device
occasion-place = Place

# After the -lead of a notice that summarises several occurrences.
repeated = It happened { $times ->
        [one] once since { $since } UTC, at { $last } UTC
       *[other] { $times } times since { $since } UTC, the last time at { $last } UTC
    }.

new_sign_in-subject = A new sign-in to your account
new_sign_in-lead = Somebody has just signed in to the account { $username } with a browser, an app or a network that you have not used recently.
new_sign_in-note = If that was you, there is nothing to do. If it was not, change your password and end the session in the list of your sessions.

session_reused-subject = We ended one of your sessions
session_reused-lead = One of the sessions of the account { $username } was continued twice from the same point. Somebody else may have a copy of what keeps you signed in, so we ended that session.
session_reused-note = Sign in again on that device. If you do not know the reason, change your password and check the list of your sessions.

second_factor_code-subject = Your sign-in code
second_factor_code-lead = Enter this code to finish signing in:
second_factor_code-note = It is valid for { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }. If you are not signing in right now, somebody knows your password: change it.

step_up_code-subject = Your confirmation code
step_up_code-lead = Enter this code to confirm that it is you:
step_up_code-note = It is valid for { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }. If you did not ask for it, somebody else is using your account: change your password and end the other sessions.

factor_setup_code-subject = Your code to set up second factors
factor_setup_code-lead = Enter this code to go on turning on second factors:
factor_setup_code-note = It is valid for { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }. If you did not ask for it, change your password.

contact_change_code-subject = Confirm your new address
contact_change_code-lead = Enter this code to use this address for your account:
contact_change_code-note = It is valid for { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }. If you did not ask for it, ignore this message.

password_reset-subject = Choose a new password
password_reset-lead = Somebody, probably you, asked for a new password for the account { $username }.
password_reset-button = Choose a password
password_reset-note = The link is valid for { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    } and works once. If you did not ask for it, ignore this message: your password stays as it is.

password_changed-subject = Your password was changed
password_changed-lead = The password of the account { $username } was changed. All other sessions were ended, and no device is trusted any more.
password_changed-note = If that was not you, ask for a new password at once.

mfa_enabled-subject = Second factors are on
mfa_enabled-lead = From now on signing in to the account { $username } needs a second step.
mfa_enabled-note = Keep the recovery codes where you can find them without your phone. If that was not you, change your password.

mfa_disabled-subject = Second factors are off
mfa_disabled-lead = Signing in to the account { $username } no longer needs a second step.
mfa_disabled-note = If that was not you, change your password and turn them on again.

factor_changed-subject = A second factor was changed
factor_changed-lead = A second factor of the account { $username } was added, replaced or removed.
factor_changed-note = If that was not you, change your password and check your second factors.

recovery_codes_made-subject = New recovery codes
recovery_codes_made-lead = New recovery codes were created for the account { $username }. The former ones no longer work.
recovery_codes_made-note = If that was not you, change your password and create new ones.

recovery_code_used-subject = A recovery code was used
recovery_code_used-lead = One of the recovery codes of the account { $username } was used. It cannot be used again.
recovery_code_used-note = If that was not you, change your password and create new codes.

passkey_added-subject = A passkey was added
passkey_added-lead = A passkey can now be used to sign in to the account { $username }.
passkey_added-note = If that was not you, remove it from your list of passkeys and change your password.

passkey_removed-subject = A passkey was removed
passkey_removed-lead = A passkey can no longer be used to sign in to the account { $username }.
passkey_removed-note = If that was not you, change your password and check your passkeys.

passkey_copied-subject = We refused one of your passkeys
passkey_copied-lead = A passkey of the account { $username } may have been copied, so we refused it.
passkey_copied-note = Remove it from your list of passkeys and add it again.

device_trusted-subject = A device is trusted
device_trusted-lead = A device is now trusted: for 30 days, signing in to the account { $username } on it needs no second step.
device_trusted-note = If that was not you, remove it from your list of trusted devices and change your password.

export_ready-subject = Your data is ready
export_ready-lead = The archive of all data that we store about the account { $username } is ready. You can download it for 24 hours, in the place where you asked for it.
export_ready-note = If you did not ask for it, somebody else is using your account: change your password and end the other sessions.

contact_change_asked-subject = Somebody asked to change your contact data
contact_change_asked-lead = Somebody, probably you, asked to use another address or number for the account { $username }. Nothing changes until it is confirmed.
contact_change_asked-note = If that was not you, change your password and end the other sessions.

contact_restoration-subject = Take your address back
contact_restoration-lead = This was the address of the account { $username }, until it was replaced by another one. Our team was asked to give it back. If it is your account, confirm that you read this mailbox.
contact_restoration-button = Take my address back
contact_restoration-note = The link is valid for { $hours ->
        [one] 1 hour
       *[other] { $hours } hours
    } and works once. All sessions and the password of the account end with it, and you choose a new password by mail. If it is not your account, or you want to keep the other address, ignore this message: nothing changes.

contact_restoration_asked-subject = Your former contact data can be taken back
contact_restoration_asked-lead = Our team has sent a link to a former address or number of the account { $username }. Whoever opens it there gives that address or number back to the account. Until then nothing changes.
contact_restoration_asked-note = If you did not ask for it, write to us at once: the link works for a day.

email_changed-subject = Your address was changed
email_changed-lead = The account { $username } has another e-mail address now. The former one can no longer be used to sign in, and all other sessions were ended.
email_changed-note = If that was not you, write to us at once.

phone_changed-subject = Your phone number was changed
phone_changed-lead = The phone number of the account { $username } was changed or removed. All other sessions were ended.
phone_changed-note = If that was not you, change your password at once.

username_changed-subject = Your username was changed
username_changed-lead = Your account is now called { $username }, and you sign in with that name. For 30 days nobody else can have the former name, and you can take it back.
username_changed-note = If that was not you, change your password, end the other sessions and take the name back.

account_reactivated-subject = Your account is active again
account_reactivated-lead = The account { $username } is active again, with all its data. Sign in as before. Your former sessions have ended, and no device is trusted.
account_reactivated-note = If you did not ask for it, write to us.

account_deactivated-subject = Your account is deactivated
account_deactivated-lead = The account { $username } was deactivated. Nobody can sign in to it or see it, and its data is kept.
account_deactivated-note = If that was not you, or if you want to use the account again, write to us.

profile_changed-subject = Our team has changed your profile
profile_changed-lead = Our team has changed something in the profile of the account { $username }. This is the name with which you sign in. You see all that is in your profile when you are signed in.
profile_changed-note = If you do not know the reason, write to us.

sessions_ended-subject = You were signed out everywhere
sessions_ended-lead = Our team has ended all sessions of the account { $username }, and no device is trusted any more. Sign in again.
sessions_ended-note = If you do not know the reason, write to us, and change your password.

chat_unbanned-subject = You can chat again
chat_unbanned-lead = The account { $username } is no longer banned from chat. You can write and read messages as before.
chat_unbanned-note = Please keep to the rules of the chat.

order_shipped-subject = Your order is on its way
order_shipped-lead = An order of the account { $username } has been shipped.
order_shipped-note = In your account you see which one.

order_refunded-subject = You get money back
order_refunded-lead = We are giving back money that was paid for an order of the account { $username }. It arrives on the card within ten days.
order_refunded-note = In your account you see how much, and for which order.

account_deleted-subject = Your account is being deleted
account_deleted-lead = The deletion of the account { $username } has begun, as it was scheduled. It can no longer be cancelled.
account_deleted-note = This is our last message about this account.

donation_receipt-subject = Your donation of { $amount }
donation_receipt-lead = Thank you, { $username }. We have received your donation of { $amount }.
donation_receipt-number = Number
donation_receipt-note = Keep this message: it is the confirmation of your payment. All your donations are listed in your account.

audit_head-subject = The audit up to seal { $number }
audit_head-lead = This is the hash of seal { $number } of the audit. All seals before it are under it.
audit_head-note = Keep this message where nobody can change it: it shows later whether somebody has touched the audit.

plan_receipt-subject = Your plan: { $plan }
plan_receipt-lead = Thank you, { $username }. We have received { $amount } for the plan { $plan }, which you have from now on.
plan_receipt-number = Number
plan_receipt-note = Keep this message: it is the confirmation of your payment. All your payments are listed in your account.

order_confirmation-subject = We have received your order
order_confirmation-lead = Thank you, { $username }. We have received your order. You pay it in cash when it is delivered.
order_confirmation-number = Number
order_confirmation-total = Total
order_confirmation-note = The price is final, and delivery is free. In your account you see how far the order is, and can cancel it until it is shipped.

order_paid-subject = Your order is paid
order_paid-lead = Thank you, { $username }. We have received your order and its payment by card.
order_paid-note = The price is final, and delivery is free. In your account you see how far the order is.

# A mail about messages that wait. Their beginnings, and in each room the number of those that are not shown, are between -lead and -note.
unsubscribe = Stop these mails
missed-subject = { $messages ->
        [one] A message waits for you
       *[other] { $messages } messages wait for you
    }
missed-lead = { $messages ->
        [one] You have not read this message at Stoa:
       *[other] You have not read these messages at Stoa:
    }
missed-more = { $messages ->
        [one] and 1 more
       *[other] and { $messages } more
    }
missed-button = Open Stoa
missed-note = You get this message because you were away. In the settings you choose what you are told of, and when you want quiet.

# Mails of the support desk: the messages stand between -lead and -note.
support-team = Support
support_answer-subject = Support has answered you
support_answer-lead = Hello { $username }, this is what our support team wrote while you were away:
support_answer-note = To answer, open the support chat in your account. Answers to this message are not read.

support_transcript-subject = Your conversation with support
support_transcript-lead = Hello { $username }, this is the conversation that you asked for:
support_transcript-note = If you did not ask for it, somebody else is using your account: change your password and end the other sessions.

# Mails of the contact form. What was written stands between -lead and -note. The copy and the answer have the same subject, so that mail
# programs show them together.
contact_message-subject = Contact form: { $subject } ({ $number })
contact_message-lead = Somebody has written to you with the contact form.
contact_message-about = Subject
contact_message-name = Name
contact_message-address = Address
contact_message-proven = proven
contact_message-unproven = not proven
contact_message-note = Answers to this message go to that address and are not kept anywhere. Answers that are kept are written in the console.

contact_copy-subject = Your message to us: { $subject } ({ $number })
contact_copy-lead = Thank you. We have received your message and will answer you at this address.
contact_copy-note = If you did not write to us, somebody has given your address. You may ignore this message.

contact_answer-subject = Re: Your message to us: { $subject } ({ $number })
contact_answer-lead = This is our answer to your message:
contact_answer-note = To write back, answer this message.

# Text messages: the code comes before the text. One segment each.
code-sms = is your code for Stoa, valid for { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }. Do not give it to anybody.
new_sign_in-sms = Somebody signed in to your Stoa account with a new browser, app or network. If that was not you, end that session.
session_reused-sms = A session of your Stoa account may have been copied, so we ended it. Sign in again, and check the list of your sessions.
password_changed-sms = The password of your Stoa account was set or changed, and other sessions were ended. If that was not you, write to us at once.
passkey_added-sms = A passkey can now be used to sign in to your Stoa account. If that was not you, remove it.
passkey_removed-sms = A passkey can no longer be used to sign in to your Stoa account. If that was not you, check your passkeys.
passkey_copied-sms = We refused a passkey of your Stoa account that may have been copied. Remove it and add it again.
contact_change_asked-sms = Somebody asked to change the contact data of your Stoa account. If that was not you, end the other sessions and change your password.
contact_restoration-sms = We were asked to give this number back to your Stoa account. If it is yours, open this link within { $hours } hours. Otherwise ignore it.
contact_restoration_asked-sms = A link to take a former contact of your Stoa account back was sent there. If you did not ask for it, write to us at once.
email_changed-sms = Your Stoa account has another e-mail address now. If that was not you, write to us at once.
phone_changed-sms = This number no longer belongs to your Stoa account. If you did not change it, change your password at once.
username_changed-sms = Your Stoa account has another username now. If that was not you, change your password and take the name back within 30 days.
account_reactivated-sms = Your Stoa account is active again, with all its data. You can sign in as before. If you did not ask for it, write to us.
account_deactivated-sms = Your Stoa account was deactivated. If that was not you, or if you want to use it again, write to us.
profile_changed-sms = Our team has changed something in the profile of your Stoa account. If you do not know the reason, write to us.
sessions_ended-sms = Our team has ended all sessions of your Stoa account. Sign in again. If you do not know the reason, write to us.
account_deleted-sms = The deletion of your Stoa account has begun and can no longer be cancelled. This is our last message about it.
deletion_cancelled-sms = The deletion of your Stoa account was cancelled. If that was not you, sign in and schedule it again.
# The link that cancels it comes after the text.
deletion_scheduled-sms = Your Stoa account will be deleted on { $date } at { $time } UTC. Until then you can keep it with this link:
export_ready-sms = The archive of your Stoa account is ready for 24 hours. If you did not ask for it, end the other sessions.
missed-sms = { $messages ->
        [one] 1 message waits
       *[other] { $messages } messages wait
    } for you at Stoa.
