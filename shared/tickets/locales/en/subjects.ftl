# The subjects of the contact form, by their values.
subject-account_access = I cannot get into my account
subject-sign_in_email = I cannot sign in with my e-mail address
subject-sign_in_username = I cannot sign in with my username
subject-sign_in_code = I cannot sign in with a code
subject-impersonation = Somebody pretends to be me or somebody else
subject-report_user = I want to report somebody
subject-bug_report = Something does not work
subject-other = Something else

# What a message may begin with: the greeting, and a text for its subject.
greeting = Hello,

    my name is Forename Surname.
template = I would like to report the following issue:
template-account_access = I cannot get into my account. This is what I tried, and what I saw:
template-sign_in_email = I cannot sign in with my e-mail address. This is what I tried, and what I saw:
template-sign_in_username = I cannot sign in with my username. This is what I tried, and what I saw:
template-sign_in_code = I cannot sign in with a code. This is how I get codes, and what I saw:
template-impersonation = Somebody pretends to be another person. This is their username, and whom they pretend to be:
template-report_user = I would like to report somebody. This is their username, and what they did:
template-bug_report = Something does not work. This is what I did, what I expected, and what happened:
