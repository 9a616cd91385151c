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
        [one] 1 minutę
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    } i zastępuje każdy wcześniejszy. Jeśli to nie Twoja prośba, zignoruj tę wiadomość: bez kodu nikt nie zarejestruje się na Twój adres.

activation-subject = Aktywuj swoje konto
activation-lead = Do aktywacji konta w Stoa brakuje jednego kroku: potwierdź, że ten adres należy do Ciebie.
activation-button = Aktywuj moje konto
activation-note = Link jest ważny przez { $hours ->
        [one] 1 godzinę
        [few] { $hours } godziny
        [many] { $hours } godzin
       *[other] { $hours } godziny
    } i działa jeden raz. Jeśli to nie Twoja rejestracja, zignoruj tę wiadomość: bez niej konto nie powstanie.

address_taken-subject = Masz już konto
address_taken-lead = Ktoś, zapewne Ty, podał w Stoa ten adres dla nowego konta albo dla innego konta. Należy on już do Twojego konta, w którym nic nie zmieniono.
address_taken-note = Zaloguj się tym adresem i swoim hasłem. Jeśli to nie Ty, nie musisz nic robić.

deletion_scheduled-subject = Twoje konto zostanie usunięte { $date }
deletion_scheduled-lead = Otrzymaliśmy prośbę o usunięcie konta { $username }. { $date } o { $time } UTC zostanie ono usunięte razem ze wszystkimi danymi i nie będzie można go przywrócić. Do tego czasu możesz z niego korzystać jak dotąd.
deletion_scheduled-button = Zachowaj moje konto
deletion_scheduled-note = Przycisk anuluje usunięcie bez podawania hasła, dopóki się ono nie rozpocznie. Jeśli to nie Twoja prośba, naciśnij go i zmień hasło.

deletion_cancelled-subject = Twoje konto zostaje
deletion_cancelled-lead = Usunięcie konta { $username } zostało anulowane. Jego dane się nie zmieniły.
deletion_cancelled-note = Jeśli to nie Ty, zaloguj się, zmień hasło i ponownie zaplanuj usunięcie.

# Wiersze powiadomienia o jednym zdarzeniu. Miejsce to miasto lub adres sieciowy.
occasion-time = Czas
occasion-device = Urządzenie
occasion-place = Miejsce

# Po -lead powiadomienia, które podsumowuje kilka zdarzeń.
repeated = Od { $since } UTC zdarzyło się to { $times ->
        [one] raz, { $last } UTC
        [few] { $times } razy, ostatnio { $last } UTC
       *[many] { $times } razy, ostatnio { $last } UTC
    }.

new_sign_in-subject = Nowe logowanie na Twoje konto
new_sign_in-lead = Ktoś właśnie zalogował się na konto { $username } z przeglądarki, aplikacji lub sieci, z której ostatnio nie było logowań.
new_sign_in-note = Jeśli to Ty, nie musisz nic robić. Jeśli nie, zmień hasło i zakończ tę sesję na liście swoich sesji.

session_reused-subject = Zakończyliśmy jedną z Twoich sesji
session_reused-lead = Jedną z sesji konta { $username } kontynuowano dwa razy od tego samego miejsca. Ktoś inny może mieć kopię tego, co utrzymuje zalogowanie, dlatego zakończyliśmy tę sesję.
session_reused-note = Zaloguj się ponownie na tym urządzeniu. Jeśli nie znasz przyczyny, zmień hasło i przejrzyj listę swoich sesji.

second_factor_code-subject = Twój kod logowania
second_factor_code-lead = Wpisz ten kod, aby dokończyć logowanie:
second_factor_code-note = Jest ważny przez { $minutes ->
        [one] 1 minutę
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    }. Jeśli nie logujesz się w tej chwili, ktoś zna Twoje hasło: zmień je.

step_up_code-subject = Twój kod potwierdzenia
step_up_code-lead = Wpisz ten kod, aby potwierdzić, że to Ty:
step_up_code-note = Jest ważny przez { $minutes ->
        [one] 1 minutę
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    }. Jeśli to nie Twoja prośba, ktoś inny korzysta z Twojego konta: zmień hasło i zakończ pozostałe sesje.

factor_setup_code-subject = Twój kod do włączenia drugiego składnika
factor_setup_code-lead = Wpisz ten kod, aby kontynuować włączanie drugiego składnika:
factor_setup_code-note = Jest ważny przez { $minutes ->
        [one] 1 minutę
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    }. Jeśli to nie Twoja prośba, zmień hasło.

