# How amounts are written. Groups are made from this many digits on. Spaces are no-break spaces.
decimal = {"."}
group = {","}
group-from = 4
GBP = £{ $amount }
PLN = PLN{"\u00A0"}{ $amount }
