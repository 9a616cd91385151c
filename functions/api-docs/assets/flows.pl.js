// The sentences of the flows in Polish, by those in English. Calls and replies without words are the same in both languages.
const WORDS = {
  "Person": "Osoba",
  "Mail, SMS": "E-mail, SMS",
  "or": "albo",

  "Registering in six steps": "Rejestracja w sześciu krokach",
  "The id of the flow is a secret: store it so that it survives a reload and nobody else can read it. The answer of every step names the next step, and the steps that can be repeated.":
    "Identyfikator procesu jest tajny: przechowuj go tak, by przetrwał przeładowanie strony i by nikt inny go nie odczytał. Odpowiedź na każdy krok podaje następny krok i kroki, które można powtórzyć.",
  "e-mail address": "adres e-mail",
  "code, ten minutes, three tries": "kod, dziesięć minut, trzy próby",
  "no code came": "kod nie przyszedł",
  "202, or 429 resend_too_early with retry_after": "202 albo 429 resend_too_early z retry_after",

  "Registering by a mailed link": "Rejestracja linkiem z wiadomości",
  "Opening the link changes nothing. Sending the form of its page, with the password chosen before, activates the account.":
    "Otwarcie linku niczego nie zmienia. Konto aktywuje wysłanie formularza z jego strony z hasłem wybranym wcześniej.",
  "address, username, password": "adres, nazwa, hasło",
  "link, a day, once": "link, doba, jeden raz",
  "the password": "hasło",
  "200 {username, target}: whose account it is": "200 {username, target}: czyje to konto",

  "Registering and signing in by phone number": "Rejestracja i logowanie numerem telefonu",
  "The calls are the same with and without an account, and so are the answers until the code is right: nobody learns which numbers have an account.":
    "Wywołania są takie same z kontem i bez konta, a odpowiedzi też, aż kod będzie dobry: nikt się nie dowie, które numery mają konto.",
  "phone number": "numer telefonu",
  "code, two minutes, three tries": "kod, dwie minuty, trzy próby",
  "201 {access_token, …}: signed in": "201 {access_token, …}: zalogowano",
  "the account has second factors": "konto ma drugie składniki",
  "202 {id, step: choose_factor, …}: go on as below": "202 {id, step: choose_factor, …}: dalej jak niżej",

  "Signing in": "Logowanie",
  "202 instead of 201 means that a second step is needed. Nobody is signed in until it is done. A trusted device sends its token, or its cookie, and needs no second step.":
    "202 zamiast 201 oznacza, że potrzebny jest drugi krok. Do jego ukończenia nikt nie jest zalogowany. Zaufane urządzenie wysyła swój token albo ciasteczko i nie potrzebuje drugiego kroku.",
  "name and password": "nazwa i hasło",
  "201 {access_token, …, next}: signed in": "201 {access_token, …, next}: zalogowano",
  "with second factors": "z drugimi składnikami",
  "one of them": "jeden z nich",
  "code": "kod",
  "a wrong code": "błędny kod",
  "422 code_invalid {tries_left}; after three begin anew": "422 code_invalid {tries_left}; po trzech trzeba zacząć od nowa",

  "Signing in with a passkey": "Logowanie kluczem dostępu",
  "Pass the options to navigator.credentials unchanged: PublicKeyCredential.parseRequestOptionsFromJSON parses them. Send toJSON() of the resulting credential.":
    "Opcje przekaż do navigator.credentials bez zmian: odczytuje je PublicKeyCredential.parseRequestOptionsFromJSON. Wyślij toJSON() otrzymanego poświadczenia.",
  "201 {id, passkey: {challenge, …}}: valid for one answer": "201 {id, passkey: {challenge, …}}: ważne na jedną odpowiedź",
  "finger, face or PIN": "palec, twarz albo PIN",
  "making one, signed in": "tworzenie klucza po zalogowaniu",

  "Stepping up": "Ponowne potwierdzenie",
  "Changes of e-mail address, phone number, username, password, factors and passkeys, account deletion, and whatever staff change outside of support threads need a proof of at most five minutes ago, by the person’s strongest method. A flow that was started with it continues only with tokens of that proof, including refreshed ones.":
    "Zmiany adresu e-mail, numeru telefonu, nazwy, hasła, składników i kluczy dostępu, usunięcie konta oraz wszystko, co zespół zmienia poza rozmowami z klientami w dziale pomocy, wymagają potwierdzenia sprzed najwyżej pięciu minut, najsilniejszą metodą tej osoby. Proces, który się od niego zaczął, toczy się dalej tylko z tokenami tego potwierdzenia, także odświeżonymi.",
  "six digits of the app": "sześć cyfr z aplikacji",
  "POST /v1/sign-ins/{id}/verify {code}, with the access token": "POST /v1/sign-ins/{id}/verify {code}, z tokenem dostępu",
  "200 {access_token, refresh_token}: the former ones are no longer valid": "200 {access_token, refresh_token}: poprzednie tracą ważność",
  "PUT /v1/me/password …, with the new access token": "PUT /v1/me/password …, z nowym tokenem dostępu",
  "a passkey is asked for, and is lost": "wymagany klucz dostępu zaginął",

  "During an attack on many accounts": "Podczas ataku na wiele kont",
  "When more than a thousand passwords and codes have failed within ten minutes, every sign-in needs proof of work, about a second of computing, except on a trusted device. The challenge is valid for five minutes, for this client and this account.":
    "Gdy w dziesięć minut zawiedzie ponad tysiąc haseł i kodów, każde logowanie wymaga dowodu pracy, około sekundy obliczeń, z wyjątkiem zaufanego urządzenia. Wyzwanie jest ważne pięć minut, dla tego klienta i tego konta.",
  "counts n up until SHA-256(challenge + '.' + n) begins with as many zero bits": "zwiększa n, aż SHA-256(challenge + '.' + n) zacznie się od tylu zerowych bitów",
  "POST /v1/sessions {login, password}, with Proof-of-Work: challenge.n": "POST /v1/sessions {login, password}, z Proof-of-Work: challenge.n",

  "Turning second factors on": "Włączanie drugich składników",
  "Needs a verified address and phone number. Nothing is turned on before the last step, and the set-up expires after ten minutes. The secret of the app is shown once: if it is lost by a reload, start again.":
    "Wymaga potwierdzonego adresu i numeru telefonu. Przed ostatnim krokiem nic się nie włącza, a konfiguracja wygasa po dziesięciu minutach. Sekret aplikacji widać tylko raz: jeśli zginie przy przeładowaniu, zacznij od nowa.",
  "scans the picture": "skanuje obrazek",
  "code by mail": "kod e-mailem",
  "code by text message": "kod SMS-em",
  "201 {recovery_codes}: shown this once": "201 {recovery_codes}: widoczne tylko ten raz",

  "An invitation code": "Kod zaproszenia",
  "Everybody has one, and can enter one of another person once, during the registration or later. Its owner sees who entered it, with the phone number only if that person agrees.":
    "Ma go każdy i każdy może raz wpisać kod innej osoby, podczas rejestracji albo później. Właściciel kodu widzi, kto go wpisał, a numer telefonu tylko za zgodą tej osoby.",
  "201 {inviter}, or 422 invite_invalid, 409 invite_used": "201 {inviter} albo 422 invite_invalid, 409 invite_used",
  "the owner": "właściciel kodu",

  "Export of all personal data": "Eksport wszystkich danych osobowych",
  "One archive a day. It is made soon after the request and deleted after 24 hours. The request and the link need a fresh proof.":
    "Jedno archiwum na dobę. Powstaje wkrótce po prośbie i znika po 24 godzinach. Prośba i link wymagają świeżego potwierdzenia.",
  "notice that it is ready": "wiadomość, że jest gotowe",
  "200 {status: ready, url}: valid for five minutes": "200 {status: ready, url}: ważne pięć minut",
  "downloads stoa-export.zip": "pobiera stoa-export.zip",

  "Changing address or number": "Zmiana adresu lub numeru",
  "The current one stays until the code of the new one is entered, and gets a notice. For a contact of another account the answer is the same. Codes and links that were sent to the former one are no longer valid.":
    "Obecny pozostaje, aż zostanie wpisany kod nowego, i dostaje wiadomość. Dla adresu lub numeru z innego konta odpowiedź jest taka sama. Kody i linki wysłane na poprzedni tracą ważność.",
  "the new address": "nowy adres",
  "code to the new, notice to the current one": "kod na nowy, wiadomość na obecny",
  "200 the profile; other sign-ins have ended": "200 profil; pozostałe sesje się zakończyły",
  "notice to both; a new link where a deletion is scheduled": "wiadomość na oba; nowy link, jeśli zaplanowano usunięcie",
  "somebody else has changed it, and staff undo that": "zmienił go ktoś inny, a zespół to cofa",
  "link to the former one, a day, once; notice to the current one": "link na poprzedni, doba, jeden raz; wiadomość na obecny",
  "204; every sign-in and the password have ended": "204; wszystkie sesje i hasło straciły ważność",

  "A forgotten password": "Zapomniane hasło",
  "The answer is the same whether or not the address has an account. Nobody is signed in by the link.":
    "Odpowiedź jest taka sama, czy adres ma konto, czy nie. Link nikogo nie loguje.",
  "address": "adres",
  "link, half an hour, once": "link, pół godziny, jeden raz",
  "a new password": "nowe hasło",
  "204; every sign-in has ended": "204; wszystkie sesje się zakończyły",
  "201 or 202, as usual": "201 albo 202, jak zwykle",

  "Staying signed in": "Pozostawanie zalogowanym",
  "An access token is valid for ten minutes. A refresh token can be used once. A repetition within ten seconds, after a lost reply, gets the same answer.":
    "Token dostępu jest ważny dziesięć minut. Token odświeżania działa jeden raz. Powtórzenie w ciągu dziesięciu sekund, po zgubionej odpowiedzi, dostaje tę samą odpowiedź.",
  "GET /v1/me, with an old access token": "GET /v1/me, ze starym tokenem dostępu",
  "the cookie keeps it": "trzyma go ciasteczko",
  "a spent one is shown later": "zużyty pojawia się później",
  "401 refresh_invalid: the session has ended": "401 refresh_invalid: sesja się zakończyła",
  "notice": "wiadomość",

  "Chat": "Czat",
  "One socket for each client, with a ticket that is valid for 30 seconds. Frames are described in /asyncapi.json. Numbers show what is missing: keep the highest of each room, and ask with sync where last_seq or a message has a higher one.":
    "Jedno gniazdo na klienta, z biletem ważnym 30 sekund. Ramki opisuje /asyncapi.json. Numery pokazują, czego brakuje: zapamiętaj najwyższy w każdym pokoju i zapytaj przez sync tam, gdzie last_seq lub wiadomość ma wyższy.",
  "{type: sync, room, since}, where last_seq is higher": "{type: sync, room, since}, gdzie last_seq jest wyższy",
  "{type: message, seq, …}: of others, without an id": "{type: message, seq, …}: innych osób, bez id",
  "Good morning!": "Dzień dobry!",
  "no answer came": "odpowiedź nie przyszła",
  "the same send with the same nonce": "to samo send z tym samym nonce",
  "{type: ack, …}: committed once": "{type: ack, …}: zapisane jeden raz",
  "nothing to send for nine minutes": "przez dziewięć minut nic do wysłania",
  "the session ended elsewhere": "sesję zakończono gdzie indziej",
  "signs in again": "loguje się ponownie",

  "Writing to one person": "Pisanie do jednej osoby",
  "A direct room is made by its first opening, and both find it in their lists. Whether somebody may be written to is their choice.":
    "Pokój prywatny powstaje przy pierwszym otwarciu i obie osoby widzą go na swoich listach. Każdy sam decyduje, kto może do niego pisać.",
  "201 or 200 {id, kind: direct, with}, or 403 chat_not_allowed": "201 lub 200 {id, kind: direct, with} albo 403 chat_not_allowed",
  "reading back": "czytanie wstecz",

  "A file in a message": "Plik w wiadomości",
  "A file is uploaded for one room and sent once. Pictures are made anew without metadata, videos and documents are checked. Links to it are made for members, and end with the message.":
    "Plik przesyła się do jednego pokoju i wysyła raz. Obrazy są tworzone od nowa, bez metadanych, a filmy i dokumenty są sprawdzane. Linki do pliku są tworzone dla członków i kończą się razem z wiadomością.",
  "GET /v1/rooms/{room}/uploads/{id}, once a second": "GET /v1/rooms/{room}/uploads/{id}, raz na sekundę",
  "it is not what it was declared to be": "plik nie jest tym, co zapowiedziano",
  "a member looks at it": "członek ogląda plik",
  "200 {url, preview_url}: five minutes, or 404": "200 {url, preview_url}: pięć minut, albo 404",
  "A picture": "Zdjęcie",
  "The file goes to the bucket, not through the API. What is declared is signed: no other file is accepted there. The picture is scaled and made anew, so nothing else of the file is published.":
    "Plik trafia do zasobnika, a nie przez API. To, co zadeklarowano, jest podpisane: żaden inny plik nie zostanie tam przyjęty. Zdjęcie jest skalowane i tworzone od nowa, więc nic innego z pliku nie jest publikowane.",
  "SHA-256 of the file": "SHA-256 pliku",
  "201 {id, url, headers}: five minutes": "201 {id, url, headers}: pięć minut",
  "PUT url, with the headers": "PUT url, z tymi nagłówkami",
  "GET /v1/me/picture/uploads/{id}, once a second": "GET /v1/me/picture/uploads/{id}, raz na sekundę",
  "it is no picture": "to nie jest zdjęcie",
  "the picture is removed": "usunięcie zdjęcia",

  "A cart, before and after the sign-in": "Koszyk przed zalogowaniem i po nim",
  "A guest’s cart has a token, which is told once. Whoever signs in sends it once more: then the carts are one, with at most 99 of each product, and the token names nothing any more. Forget it after that, and at a sign-out, so that it never reaches somebody else.":
    "Koszyk gościa ma token, który jest podawany jeden raz. Kto się zaloguje, wysyła go jeszcze raz: wtedy koszyki stają się jednym, najwyżej po 99 sztuk każdego produktu, a token nie oznacza już niczego. Potem go zapomnij, przy wylogowaniu także, żeby nigdy nie trafił do kogoś innego.",
  "a product": "produkt",
  "PUT /v1/cart/items/{product} {quantity}, with Cart-Token": "PUT /v1/cart/items/{product} {quantity}, z Cart-Token",
  "200 {items, total}: at the prices of this moment": "200 {items, total}: po cenach z tej chwili",
  "GET /v1/cart, with Cart-Token and the access token": "GET /v1/cart, z Cart-Token i tokenem dostępu",
  "the guest is about to order": "gość właśnie zamawia",
  "GET /v1/cart, with checkout=true too": "GET /v1/cart, także z checkout=true",
  "200 {items, saved}: the member’s own cart comes back after the order": "200 {items, saved}: własny koszyk wraca po zamówieniu",

  "An order by card": "Zamówienie kartą",
  "It is ordered for the total that the cart was shown with, and goes to the main address of the account. Its products are reserved for fifteen minutes. Stripe’s script pays it, and only what Stripe says counts. Keep the Idempotency-Key until there is an answer.":
    "Zamawia się za sumę, z którą koszyk był pokazany, na główny adres konta. Produkty są zarezerwowane na piętnaście minut. Płaci skrypt Stripe i liczy się tylko to, co mówi Stripe. Zachowaj Idempotency-Key, aż przyjdzie odpowiedź.",
  "the order": "zamówienie",
  "POST /v1/orders {payment_method: card, total}, with Idempotency-Key": "POST /v1/orders {payment_method: card, total}, z Idempotency-Key",
  "the card, and what the bank asks": "kartę i to, o co pyta bank",
  "GET /v1/orders/{order}, until it is settled": "GET /v1/orders/{order}, aż będzie rozliczone",
  "notice that it is paid": "powiadomienie o zapłacie",
  "the answer was lost": "odpowiedź przepadła",
  "POST /v1/orders, with the same Idempotency-Key": "POST /v1/orders, z tym samym Idempotency-Key",
  "201: the same order": "201: to samo zamówienie",
  "something is missing": "czegoś brakuje",
  "409 order_incomplete {missing}, out_of_stock {products}, or prices_changed {total}": "409 order_incomplete {missing}, out_of_stock {products} albo prices_changed {total}",
  "the card was declined": "karta została odrzucona",
  "200 {state: pending_payment, payment: {decline}}: the same secret takes another card": "200 {state: pending_payment, payment: {decline}}: tym samym sekretem można zapłacić inną kartą",
  "the page was loaded again": "strona została przeładowana",
  "nobody has paid in time": "nikt nie zapłacił na czas",
  "200 {state: expired}: what is paid all the same is given back": "200 {state: expired}: co mimo to zapłacono, jest zwracane",
  "a change of mind, before it is paid": "zmiana zdania przed zapłatą",

  "A donation or a plan": "Darowizna albo plan",
  "Both are paid like an order, and have no stock and no end. The payment is begun when the form is sent, and not when its page is looked at.":
    "Za jedno i drugie płaci się jak za zamówienie, ale bez stanu magazynu i bez terminu. Płatność zaczyna się przy wysłaniu formularza, a nie przy oglądaniu strony.",
  "amount, country, postal code": "kwotę, kraj, kod pocztowy",
  "POST /v1/donations {amount, country, postal_code}, with Idempotency-Key": "POST /v1/donations {amount, country, postal_code}, z Idempotency-Key",
  "GET /v1/donations/{donation}, until it is settled": "GET /v1/donations/{donation}, aż będzie rozliczona",
  "receipt": "potwierdzenie wpłaty",
  "a plan": "plan",
  "POST /v1/plan-payments {plan}, with Idempotency-Key": "POST /v1/plan-payments {plan}, z Idempotency-Key",
  "three cards were refused": "odrzucono trzy karty",
  "403 captcha_required: the same again with captcha": "403 captcha_required: to samo jeszcze raz, z captcha",

  "Leaving": "Odejście",
  "Everything is deleted 30 days after the request, unless it is cancelled until then. During that time the account works as before.":
    "Wszystko zostaje usunięte 30 dni po prośbie, jeśli do tego czasu się jej nie anuluje. W tym czasie konto działa jak dotąd.",
  "POST /v1/me/deletion {password}, after a step-up": "POST /v1/me/deletion {password}, po ponownym potwierdzeniu",
  "notice with a link to cancel": "wiadomość z linkiem do anulowania",
  "a change of mind, signed in": "zmiana zdania, po zalogowaniu",
  "a change of mind, by the link": "zmiana zdania, linkiem",
  "30 days later": "30 dni później",
  "receipt: everything is deleted": "potwierdzenie: wszystko usunięto",
  "only a pause": "tylko przerwa",
  "POST /v1/me/deactivation {password}, after a step-up": "POST /v1/me/deactivation {password}, po ponownym potwierdzeniu",
  "204; signing in is refused until staff reactivate it": "204; logowanie jest niemożliwe, aż zespół przywróci konto",
};
