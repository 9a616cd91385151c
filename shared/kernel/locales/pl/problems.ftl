# Problemy: wiadomość to tytuł, .detail mówi więcej.
malformed = Żądanie jest nieprawidłowo zbudowane.
cursor_invalid = Ten odnośnik do strony stracił ważność. Wczytaj listę od początku.
token_invalid = Zaloguj się, aby kontynuować.
credentials_invalid = Nazwa lub hasło są nieprawidłowe.
refresh_invalid = Ta sesja się zakończyła. Zaloguj się ponownie.
step_up_required = Potwierdź jeszcze raz, że to ty.
mfa_enabled = Drugi składnik jest już włączony.
mfa_not_enabled = Ten drugi składnik nie jest włączony.
contact_required = Na twoim koncie czegoś brakuje.
    .detail = Najpierw dodaj i potwierdź: { $missing }.
last_factor = To ostatni i nie można usunąć tylko jego.
too_many = Jest ich tyle, ile może być.
    .detail = Najwyżej { $max }. Najpierw usuń jeden.
factor_unavailable = Ten sposób potwierdzenia nie jest tu możliwy.
factor_locked = Zbyt wiele błędnych kodów. Użyj kodu odzyskiwania lub klucza dostępu albo ustaw nowe hasło przez e-mail.
passkey_invalid = Ten klucz dostępu nie jest tu znany albo nie odpowiedział na to, o co pytano.
forbidden = Nie możesz tego zrobić.
second_factor_required = Do tego potrzebne jest konto z drugim składnikiem.
    .detail = Włącz go: aplikację uwierzytelniającą albo klucz dostępu.
own_roles = Nikt nie może zmieniać własnych ról.
origin_refused = Ta witryna nie może korzystać z usługi.
password_wrong = Hasło jest nieprawidłowe.
chat_banned = Masz zakaz korzystania z czatu.
chat_not_allowed = Nie możesz pisać do tej osoby.
not_found = Nic tu nie ma.
method_not_allowed = Ten adres nie obsługuje tej metody.
step_required = Najpierw inny krok.
    .detail = Następny krok to „{ $required_step }”.
username_taken = Ta nazwa użytkownika została właśnie zajęta. Wybierz inną.
account_exists = Konto z tym adresem już istnieje. Zaloguj się.
proof_of_work_required = Takich żądań jest teraz bardzo dużo, dlatego Twoje urządzenie musi najpierw rozwiązać małe zadanie. To chwilę potrwa.
    .detail = Znajdź liczbę, dla której skrót SHA-256 wyzwania, kropki i tej liczby zaczyna się od tylu zerowych bitów, ile podaje trudność, i prześlij całość w nagłówku Proof-of-Work.
account_idle = Ten numer należy do konta, którego od dawna nikt nie używał.
    .detail = Numery są przydzielane ponownie, więc może to być konto kogoś innego. Możesz zacząć od nowego.
invite_used = Kod zaproszenia został już podany.
    .detail = Można go podać raz i nie można go zmienić.
deletion_begun = Usuwanie już się rozpoczęło i nie można go anulować.
deletion_not_scheduled = Nie zaplanowano usunięcia.
superuser_stays = Superużytkownik nie może odejść.
    .detail = Najpierw inny superużytkownik musi odebrać tę rolę.
account_state = Stan tego konta na to nie pozwala.
conflict = Dwa żądania się zderzyły. Wyślij swoje ponownie.
version_mismatch = Dane zmieniły się w międzyczasie. Wczytaj je ponownie.
too_large = Żądanie jest zbyt duże.
unsupported_media_type = Wyślij JSON.
invalid = Niektóre pola wymagają poprawy.
code_invalid = Kod jest nieprawidłowy lub stracił ważność.
    .detail = { $tries_left ->
        [0] Nie ma już prób. Poproś o nowy kod.
        [one] Została jedna próba.
        [few] Zostały { $tries_left } próby.
       *[many] Zostało { $tries_left } prób.
    }
