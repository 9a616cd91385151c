# The page that the link in a mail opens.
page-title = Stop these mails
page-lead = Do you want no more mails about { $what }?
page-button = Stop these mails
done-title = These mails are stopped
done-lead = From now on you get no mails about { $what }. In the settings of your account you can switch them on again.

# What mails are about.
about-direct = direct messages
about-mention = mentions of you
about-group = messages in groups
about-support = answers of the support team
about-friends = friend requests
about-orders = orders
about-security = the security of your account
