# Co projekt miał i co jest tu inaczej: teksty wierszy z projects/from.txt, w HTML.
title = Z innego projektu
about = Pięć projektów miało części tego, co jest tutaj. Każdy ma stronę z tabelą: co robił, gdzie to jest tutaj i co jest inaczej. Ta tabela mówi o tym, co jest inaczej dla wszystkich.

addresses = Ścieżki nazwane od stron i formularzy
addresses-here = Rzeczowniki w liczbie mnogiej pod <code>/v1</code>, snake_case w JSON. Dawne ścieżki odpowiadają 404: nic nie jest przekierowywane.
pages = Strony tworzone na serwerze, z fragmentami i komunikatami
pages-here = Wyświetla dowolny frontend; API odpowiada w JSON. Stronami są tu tylko cele linków z e-maili, formularz kontaktowy i konsola zespołu.
session = Ciasteczko sesji i token CSRF albo tokeny o długim życiu
session-here = Token dostępu na dziesięć minut i jednorazowy token odświeżania; w ciasteczku wymaga nagłówka <code>X-Stoa-Csrf</code>. Tokenów na miesiące nie dało się cofnąć.
errors = Błędy jako teksty, czasem ze statusem 200
errors-here = Dokumenty problemów (RFC 9457), w których programy porównują <code>code</code>: 422 dla pól, 409 dla stanów, 412 dla wersji, 429 z <code>Retry-After</code>. Kto prosi o HTML, dostaje stronę.
ids = Liczby jako identyfikatory, które można zgadywać po kolei
ids-here = Identyfikatory z przedrostkiem, z których nie wynika, ile ich jest. Na cudze odpowiedź jest taka jak na nieistniejące.
lists = Numerowane strony i liczba wszystkich
lists-here = Strona ma <code>next_cursor</code>, który należy do jej pytania. Nic się nie powtarza ani nie ginie, gdy inni piszą; nie ma sum.
changes = Wygrywa ostatni zapis; drugie kliknięcie tworzy drugi wpis
changes-here = Zmiana podaje wersję w <code>If-Match</code>. Co kosztuje albo coś wysyła, przyjmuje <code>Idempotency-Key</code> i dzieje się raz.
proofs = Ponowne hasło w niektórych formularzach
proofs-here = Zmiany poświadczeń, kontaktów i ról, odejście, eksport i zmiany dokonywane przez zespół wymagają dowodu sprzed najwyżej pięciu minut, najmocniejszą metodą konta. Do czytania i do rozmów z klientami w dziale pomocy wystarczy zespołowi dowód z ostatnich dwunastu godzin.
language = Jeden język albo część stron w innym
language-here = Wszystko po angielsku i po polsku: decydują <code>?lang</code>, profil i przeglądarka. <code>code</code> jest w obu ten sam.
jobs = Kolejka zadań z procesami roboczymi i harmonogramy edytowane w bazie
jobs-here = To, co zmiana powoduje, jest zapisywane razem z nią i wykonywane co najmniej raz. Harmonogramy są w szablonie. <code>cargo run</code> pokazuje oba na tym komputerze.
admin = Panel nad wszystkimi tabelami, z uprawnieniami zaznaczanymi pojedynczo
admin-here = Trzy stałe role, każda obejmuje poprzednią: moderator, administrator, superużytkownik. Każda ich zmiana wymaga drugiego składnika i jest zapisywana; nikt nie zmienia własnych ról.
