# Strona linku, który przywraca kontu dawny adres lub numer.
page-title = Odzyskaj swój adres lub numer
page-lead = Zanim ktoś go zmienił, poniższy adres lub numer należał do tego konta. Naciśnij przycisk, jeśli to Twoje konto. Wszystkie jego sesje się zakończą, a hasło straci ważność.
page-button = Odzyskaj
page-done = Adres lub numer znów należy do Twojego konta. Teraz wybierz nowe hasło przez e-mail albo zaloguj się numerem telefonu. Potem sprawdź klucze dostępu i drugie składniki konta, bo pozostają bez zmian.
