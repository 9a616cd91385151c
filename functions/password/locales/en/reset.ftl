# The page of the mailed link that changes a forgotten password.
page-title = Choose a new password
page-lead = With the change all your sign-ins end, and you sign in again with the new password.
page-button = Change password
page-done = The password is changed. You can sign in with it now.
rule-common = Do not use a password that many people use, or one that you use elsewhere.
rule-same = The new password has to be different from the former one.
