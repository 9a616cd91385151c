# Ile zostało: od jednego dnia wzwyż w dniach i godzinach, poniżej w godzinach, minutach i sekundach.
countdown-days = { $n ->
        [one] jeden dzień
       *[other] { $n } dni
    }
countdown-hours = { $n ->
        [one] jedna godzina
        [few] { $n } godziny
        [many] { $n } godzin
       *[other] { $n } godziny
    }
countdown-minutes = { $n ->
        [one] jedna minuta
        [few] { $n } minuty
        [many] { $n } minut
       *[other] { $n } minuty
    }
countdown-seconds = { $n ->
        [one] jedna sekunda
        [few] { $n } sekundy
        [many] { $n } sekund
       *[other] { $n } sekundy
    }
countdown-over = Czas na zmianę decyzji minął; usuwanie rozpocznie się w ciągu kilku minut.

what-goes = Zostaną usunięte: Twój profil, zdjęcia, rozmowy prywatne z całą historią i wszystko, co napisano z tego konta w pokojach publicznych. Nic ich nie przywróci.
interval = Usuwanie rozpocznie się { $days ->
        [one] jeden dzień
       *[other] { $days } dni
    } po zaplanowaniu. Do tego czasu możesz korzystać z konta jak dotąd.
change-of-mind = Do tego czasu możesz je w każdej chwili wycofać bez hasła: tutaj albo linkiem z wiadomości, którą wysłaliśmy.
again = Jeśli zaplanujesz je ponownie, czas zacznie biec od nowa.
afterwards = Twoja nazwa użytkownika będzie potem wolna dla innych. Kopie zapasowe zapomną Cię w ciągu kolejnych 35 dni.
receipt = Zachowaj numer usunięcia: tylko on pozostanie i dowodzi, że nie zostało nic innego.
begun = Usuwanie już się rozpoczęło i nie można go wycofać.

policy-terms = Regulamin
policy-privacy = Polityka prywatności

# Strona linku z wiadomości, który anuluje usunięcie konta.
page-title = Zachowaj konto
page-lead = Zaplanowano usunięcie tego konta. Naciśnij przycisk, aby je anulować. Hasło nie jest potrzebne.
page-button = Zachowaj moje konto
page-done = Twoje konto zostaje. Wszystko jest w nim tak, jak było.
