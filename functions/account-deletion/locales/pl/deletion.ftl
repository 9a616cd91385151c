# Ile zostało: od jednego dnia wzwyż w dniach i godzinach, poniżej w godzinach, minutach i sekundach.
countdown-days = { $n ->
        [one] 1 dzień
       *[other] { $n } dni
    }
countdown-hours = { $n ->
        [one] 1 godzina
        [few] { $n } godziny
        [many] { $n } godzin
       *[other] { $n } godziny
    }
countdown-minutes = { $n ->
        [one] 1 minuta
        [few] { $n } minuty
        [many] { $n } minut
       *[other] { $n } minuty
    }
countdown-seconds = { $n ->
        [one] 1 sekunda
        [few] { $n } sekundy
        [many] { $n } sekund
       *[other] { $n } sekundy
    }
countdown-over = Usunięcia nie można już anulować. Rozpocznie się w ciągu kilku minut.

what-goes = Zostaną usunięte: Twój profil, zdjęcia, prywatne czaty z całą historią i wszystko, co napisano z tego konta w pokojach publicznych. Nie będzie można ich przywrócić.
interval = Usuwanie rozpocznie się { $days ->
        [one] 1 dzień
       *[other] { $days } dni
    } po zaplanowaniu. Do tego czasu możesz korzystać z konta jak dotąd.
change-of-mind = Do tego czasu możesz w każdej chwili anulować usunięcie bez hasła: tutaj albo linkiem, który do Ciebie wysłaliśmy.
again = Jeśli zaplanujesz usunięcie ponownie, czas zacznie biec od nowa.
afterwards = Po usunięciu Twoją nazwę użytkownika będą mogły zająć inne osoby. Z kopii zapasowych Twoje dane znikną w ciągu kolejnych 35 dni.
receipt = Zachowaj numer usunięcia: to jedyne dane, które pozostaną, i dowód, że wszystko inne zostało usunięte.
begun = Usuwanie już się rozpoczęło i nie można go anulować.

policy-terms = Regulamin
policy-privacy = Polityka prywatności

# Strona linku z wiadomości, który anuluje usunięcie konta.
page-title = Zachowaj konto
page-lead = Zaplanowano usunięcie tego konta. Naciśnij przycisk, aby je anulować. Hasło nie jest potrzebne.
page-button = Zachowaj moje konto
page-done = Twoje konto zostaje. Wszystko jest w nim tak, jak było.
