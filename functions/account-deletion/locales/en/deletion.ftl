# The remaining time: a day or more in days and hours, less than a day in hours, minutes and seconds.
countdown-days = { $n ->
        [one] 1 day
       *[other] { $n } days
    }
countdown-hours = { $n ->
        [one] 1 hour
       *[other] { $n } hours
    }
countdown-minutes = { $n ->
        [one] 1 minute
       *[other] { $n } minutes
    }
countdown-seconds = { $n ->
        [one] 1 second
       *[other] { $n } seconds
    }
countdown-over = The deletion can no longer be cancelled. It begins within minutes.

what-goes = Your profile, your pictures, your direct chats with their history and everything you wrote in public rooms are deleted. They cannot be restored.
interval = Deletion begins { $days ->
        [one] 1 day
       *[other] { $days } days
    } after you schedule it. Until then you can use the account as before.
change-of-mind = You can cancel the deletion at any time until then, without a password: here, or with the link that we sent you.
again = If you schedule it again, the time starts again.
afterwards = After the deletion others can take your username. Your data is deleted from backups within another 35 days.
receipt = Keep the number of the deletion: it is the only data that remains, and it proves that everything else was deleted.
begun = Deletion has begun and can no longer be cancelled.

policy-terms = Terms of service
policy-privacy = Privacy policy

# The page of the mailed link that cancels a deletion.
page-title = Keep your account
page-lead = The deletion of this account is scheduled. Press the button to cancel the deletion. You need no password for this.
page-button = Keep my account
page-done = Your account stays. Its data was not changed.
