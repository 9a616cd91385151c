# How amounts are written. Groups are made from this many digits on. Spaces are no-break spaces.
decimal = {","}
group = {"\u00A0"}
group-from = 5
GBP = { $amount }{"\u00A0"}GBP
PLN = { $amount }{"\u00A0"}zł
