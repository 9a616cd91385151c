# To, co mają wspólnego strony podawane przez same funkcje: strony linków z wiadomości i strony błędów.
language = Polski
languages = Języki
documents = Otwórz dokumentację
request = Żądanie
no-script = Ta strona wymaga JavaScriptu.
go-on = Przejdź do { $site }
close = Możesz zamknąć tę stronę.

# Strony linków z wiadomości.
account = Konto
deleted-on = Ma zostać usunięte { $date }.
password = Hasło
new-password = Nowe hasło
show = Pokaż
hide = Ukryj
checking = Sprawdzamy link.
no-token = Tę stronę otwiera link z wiadomości. Otwórz go ponownie.
link-anew = Poproś o nowy link tam, gdzie poproszono o ten.
no-connection = Brak połączenia. Spróbuj ponownie.
