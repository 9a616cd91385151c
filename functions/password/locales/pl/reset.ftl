# Strona linku z wiadomości, który zmienia zapomniane hasło.
page-title = Wybierz nowe hasło
page-lead = Po zmianie wszystkie Twoje sesje się zakończą i zalogujesz się nowym hasłem.
page-button = Zmień hasło
page-done = Hasło zostało zmienione. Możesz się nim teraz zalogować.
rule-common = Nie używaj hasła, które ma wiele osób, ani takiego, którego używasz gdzie indziej.
rule-same = Nowe hasło musi różnić się od poprzedniego.
