# Problemy: komunikat to tytuł, .detail mówi więcej.
malformed = Żądanie jest nieprawidłowo zbudowane.
cursor_invalid = Ten link do strony listy stracił ważność. Wczytaj listę od początku.
token_invalid = Zaloguj się, aby kontynuować.
credentials_invalid = Nazwa lub hasło jest nieprawidłowe.
refresh_invalid = Twoja sesja się zakończyła. Zaloguj się ponownie.
api_key_invalid = Ten klucz API jest nieprawidłowy.
step_up_required = Potwierdź jeszcze raz, że to Ty.
slug_taken = Ten adres należy do innego kanału.
name_taken = Ta nazwa jest już zajęta.
category_in_use = W tej kategorii są produkty.
    .detail = Przenieś je najpierw do innej kategorii albo usuń.
order_incomplete = Do złożenia zamówienia czegoś brakuje.
    .detail = Zamówienie wymaga imienia i nazwiska, numeru telefonu, głównego adresu i zawartości koszyka.
out_of_stock = Niektóre produkty nie są dostępne w tej ilości.
    .detail = Zmniejsz ich ilość albo usuń je z koszyka.
prices_changed = Cena się zmieniła.
    .detail = Obejrzyj koszyk ponownie, zanim zamówisz.
orders_open = Masz zbyt wiele zamówień, które nie zostały jeszcze wysłane.
    .detail = Możesz mieć ich { $max } z płatnością przy odbiorze. Poczekaj na wysyłkę, anuluj jedno z nich albo zapłać kartą.
order_state = Stan zamówienia na to nie pozwala.
order_held = Płatność za to zamówienie jest kwestionowana lub trwa zwrot pieniędzy. Nie można go wysłać.
refund_refused = Stripe odmówił zwrotu.
change_too_late = Wiadomość można zmienić przez 15 minut.
owner_stays = Właściciel musi najpierw przekazać pokój innej osobie.
mfa_enabled = Drugi składnik jest już włączony.
mfa_not_enabled = Ten drugi składnik nie jest włączony.
contact_required = Na Twoim koncie czegoś brakuje.
    .detail = Najpierw dodaj i potwierdź { $missing ->
        [email] adres e-mail
        [phone] numer telefonu
       *[other] adres e-mail i numer telefonu
    }.
last_factor = To Twój ostatni sposób potwierdzania, że to Ty. Nie można usunąć tylko jego.
too_many = Osiągnięto największą dozwoloną liczbę.
    .detail = Możesz mieć ich najwyżej { $max }. Najpierw usuń jeden element.
storage_full = Twoje pliki zajmują całe dostępne miejsce.
    .detail = Usuń wiadomości z plikami, których już nie potrzebujesz.
factor_unavailable = W ten sposób nie można tu potwierdzić, że to Ty.
factor_locked = Zbyt wiele błędnych kodów. Użyj kodu odzyskiwania lub klucza dostępu albo wybierz nowe hasło linkiem z wiadomości e-mail.
passkey_invalid = Ten klucz dostępu jest nieznany albo jego odpowiedź jest nieprawidłowa.
forbidden = Nie możesz tego zrobić.
second_factor_required = Do tego potrzebne jest konto z drugim składnikiem.
    .detail = Włącz go: aplikację uwierzytelniającą albo klucz dostępu.
own_roles = Nikt nie może zmieniać własnych ról.
account_protected = Nie możesz tu zmienić tego, co należy do Ciebie albo do osoby o roli tak wysokiej jak Twoja.
origin_refused = Ta witryna nie może korzystać z usługi.
csrf_header_required = Brakuje nagłówka.
    .detail = Prześlij X-Stoa-Csrf z dowolną wartością: sesja jest w ciasteczku, a strony innych witryn nie mogą przesłać tego nagłówka.
edge_required = Ten adres nie obsługuje żądań bezpośrednio.
    .detail = Użyj publicznego adresu usługi.
password_wrong = Hasło jest nieprawidłowe.
chat_banned = Nie możesz już korzystać z czatu.
    .detail = { $reason ->
        [rate] W ciągu minuty wysłano z Twojego konta zbyt wiele wiadomości.
        [spam] Powodem jest spam.
        [harassment] Powodem jest nękanie.
        [hate] Powodem jest mowa nienawiści.
        [sexual] Powodem są treści seksualne.
        [violence] Powodem jest przemoc.
        [fraud] Powodem jest oszustwo.
       *[other] Naruszono zasady czatu.
    }
room_banned = To konto ma zakaz wstępu do tego pokoju.
friend_exists = Ta osoba ma już Twoje zaproszenie albo jest wśród Twoich znajomych.
friend_state = W obecnej relacji z tą osobą nie jest to możliwe.
    .detail = Relacja zmieniła się w międzyczasie albo ta osoba jest przez Ciebie zablokowana. Wczytaj ją ponownie.
friend_paused = Ta osoba odrzuciła Twoje zaproszenie.
    .detail = Możesz zaprosić ją ponownie siedem dni później.
friends_full = Jedno z Was ma już największą dozwoloną liczbę znajomych.
    .detail = Można mieć najwyżej { $max } znajomych.
location_required = Najpierw udostępnij swoją lokalizację.
    .detail = Osoby w pobliżu widzą tylko ci, którzy udostępniają swoją.
friend_self = To Ty.
    .detail = Nie możesz zaprosić ani zablokować siebie.
chat_not_allowed = Nie możesz pisać do tej osoby.
not_found = Nic tu nie ma.
method_not_allowed = Ten adres nie obsługuje tej metody.
step_required = Najpierw potrzebny jest inny krok.
    .detail = { $required_step ->
        [app] Potwierdź swoją aplikację uwierzytelniającą.
        [code] Wpisz kod, który do Ciebie wysłaliśmy.
        [email] Potwierdź swój adres e-mail.
        [password] Wybierz hasło.
        [personal] Podaj imię, nazwisko i datę urodzenia.
        [sms] Potwierdź swój numer telefonu.
        [summary] Sprawdź swoje dane i zakończ.
        [username] Wybierz nazwę użytkownika.
       *[other] Wczytaj bieżący krok.
    }
username_taken = Ta nazwa użytkownika została właśnie zajęta. Wybierz inną.
account_exists = Konto z tym adresem już istnieje. Zaloguj się.
proof_of_work_required = Przed takim żądaniem Twoje urządzenie musi teraz rozwiązać małe zadanie. To chwilę potrwa.
    .detail = Znajdź liczbę, dla której skrót SHA-256 tekstu <challenge>.<liczba> zaczyna się od tylu zerowych bitów, ile podaje <difficulty>, i wyślij <challenge>.<liczba> w nagłówku Proof-of-Work.
account_idle = Ten numer należy do konta, którego od dawna nikt nie używał.
    .detail = Numery telefonów po pewnym czasie dostają inne osoby, więc może to być konto kogoś innego. Możesz założyć nowe.
invite_used = Podano już kod zaproszenia.
    .detail = Kod można podać tylko raz i nie można go zmienić.
deletion_begun = Usuwanie już się rozpoczęło i nie można go anulować.
deletion_not_scheduled = Nie zaplanowano usunięcia.
superuser_stays = Konta superużytkownika nie można dezaktywować ani usunąć.
    .detail = Najpierw inny superużytkownik musi odebrać tę rolę.
account_state = Stan tego konta na to nie pozwala.
thread_moved_on = W międzyczasie ktoś inny napisał wiadomość.
    .detail = Przeczytaj, co przyszło, i wyślij odpowiedź ponownie, jeśli nadal pasuje.
thread_taken = Tę rozmowę prowadzi już inna osoba z zespołu.
conflict = Inne żądanie zmieniło w tej samej chwili te same dane. Wyślij swoje ponownie.
version_mismatch = Dane zmieniły się w międzyczasie. Wczytaj je ponownie.
too_large = Żądanie jest zbyt duże.
unsupported_media_type = Wyślij JSON.
unsupported_content_encoding = Wyślij treść bez kompresji.
invalid = Niektóre pola są nieprawidłowe.
code_invalid = Kod jest nieprawidłowy lub stracił ważność.
    .detail = { $tries_left ->
        [0] Nie ma już więcej prób. Poproś o nowy kod.
        [one] Została 1 próba.
        [few] Zostały { $tries_left } próby.
       *[many] Zostało { $tries_left } prób.
    }
invite_invalid = Tego kodu zaproszenia nie można podać.
appointment_invalid = Ten sekret jest nieprawidłowy lub stracił ważność albo ktoś jest już superużytkownikiem.
link_invalid = Ten link jest nieprawidłowy lub stracił ważność.
idempotency_key_required = Podaj własny klucz tego żądania (Idempotency-Key).
reason_required = Podaj, dlaczego to robisz (Reason).
captcha_required = Najpierw pokaż, że nie jesteś robotem.
plan_held = Masz już ten plan lub większy.
idempotency_key_reused = Ten klucz należy do innego żądania. Użyj nowego.
version_required = Podaj, którą wersję zmieniasz (If-Match).
too_many_requests = Zbyt wiele prób. Spróbuj ponownie później.
    .detail = Spróbuj ponownie za { $retry_after ->
        [one] 1 sekundę
        [few] { $retry_after } sekundy
       *[many] { $retry_after } sekund
    }.
slow_mode = W tym pokoju obowiązuje tryb powolny. Poczekaj, zanim znów napiszesz.
    .detail = Możesz znów napisać za { $retry_after ->
        [one] 1 sekundę
        [few] { $retry_after } sekundy
       *[many] { $retry_after } sekund
    }.
resend_too_early = Kod został wysłany przed chwilą.
    .detail = Nowy można wysłać za { $retry_after ->
        [one] 1 sekundę
        [few] { $retry_after } sekundy
       *[many] { $retry_after } sekund
    }.
