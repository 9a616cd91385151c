# Wiadomości: <nazwa>-subject jest też nagłówkiem; -lead stoi przed kodem lub przyciskiem, -note po nim.
footer = Tę wiadomość Stoa wysłała automatycznie.
button-fallback = Jeśli przycisk nie działa, skopiuj ten adres do przeglądarki:
date = { $day } { $month ->
        [1] stycznia
        [2] lutego
        [3] marca
        [4] kwietnia
        [5] maja
        [6] czerwca
        [7] lipca
        [8] sierpnia
        [9] września
        [10] października
        [11] listopada
       *[12] grudnia
    } { $year }

registration_code-subject = Twój kod do Stoa
registration_code-lead = Wpisz ten kod, aby kontynuować rejestrację:
registration_code-note = Jest ważny przez { $minutes ->
        [one] minutę
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    } i zastępuje każdy wcześniejszy. Jeśli to nie Twoja prośba, zignoruj tę wiadomość: bez kodu nikt nie zarejestruje się na Twój adres.

activation-subject = Potwierdź swój adres
activation-lead = Do otwarcia konta w Stoa brakuje jednego kroku: potwierdź, że ten adres należy do Ciebie.
activation-button = Otwórz moje konto
activation-note = Link jest ważny przez { $hours ->
        [one] godzinę
        [few] { $hours } godziny
        [many] { $hours } godzin
       *[other] { $hours } godziny
    } i działa jeden raz. Jeśli to nie Twoja rejestracja, zignoruj tę wiadomość, a konto nie powstanie.

already_registered-subject = Masz już konto
already_registered-lead = Ktoś, zapewne Ty, próbował zarejestrować się w Stoa na ten adres. Istnieje już dla niego konto i nic w nim nie zmieniono.
already_registered-note = Zaloguj się hasłem wybranym podczas rejestracji. Jeśli to nie Ty, nie musisz nic robić.

deletion_scheduled-subject = Twoje konto zostanie usunięte { $date }
deletion_scheduled-lead = Otrzymaliśmy prośbę o usunięcie konta { $username }. { $date } o { $time } UTC zostanie ono usunięte razem z całą zawartością i nic go nie przywróci. Do tego czasu możesz z niego korzystać jak dotąd.
deletion_scheduled-button = Zachowaj moje konto
deletion_scheduled-note = Przycisk wycofuje usunięcie bez podawania hasła, dopóki się nie rozpoczęło. Jeśli to nie Twoja prośba, użyj go i zmień hasło.

deletion_cancelled-subject = Twoje konto zostaje
deletion_cancelled-lead = Usunięcie konta { $username } zostało wycofane. Wszystko jest w nim tak, jak było.
deletion_cancelled-note = Jeśli to nie Ty, zaloguj się, zmień hasło i ponownie zaplanuj usunięcie.

new_sign_in-subject = Nowe logowanie na Twoje konto
new_sign_in-lead = Ktoś właśnie zalogował się na konto { $username } z przeglądarki lub aplikacji, z której ostatnio nie korzystasz.
new_sign_in-note = Jeśli to Ty, nie musisz nic robić. Jeśli nie, zmień hasło i zakończ to logowanie na liście swoich logowań.

session_reused-subject = Zakończyliśmy jedno z Twoich logowań
session_reused-lead = Zużyty już klucz do konta { $username } został użyty ponownie. Tak bywa, gdy ktoś inny ma jego kopię, dlatego zakończyliśmy logowanie, do którego należał.
session_reused-note = Zaloguj się ponownie na tym urządzeniu. Jeśli nie wiesz, o co chodzi, zmień hasło i przejrzyj listę swoich logowań.

# SMS-y: przed tekstem stoi kod; bez polskich znaków mieszczą się w jednej części.
code-sms = to Twoj kod do Stoa, wazny { $minutes ->
        [one] minute
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    }. Nie podawaj go nikomu.
