# The page of the link that gives a former address or number back to its account.
page-title = Take your address or number back
page-lead = Until somebody replaced it, the address or number below belonged to this account. Press the button if the account is yours. All its sessions and its password end.
page-button = Take it back
page-done = It belongs to your account again. Now choose a new password by mail, or sign in with your number. Then check the passkeys and second factors of the account: they stay.