internal = Coś poszło nie tak po naszej stronie.
unavailable = Usługa jest przeciążona. Spróbuj ponownie za chwilę.
frame_invalid = Ramka jest nieprawidłowo zbudowana.
message_length = Wiadomość ma od 1 do 4000 znaków.
attachment_invalid = Jednego z plików nie można załączyć.
    .detail = Jest nieznany albo jeszcze niesprawdzony, został odrzucony, należy do innego pokoju lub został już wysłany.
nonce_reused = Ta wartość nonce należy do innej wiadomości.
stream_unknown = Nie ma takiego strumienia.
room_with_self = Nie możesz otworzyć czatu ze sobą.
ticket_invalid = Ten bilet jest nieprawidłowy, zużyty lub stracił ważność.
undone_already = Tę zmianę już cofnięto.
    .detail = Aby do niej wrócić, cofnij to cofnięcie.
undo_moved_on = Część tych danych została później ponownie zmieniona.
    .detail = Sprawdź ich obecne wartości. Jeśli wymusisz cofnięcie, późniejsza zmiana przepadnie.
undo_impossible = Części tych danych nie można przywrócić.
    .detail = Pomiń to, co jest zajęte, usunięte lub nigdy nie jest cofane.
undo_nothing = Wszystko jest już takie jak przed zmianą.

# Pola
field-required = To pole jest wymagane.
field-too_short = Użyj co najmniej { $min ->
        [one] 1 znaku
       *[many] { $min } znaków
    }.
field-too_long = Użyj najwyżej { $max ->
        [one] 1 znaku
       *[many] { $max } znaków
    }.
field-email = To nie jest adres e-mail.
field-unchanged = To jest obecna wartość.
field-phone = Na ten numer nie możemy wysłać SMS-a. Zacznij od + i kodu kraju.
field-phone_country = Do tego kraju nie wysyłamy SMS-ów.
field-date = To nie jest data (RRRR-MM-DD).
field-day_range = Wybierz od 1 do { $max } dni, przy czym pierwszy nie może być po ostatnim.
field-too_young = Musisz mieć co najmniej { $min ->
        [few] { $min } lata
       *[many] { $min } lat
    }.
field-too_old = Ta data jest zbyt dawna.
field-in_future = Ta data jest w przyszłości.
field-username_format = Użyj małych liter, cyfr i pojedynczych podkreśleń; zacznij od litery i nie kończ podkreśleniem.
field-username_refused = Tej nazwy użytkownika nie można użyć.
field-username_taken = Ta nazwa użytkownika jest zajęta.
field-characters = Niektórych znaków nie można tu użyć.
field-password_upper = Użyj wielkiej litery.
field-password_lower = Użyj małej litery.
field-password_digit = Użyj cyfry.
field-password_symbol = Użyj symbolu.
field-password_common = To hasło jest zbyt często używane.
field-password_breached = To hasło jest znane z wycieku danych. Wybierz takie, którego nie używasz nigdzie indziej.
field-password_same = Wybierz inne hasło niż obecne.
field-password_personal = Nie używaj w haśle swojego imienia, nazwiska, nazwy użytkownika, adresu e-mail ani numeru telefonu.
field-profanity = Tego słowa nie można tu użyć.
field-currency = Ta waluta nie jest tu przyjmowana.
field-refund_reason = Zwrot z tego powodu jest wykonywany automatycznie. Wybierz inny powód.
field-country = To nie jest kraj (dwie litery, na przykład PL).
field-country_blocked = Nie obsługujemy tego kraju.
field-postal_code = To nie jest kod pocztowy tego kraju.
field-locale = Ten język nie jest dostępny.
field-id = To nie jest identyfikator.
field-choice = To nie jest jedna z możliwości.
field-file_type = Użyj obrazu JPEG, PNG lub WebP.
field-attachment_type = Użyj obrazu (JPEG, PNG, WebP, GIF), filmu (MP4, WebM) lub dokumentu (PDF, TXT, DOCX, XLSX).
field-file_size = Plik nie może być pusty i może mieć najwyżej { $max } MiB.
field-checksum = To nie jest suma kontrolna SHA-256.
field-code_format = To nie jest cały kod. Wpisz wszystkie jego cyfry lub litery.
field-invite_invalid = Tego kodu zaproszenia nie można podać.
field-slug_format = Użyj od 3 do 40 małych liter (bez znaków diakrytycznych) i cyfr, z pojedynczymi łącznikami między nimi.
field-range = Użyj liczby od { $min } do { $max }.
field-time_ahead = Wybierz czas w ciągu najbliższych { $max } dni.
field-time_of_day = To nie jest godzina (taka jak 22:00).
field-time_zone = To nie jest strefa czasowa (taka jak Europe/Warsaw).
field-same_time = Początek i koniec muszą się różnić.
field-captcha = Nie udało się sprawdzić, czy jesteś człowiekiem. Spróbuj ponownie.
field-fixed = Tego nie można zmienić.