invite_invalid = Tego kodu zaproszenia nie można podać.
appointment_invalid = Ten sekret jest nieprawidłowy lub stracił ważność albo ktoś jest już superużytkownikiem.
link_invalid = Ten odnośnik jest nieprawidłowy lub stracił ważność.
version_required = Podaj, którą wersję zmieniasz (If-Match).
too_many_requests = Zbyt wiele prób. Spróbuj później.
    .detail = Spróbuj ponownie za { $retry_after ->
        [one] sekundę
        [few] { $retry_after } sekundy
       *[many] { $retry_after } sekund
    }.
resend_too_early = Kod został wysłany przed chwilą.
    .detail = Nowy można wysłać za { $retry_after ->
        [one] sekundę
        [few] { $retry_after } sekundy
       *[many] { $retry_after } sekund
    }.
internal = Coś poszło nie tak po naszej stronie.
unavailable = Usługa jest zajęta. Spróbuj za chwilę.
frame_invalid = Ramka jest nieprawidłowo zbudowana.
message_length = Wiadomość ma od 1 do 4000 znaków.
nonce_reused = Ten nonce należy do innej wiadomości.
stream_unknown = Nie ma takiego strumienia.
room_with_self = Nie możesz otworzyć czatu z samym sobą.
ticket_invalid = Ten bilet jest nieprawidłowy, zużyty lub stracił ważność.

# Pola
field-required = To pole jest wymagane.
field-unknown = Takie pole nie istnieje.
field-type = To pole ma zły typ.
field-too_short = Użyj co najmniej { $min ->
        [one] jednego znaku
       *[many] { $min } znaków
    }.
field-too_long = Użyj najwyżej { $max ->
        [one] jednego znaku
       *[many] { $max } znaków
    }.
field-email = To nie jest adres e-mail.
field-unchanged = Tak jest już teraz.
field-phone = To nie jest numer telefonu, na który można wysłać SMS. Zacznij od + i kodu kraju.
field-phone_country = Do tego kraju nie wysyłamy wiadomości SMS.
field-date = To nie jest data (RRRR-MM-DD).
field-too_young = Musisz mieć co najmniej { $min } lat.
field-too_old = Ta data jest zbyt odległa.
field-in_future = Ta data leży w przyszłości.
field-username_format = Użyj małych liter, cyfr i pojedynczych podkreśleń; zacznij od litery i nie kończ podkreśleniem.
field-username_refused = Tej nazwy użytkownika nie można użyć.
field-username_taken = Ta nazwa użytkownika jest zajęta.
field-characters = Niektórych znaków nie można tu użyć.
field-password_upper = Użyj wielkiej litery.
field-password_lower = Użyj małej litery.
field-password_digit = Użyj cyfry.
field-password_symbol = Użyj symbolu.
field-password_common = To hasło jest zbyt popularne.
field-password_breached = To hasło jest znane z wycieku danych. Wybierz takie, którego nie używasz nigdzie indziej.
field-password_same = Wybierz inne hasło niż obecne.
field-password_personal = Nie używaj w haśle własnej nazwy, adresu e-mail ani numeru telefonu.
field-mismatch = Oba pola muszą być takie same.
field-profanity = Tego słowa nie można tu użyć.
field-country = To nie jest kraj (dwie litery, na przykład PL).
field-country_blocked = Do tego kraju nie dostarczamy.
field-postal_code = Kody pocztowe tego kraju wyglądają inaczej.
field-locale = Ten język nie jest dostępny.
field-choice = To nie jest jedna z możliwości.
field-file_type = Użyj obrazu JPEG, PNG lub WebP.
field-file_size = Plik może mieć od 1 do { $max } bajtów.
field-checksum = To nie jest suma kontrolna SHA-256.
field-id = To nie jest prawidłowy identyfikator.
field-code_format = To nie jest cały kod. Wpisz wszystkie jego cyfry lub litery.
field-invite_invalid = Tego kodu zaproszenia nie można podać.
field-range = Użyj liczby od { $min } do { $max }.