contact_change_code-subject = Potwierdź nowy adres
contact_change_code-lead = Wpisz ten kod, aby używać tego adresu na swoim koncie:
contact_change_code-note = Jest ważny przez { $minutes ->
        [one] 1 minutę
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    }. Jeśli to nie Twoja prośba, zignoruj tę wiadomość.

password_reset-subject = Wybierz nowe hasło
password_reset-lead = Ktoś, zapewne Ty, poprosił o nowe hasło do konta { $username }.
password_reset-button = Wybierz hasło
password_reset-note = Link jest ważny przez { $minutes ->
        [one] 1 minutę
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    } i działa jeden raz. Jeśli to nie Twoja prośba, zignoruj tę wiadomość: hasło pozostanie bez zmian.

password_changed-subject = Twoje hasło zostało zmienione
password_changed-lead = Hasło do konta { $username } zostało zmienione. Wszystkie pozostałe sesje zakończono i żadne urządzenie nie jest już zaufane.
password_changed-note = Jeśli to nie Ty, od razu poproś o nowe hasło.

mfa_enabled-subject = Drugi składnik jest włączony
mfa_enabled-lead = Od teraz logowanie na konto { $username } wymaga drugiego kroku.
mfa_enabled-note = Przechowuj kody odzyskiwania tam, gdzie znajdziesz je bez telefonu. Jeśli to nie Ty, zmień hasło.

mfa_disabled-subject = Drugi składnik jest wyłączony
mfa_disabled-lead = Logowanie na konto { $username } nie wymaga już drugiego kroku.
mfa_disabled-note = Jeśli to nie Ty, zmień hasło i ponownie włącz drugi składnik.

factor_changed-subject = Zmieniono drugi składnik
factor_changed-lead = Drugi składnik konta { $username } został dodany, zastąpiony lub usunięty.
factor_changed-note = Jeśli to nie Ty, zmień hasło i przejrzyj swoje drugie składniki.

recovery_codes_made-subject = Nowe kody odzyskiwania
recovery_codes_made-lead = Dla konta { $username } utworzono nowe kody odzyskiwania. Poprzednie już nie działają.
recovery_codes_made-note = Jeśli to nie Ty, zmień hasło i utwórz nowe kody.

recovery_code_used-subject = Użyto kodu odzyskiwania
recovery_code_used-lead = Użyto jednego z kodów odzyskiwania konta { $username }. Nie można go użyć ponownie.
recovery_code_used-note = Jeśli to nie Ty, zmień hasło i utwórz nowe kody.

passkey_added-subject = Dodano klucz dostępu
passkey_added-lead = Na konto { $username } można się teraz logować kluczem dostępu.
passkey_added-note = Jeśli to nie Ty, usuń go z listy swoich kluczy dostępu i zmień hasło.

passkey_removed-subject = Usunięto klucz dostępu
passkey_removed-lead = Jednym z kluczy dostępu nie można się już logować na konto { $username }.
passkey_removed-note = Jeśli to nie Ty, zmień hasło i przejrzyj swoje klucze dostępu.

passkey_copied-subject = Odrzuciliśmy jeden z Twoich kluczy dostępu
passkey_copied-lead = Jeden z kluczy dostępu do konta { $username } mógł zostać skopiowany, dlatego go odrzuciliśmy.
passkey_copied-note = Usuń go z listy swoich kluczy dostępu i dodaj ponownie.

device_trusted-subject = Urządzenie jest zaufane
device_trusted-lead = Urządzenie jest teraz zaufane: przez 30 dni logowanie na nim na konto { $username } nie wymaga drugiego kroku.
device_trusted-note = Jeśli to nie Ty, usuń je z listy zaufanych urządzeń i zmień hasło.

export_ready-subject = Twoje dane są gotowe
export_ready-lead = Archiwum wszystkich danych, które przechowujemy o koncie { $username }, jest gotowe. Możesz je pobrać przez 24 godziny, w miejscu, w którym o nie poproszono.
export_ready-note = Jeśli to nie Twoja prośba, ktoś inny korzysta z Twojego konta: zmień hasło i zakończ pozostałe sesje.

contact_change_asked-subject = Ktoś poprosił o zmianę danych kontaktowych
contact_change_asked-lead = Ktoś, zapewne Ty, poprosił o użycie innego adresu lub numeru dla konta { $username }. Nic się nie zmieni, dopóki nowy adres lub numer nie zostanie potwierdzony.
contact_change_asked-note = Jeśli to nie Ty, zmień hasło i zakończ pozostałe sesje.

