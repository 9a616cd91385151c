# How long is left: one day and more is told in days and hours, less in hours, minutes and seconds.
countdown-days = { $n ->
        [one] one day
       *[other] { $n } days
    }
countdown-hours = { $n ->
        [one] one hour
       *[other] { $n } hours
    }
countdown-minutes = { $n ->
        [one] one minute
       *[other] { $n } minutes
    }
countdown-seconds = { $n ->
        [one] one second
       *[other] { $n } seconds
    }
countdown-over = The time to change your mind is over; deletion begins within minutes.

what-goes = Your profile, your pictures, your direct chats with their history and everything you wrote in public rooms are removed. Nothing brings them back.
interval = Deletion begins { $days ->
        [one] one day
       *[other] { $days } days
    } after you schedule it. Until then you can use the account as before.
change-of-mind = You can take it back at any time until then, without a password: here, or by the link in the mail we sent you.
again = If you schedule it again, the time starts afresh.
afterwards = Your username is free for others afterwards. Backups forget you within 35 days more.
receipt = Keep the number of the deletion: it is all that remains, and it proves that nothing else does.
begun = Deletion has begun and cannot be taken back any more.

policy-terms = Terms of service
policy-privacy = Privacy policy
