# Problems: the message is the title, .detail says more.
malformed = The request is not well-formed.
cursor_invalid = This link to a page of the list is no longer valid. Load the list from the beginning.
token_invalid = Sign in to continue.
credentials_invalid = The name or the password is wrong.
refresh_invalid = Your session has ended. Sign in again.
api_key_invalid = The API key is not valid.
step_up_required = Confirm again that it is you.
slug_taken = This address belongs to another channel.
name_taken = This name is taken.
category_in_use = There are products in this category.
    .detail = Move them to another category first, or delete them.
order_incomplete = Something is missing for this order.
    .detail = An order needs a first and a last name, a phone number, a main address, and something in the cart.
out_of_stock = Some products are not available in this quantity.
    .detail = Reduce their quantity or remove them from the cart.
prices_changed = The price has changed.
    .detail = Look at the cart again before you order.
orders_open = You have too many orders that are not shipped yet.
    .detail = You can have { $max } that you pay on delivery. Wait until one is shipped, cancel one, or pay by card.
order_state = The order is not in a state that allows this.
order_held = The payment of this order is disputed, or money is being given back. It cannot be shipped.
refund_refused = Stripe has refused the refund.
change_too_late = A message can be changed for 15 minutes.
owner_stays = The owner has to hand the room over first.
mfa_enabled = Second factors are already on.
mfa_not_enabled = This second factor is not on.
contact_required = Something is missing on your account.
    .detail = Add and confirm { $missing ->
        [email] an e-mail address
        [phone] a phone number
       *[other] an e-mail address and a phone number
    } first.
last_factor = This is your last way to confirm that it is you. It cannot be removed alone.
too_many = The maximum number is reached.
    .detail = You can have { $max } at most. Remove one first.
storage_full = Your files take all the storage that you have.
    .detail = Delete messages with files that you do not need any more.
factor_unavailable = This way of confirming that it is you cannot be used here.
factor_locked = Too many wrong codes. Use a recovery code or a passkey, or choose a new password by mail.
passkey_invalid = The passkey is unknown, or its answer is not valid.
forbidden = You are not allowed to do this.
second_factor_required = This needs an account with second factors.
    .detail = Turn them on: an authenticator app or a passkey.
own_roles = Nobody can change their own roles.
account_protected = You cannot change here what is your own, nor what belongs to somebody with a role as high as yours.
origin_refused = This site may not use the service.
csrf_header_required = A header is missing.
    .detail = Send X-Stoa-Csrf with any value: the sign-in is in a cookie, and pages of other sites cannot send this header.
edge_required = This address does not serve requests directly.
    .detail = Use the public address of the service.
password_wrong = The password is wrong.
chat_banned = You are banned from chat.
    .detail = { $reason ->
        [rate] You sent too many messages within a minute.
        [spam] The reason is spam.
        [harassment] The reason is harassment.
        [hate] The reason is hate speech.
        [sexual] The reason is sexual content.
        [violence] The reason is violence.
        [fraud] The reason is fraud.
       *[other] You broke the rules of the chat.
    }
room_banned = A ban keeps this account out of the room.
friend_exists = You have asked this person already, or you are friends.
friend_state = This is not possible as you and this person stand to each other now.
    .detail = The relation has changed in the meantime, or you have blocked this person. Load it again.
friend_paused = This person has rejected your request.
    .detail = You can ask again seven days after that.
friends_full = One of you two has the largest number of friends.
    .detail = A person can have at most { $max } friends.
location_required = Share your location first.
    .detail = Only people who share theirs see who is nearby.
friend_self = That is you.
    .detail = You can neither ask nor block yourself.
chat_not_allowed = You are not allowed to write to this person.
not_found = There is nothing here.
method_not_allowed = This address does not support that method.
step_required = Another step comes first.
    .detail = { $required_step ->
        [app] Confirm your authenticator app.
        [code] Enter the code that we sent you.
        [email] Confirm your e-mail address.
        [password] Choose a password.
        [personal] Give your name and date of birth.
        [sms] Confirm your phone number.
        [summary] Check your data and finish.
        [username] Choose a username.
       *[other] Load the current step.
    }
username_taken = This username has just been taken. Choose another.
account_exists = There is already an account with this address. Sign in.
proof_of_work_required = Before a request of this kind your device has to solve a small task at present. This takes a moment.
    .detail = Find a number for which the SHA-256 digest of <challenge>.<number> begins with <difficulty> zero bits, and send <challenge>.<number> in the header Proof-of-Work.
account_idle = This number belongs to an account that has not been used for a long time.
    .detail = Phone numbers are given to other people after some time, so this may be somebody else's account. You can create a new one.
invite_used = You have already entered an invitation code.
    .detail = A code can be entered only once and cannot be changed.
deletion_begun = Deletion has begun and can no longer be cancelled.
deletion_not_scheduled = No deletion is scheduled.
superuser_stays = The account of a superuser cannot be deactivated or deleted.
    .detail = Another superuser has to remove that role first.
account_state = The state of this account does not allow that.
thread_moved_on = Somebody else has written in the meantime.
    .detail = Read what came since, and send your answer again if it still fits.