contact_restoration-subject = Odzyskaj swój adres
contact_restoration-lead = To był adres konta { $username }, zanim zastąpiono go innym. Poproszono nas o jego przywrócenie. Jeśli to Twoje konto, potwierdź, że czytasz tę skrzynkę.
contact_restoration-button = Odzyskaj adres
contact_restoration-note = Link jest ważny przez { $hours ->
        [one] 1 godzinę
        [few] { $hours } godziny
        [many] { $hours } godzin
       *[other] { $hours } godziny
    } i działa jeden raz. Kończy wszystkie sesje i unieważnia hasło konta, a nowe hasło wybierzesz przez e-mail. Jeśli to nie Twoje konto albo jeśli wolisz zachować inny adres, zignoruj tę wiadomość: nic się nie zmieni.

contact_restoration_asked-subject = Można odzyskać dawne dane kontaktowe
contact_restoration_asked-lead = Nasz zespół wysłał link na dawny adres lub numer konta { $username }. Kto go tam otworzy, przywróci kontu ten adres lub numer. Do tego czasu nic się nie zmieni.
contact_restoration_asked-note = Jeśli to nie Twoja prośba, od razu do nas napisz: link działa przez jeden dzień.

email_changed-subject = Twój adres został zmieniony
email_changed-lead = Konto { $username } ma teraz inny adres e-mail. Poprzednim nie można się już logować, a wszystkie pozostałe sesje zakończono.
email_changed-note = Jeśli to nie Ty, od razu do nas napisz.

phone_changed-subject = Twój numer telefonu został zmieniony
phone_changed-lead = Numer telefonu konta { $username } został zmieniony lub usunięty. Wszystkie pozostałe sesje zakończono.
phone_changed-note = Jeśli to nie Ty, od razu zmień hasło.

username_changed-subject = Twoja nazwa użytkownika została zmieniona
username_changed-lead = Twoje konto nazywa się teraz { $username } i tą nazwą się logujesz. Przez 30 dni nikt inny nie może mieć poprzedniej nazwy, a Ty możesz do niej wrócić.
username_changed-note = Jeśli to nie Ty, zmień hasło, zakończ pozostałe sesje i wróć do poprzedniej nazwy.

account_reactivated-subject = Twoje konto znów jest aktywne
account_reactivated-lead = Konto { $username } znów jest aktywne, ze wszystkimi danymi. Możesz zalogować się jak dawniej. Wcześniejsze sesje zakończono i żadne urządzenie nie jest zaufane.
account_reactivated-note = Jeśli to nie Twoja prośba, napisz do nas.

account_deactivated-subject = Twoje konto jest dezaktywowane
account_deactivated-lead = Konto { $username } zostało dezaktywowane. Nikt nie może się na nie zalogować ani go zobaczyć, a jego dane są zachowane.
account_deactivated-note = Jeśli to nie Ty albo jeśli chcesz znów używać konta, napisz do nas.

profile_changed-subject = Nasz zespół zmienił Twój profil
profile_changed-lead = Nasz zespół zmienił coś w profilu konta { $username }. Tą nazwą się logujesz. Po zalogowaniu zobaczysz wszystko, co jest w Twoim profilu.
profile_changed-note = Jeśli nie znasz powodu, napisz do nas.

sessions_ended-subject = Zakończyliśmy wszystkie Twoje sesje
sessions_ended-lead = Nasz zespół zakończył wszystkie sesje konta { $username } i żadne urządzenie nie jest już zaufane. Zaloguj się ponownie.
sessions_ended-note = Jeśli nie znasz powodu, napisz do nas i zmień hasło.

chat_unbanned-subject = Znów możesz korzystać z czatu
chat_unbanned-lead = Konto { $username } nie jest już zablokowane na czacie. Możesz pisać i czytać wiadomości jak dawniej.
chat_unbanned-note = Prosimy o przestrzeganie zasad czatu.

order_shipped-subject = Twoje zamówienie jest w drodze
order_shipped-lead = Zamówienie z konta { $username } zostało wysłane.
order_shipped-note = Na swoim koncie zobaczysz, które to zamówienie.

order_refunded-subject = Zwracamy pieniądze
order_refunded-lead = Zwracamy pieniądze zapłacone za zamówienie z konta { $username }. Pojawią się na karcie w ciągu dziesięciu dni.
order_refunded-note = Na swoim koncie zobaczysz kwotę i zamówienie.

account_deleted-subject = Twoje konto jest usuwane
account_deleted-lead = Zgodnie z planem rozpoczęło się usuwanie konta { $username }. Nie można go już anulować.
account_deleted-note = To nasza ostatnia wiadomość o tym koncie.

