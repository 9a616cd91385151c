# Strona linku z wiadomości, który aktywuje konto.
page-title = Aktywuj konto
page-lead = Aby aktywować konto, wpisz hasło wybrane podczas rejestracji.
page-button = Aktywuj
page-done = Twoje konto jest aktywne. Możesz się teraz zalogować.