thread_taken = A colleague has taken this conversation.
conflict = Another request changed the same data at the same time. Send your request again.
version_mismatch = This has changed in the meantime. Load it again.
too_large = The request is too large.
unsupported_media_type = Send JSON.
unsupported_content_encoding = Send the body without compression.
invalid = Some fields are not valid.
code_invalid = The code is wrong or no longer valid.
    .detail = { $tries_left ->
        [0] No tries are left. Ask for a new code.
        [one] 1 try is left.
       *[other] { $tries_left } tries are left.
    }
invite_invalid = This invitation code cannot be entered.
appointment_invalid = This secret is wrong or no longer valid, or there is already a superuser.
link_invalid = This link is wrong or no longer valid.
idempotency_key_required = Name this request by a key of your own (Idempotency-Key).
reason_required = Say why you are doing this (Reason).
captcha_required = Please show first that you are not a robot.
plan_held = You have this plan already, or a larger one.
idempotency_key_reused = This key belongs to another request. Use a new one.
version_required = State the version that you are changing (If-Match).
too_many_requests = Too many attempts. Try again later.
    .detail = Try again in { $retry_after ->
        [one] 1 second
       *[other] { $retry_after } seconds
    }.
slow_mode = This room has a slow mode. Wait before you write again.
    .detail = You can write again in { $retry_after ->
        [one] 1 second
       *[other] { $retry_after } seconds
    }.
resend_too_early = A code was sent a moment ago.
    .detail = A new one can be sent in { $retry_after ->
        [one] 1 second
       *[other] { $retry_after } seconds
    }.
internal = Something went wrong on our side.
unavailable = The service is busy. Try again in a moment.
frame_invalid = The frame is not well-formed.
message_length = A message has 1 to 4,000 characters.
attachment_invalid = One of the files cannot be attached.
    .detail = It is unknown or not checked yet, was refused, belongs to another room, or was sent already.
nonce_reused = This nonce belongs to another message.
stream_unknown = There is no such stream.
room_with_self = You cannot open a chat with yourself.
ticket_invalid = This ticket is wrong, used or expired.
undone_already = This change was undone before.
    .detail = To take that back, undo the undo.
undo_moved_on = Some of this has been changed again since.
    .detail = Look at what it is now. If you undo the change by force, the later one is lost.
undo_impossible = Some of this cannot get its former value again.
    .detail = Leave out what is taken, gone or never undone.
undo_nothing = All of this is as it was before the change.

# Fields
field-required = This field is required.
field-too_short = Use at least { $min ->
        [one] 1 character
       *[other] { $min } characters
    }.
field-too_long = Use at most { $max ->
        [one] 1 character
       *[other] { $max } characters
    }.
field-email = This is not an e-mail address.
field-unchanged = This is the current value.
field-phone = We cannot send text messages to this number. Begin with + and the country code.
field-phone_country = We do not send text messages to this country.
field-date = This is not a date (YYYY-MM-DD).
field-day_range = Choose 1 to { $max } days, with the first one not after the last.
field-too_young = You must be at least { $min } years old.
field-too_old = This date is too long ago.
field-in_future = This date is in the future.
field-username_format = Use lower-case letters, digits and single underscores; begin with a letter and do not end with an underscore.
field-username_refused = This username cannot be used.
field-username_taken = This username is taken.
field-characters = Some characters cannot be used here.
field-password_upper = Use an upper-case letter.
field-password_lower = Use a lower-case letter.
field-password_digit = Use a digit.
field-password_symbol = Use a symbol.
field-password_common = This password is too common.
field-password_breached = This password is known from a data breach. Choose one that you use nowhere else.
field-password_same = Choose a password that is different from the current one.
field-password_personal = Do not use your name, username, e-mail address or phone number in the password.
field-profanity = This word cannot be used here.
field-currency = This currency is not accepted here.
field-refund_reason = A refund for this reason is made automatically. Choose another reason.
field-country = This is not a country (two letters, such as PL).
field-country_blocked = We do not serve this country.
field-postal_code = This is not a postal code of this country.
field-locale = This language is not available.
field-id = This is not an id.
field-choice = This is not one of the choices.
field-file_type = Use a JPEG, PNG or WebP picture.
field-attachment_type = Use a picture (JPEG, PNG, WebP, GIF), a video (MP4, WebM) or a document (PDF, TXT, DOCX, XLSX).
field-file_size = The file must not be empty, and have at most { $max } MiB.
field-checksum = This is not a SHA-256 checksum.
field-code_format = This is not a whole code. Enter all of its digits or letters.
field-invite_invalid = This invitation code cannot be entered.
field-slug_format = Use 3 to 40 lower-case letters and digits, with single hyphens between them.
field-range = Use a number from { $min } to { $max }.
field-time_ahead = Choose a time within the next { $max } days.
field-time_of_day = This is not a time of day (such as 22:00).
field-time_zone = This is not a time zone (such as Europe/Warsaw).
field-same_time = Begin and end must be different.
field-captcha = The check that you are a person has failed. Try it again.
field-fixed = This cannot be changed.