donation_receipt-subject = Twoja darowizna: { $amount }
donation_receipt-lead = Dziękujemy, { $username }. Otrzymaliśmy Twoją darowiznę w kwocie { $amount }.
donation_receipt-number = Numer
donation_receipt-note = Zachowaj tę wiadomość: potwierdza Twoją płatność. Lista wszystkich darowizn jest na Twoim koncie.

audit_head-subject = Dziennik zdarzeń do pieczęci { $number }
audit_head-lead = To jest skrót pieczęci { $number } dziennika zdarzeń. Obejmuje on wszystkie wcześniejsze pieczęcie.
audit_head-note = Przechowaj tę wiadomość tam, gdzie nikt nie może jej zmienić: pokaże później, czy ktoś ingerował w dziennik.

plan_receipt-subject = Twój plan: { $plan }
plan_receipt-lead = Dziękujemy, { $username }. Otrzymaliśmy { $amount } za plan { $plan }, z którego możesz już korzystać.
plan_receipt-number = Numer
plan_receipt-note = Zachowaj tę wiadomość: potwierdza Twoją płatność. Lista wszystkich płatności jest na Twoim koncie.

order_confirmation-subject = Przyjęliśmy Twoje zamówienie
order_confirmation-lead = Dziękujemy, { $username }. Przyjęliśmy Twoje zamówienie. Zapłacisz za nie gotówką przy odbiorze.
order_confirmation-number = Numer
order_confirmation-total = Razem
order_confirmation-note = Cena jest ostateczna, a dostawa bezpłatna. Na swoim koncie zobaczysz stan zamówienia i możesz je anulować, dopóki nie zostanie wysłane.

order_paid-subject = Twoje zamówienie jest opłacone
order_paid-lead = Dziękujemy, { $username }. Przyjęliśmy Twoje zamówienie i płatność kartą.
order_paid-note = Cena jest ostateczna, a dostawa bezpłatna. Na swoim koncie zobaczysz stan zamówienia.

# Wiadomość o wiadomościach, które czekają. Ich początki oraz liczba niepokazanych w każdym pokoju stoją między -lead a -note.
unsubscribe = Zrezygnuj z takich wiadomości
missed-subject = { $messages ->
        [one] Czeka na Ciebie wiadomość
        [few] Czekają na Ciebie { $messages } wiadomości
        [many] Czeka na Ciebie { $messages } wiadomości
       *[other] Czeka na Ciebie { $messages } wiadomości
    }
missed-lead = { $messages ->
        [one] W Stoa jest wiadomość, której jeszcze nie znasz:
       *[other] W Stoa są wiadomości, których jeszcze nie znasz:
    }
missed-more = { $messages ->
        [one] i jeszcze 1
       *[other] i jeszcze { $messages }
    }
missed-button = Otwórz Stoa
missed-note = Dostajesz tę wiadomość, bo nie było Cię w Stoa. W ustawieniach wybierasz, o czym chcesz wiedzieć i kiedy chcesz mieć spokój.

# Wiadomości zespołu pomocy: rozmowa stoi między -lead i -note.
support-team = Zespół pomocy
support_answer-subject = Odpowiedź od zespołu pomocy
support_answer-lead = Cześć { $username }, oto co napisał nasz zespół pomocy pod Twoją nieobecność:
support_answer-note = Aby odpowiedzieć, otwórz czat pomocy na swoim koncie. Odpowiedzi na tę wiadomość nie są czytane.

support_transcript-subject = Twoja rozmowa z zespołem pomocy
support_transcript-lead = Cześć { $username }, oto rozmowa, o którą prosisz:
support_transcript-note = Jeśli to nie Ty o nią prosisz, ktoś inny korzysta z Twojego konta: zmień hasło i zakończ pozostałe sesje.

# Wiadomości formularza kontaktowego. Treść stoi między -lead i -note. Kopia i odpowiedź mają ten sam temat, żeby programy pocztowe
# pokazywały je razem.
contact_message-subject = Formularz kontaktowy: { $subject } ({ $number })
contact_message-lead = Formularzem kontaktowym przyszła wiadomość do zespołu.
contact_message-about = Temat
contact_message-name = Imię i nazwisko
contact_message-address = Adres
contact_message-proven = potwierdzony
contact_message-unproven = niepotwierdzony
contact_message-note = Odpowiedzi na tę wiadomość trafiają na ten adres i nie są nigdzie zapisywane. Odpowiedzi, które mają być zapisane, pisze się w konsoli.

