# The page of the mailed link that activates an account.
page-title = Activate your account
page-lead = To activate the account, enter the password that you chose when you registered.
page-button = Activate
page-done = Your account is active. You can sign in now.