contact_copy-subject = Twoja wiadomość do nas: { $subject } ({ $number })
contact_copy-lead = Dziękujemy. Mamy Twoją wiadomość i odpowiemy na ten adres.
contact_copy-note = Jeśli to nie Twoja wiadomość, ktoś podał Twój adres. Możesz ją zignorować.

contact_answer-subject = Re: Twoja wiadomość do nas: { $subject } ({ $number })
contact_answer-lead = Oto nasza odpowiedź na Twoją wiadomość:
contact_answer-note = Aby odpisać, odpowiedz na tę wiadomość.

# SMS-y: przed tekstem stoi kod; bez polskich znaków mieszczą się w jednej części.
code-sms = to Twoj kod do Stoa, wazny { $minutes ->
        [one] 1 minute
        [few] { $minutes } minuty
        [many] { $minutes } minut
       *[other] { $minutes } minuty
    }. Nie podawaj go nikomu.
new_sign_in-sms = Ktos zalogowal sie na Twoje konto Stoa z nowej przegladarki, aplikacji lub sieci. Jesli to nie Ty, zakoncz te sesje.
session_reused-sms = Sesja Twojego konta Stoa mogla zostac skopiowana, wiec ja zakonczylismy. Zaloguj sie ponownie i przejrzyj liste swoich sesji.
password_changed-sms = Haslo do Twojego konta Stoa zostalo ustawione lub zmienione, a inne sesje zakonczono. Jesli to nie Ty, od razu do nas napisz.
passkey_added-sms = Na Twoje konto Stoa mozna sie teraz logowac kluczem dostepu. Jesli to nie Ty, usun go.
passkey_removed-sms = Jednym z kluczy dostepu nie mozna sie juz logowac na Twoje konto Stoa. Jesli to nie Ty, przejrzyj swoje klucze dostepu.
passkey_copied-sms = Odrzucilismy klucz dostepu do Twojego konta Stoa, bo mogl zostac skopiowany. Usun go i dodaj ponownie.
contact_change_asked-sms = Ktos poprosil o zmiane danych kontaktowych Twojego konta Stoa. Jesli to nie Ty, zakoncz pozostale sesje i zmien haslo.
contact_restoration-sms = Poproszono nas o przywrocenie tego numeru Twojemu kontu Stoa. Jesli to Twoje konto, otworz ten link w ciagu { $hours } godzin. Jesli nie, zignoruj go.
contact_restoration_asked-sms = Wyslalismy link przywracajacy dawny kontakt Twojego konta Stoa. Jesli to nie Twoja prosba, od razu do nas napisz.
email_changed-sms = Twoje konto Stoa ma teraz inny adres e-mail. Jesli to nie Ty, od razu do nas napisz.
phone_changed-sms = Ten numer nie nalezy juz do Twojego konta Stoa. Jesli to nie Twoja zmiana, od razu zmien haslo.
username_changed-sms = Twoje konto Stoa ma teraz inna nazwe. Jesli to nie Ty, zmien haslo i wroc do dawnej nazwy w ciagu 30 dni.
account_reactivated-sms = Twoje konto Stoa znow jest aktywne, ze wszystkimi danymi. Mozesz zalogowac sie jak dawniej. Jesli to nie Twoja prosba, napisz do nas.
account_deactivated-sms = Twoje konto Stoa zostalo dezaktywowane. Jesli to nie Ty albo jesli chcesz znow go uzywac, napisz do nas.
profile_changed-sms = Nasz zespol zmienil cos w profilu Twojego konta Stoa. Jesli nie znasz powodu, napisz do nas.
sessions_ended-sms = Nasz zespol zakonczyl wszystkie sesje Twojego konta Stoa. Zaloguj sie ponownie. Jesli nie znasz powodu, napisz do nas.
account_deleted-sms = Rozpoczelo sie usuwanie Twojego konta Stoa i nie mozna go juz anulowac. To nasza ostatnia wiadomosc o nim.
deletion_cancelled-sms = Usuniecie Twojego konta Stoa zostalo anulowane. Jesli to nie Ty, zaloguj sie i zaplanuj je ponownie.
# Po tekście stoi link, który anuluje usunięcie.
deletion_scheduled-sms = Twoje konto Stoa zostanie usuniete { $date } o { $time } UTC. Do tego czasu mozesz je zachowac tym linkiem:
export_ready-sms = Archiwum Twojego konta Stoa jest gotowe przez 24 godziny. Jesli to nie Twoja prosba, zakoncz pozostale sesje.
missed-sms = Masz w Stoa { $messages ->
        [one] 1 nieprzeczytana wiadomosc
        [few] { $messages } nieprzeczytane wiadomosci
       *[other] { $messages } nieprzeczytanych wiadomosci
    }.
