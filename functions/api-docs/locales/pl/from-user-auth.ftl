# Co projekt miał i co jest tu inaczej: teksty wierszy z projects/from-user-auth.txt, w HTML.
title = Z projektu User-Auth
about = Dla osób, które znają Abduraxmonnn/User-Auth: logowanie numerem telefonu i kody zaproszeń.

start = Wysłanie numeru, które tworzy użytkownika i kod z czterech znaków
start-here = Numer nie tworzy konta: robi to dopiero dobry kod. Kod ma sześć cyfr, żyje 120 s i ma trzy próby, a następny jest po jego wygaśnięciu; to wszystko są ustawienia.
verify = Weryfikacja z numerem w adresie; znane numery były odrzucane
verify-here = W adresie jest proces, nigdy numer. To samo wywołanie loguje i rejestruje, dowolnie często, i zwraca tokeny.
simulated = Otwarty adres, który pokazuje kod dowolnego numeru
simulated-here = Żadna odpowiedź nie ma kodu. <code>cargo run</code> trzyma wiadomości w skrzynce i ma numery testowe; oba tylko w środowisku deweloperskim.
number = Numery jako liczby całkowite, dobre dla nielicznych krajów
number-here = Każda pisownia staje się E.164. Zmiana wymaga kodu na nowy numer i dowodu.
my-code = Kod zaproszenia dla każdego, z sześciu znaków
my-code-here = Powstaje z kontem, ze znaków, których nie da się pomylić, i jest niepowtarzalny.
enter = Podanie cudzego kodu, dla dowolnego numeru
enter-here = Po zalogowaniu, raz, nigdy własny ani osoby, którą się zaprosiło. Nieznane kody i kody nieczynnych kont dostają tę samą odpowiedź.
list = Lista numerów, które podały kod, dla każdego
list-here = Tylko dla właściciela, stronami. Numer jest zasłonięty, jeśli osoba się nie zgodziła.
profile = Profil z numerem, kodem i zaproszonymi
profile-here = Także nazwa, na początku losowana, imiona, zdjęcie i adres po podaniu kodu.
statistics = Statystyki, które zapowiadano
statistics-here = Rejestracje, potwierdzone kontakty i podane kody według dni oraz kto zaprosił najwięcej. Dla administratorów albo programów z kluczem.
language = Wiele języków, które zapowiadano
language-here = Angielski i polski. SMS-y są w języku profilu albo pierwszego żądania.
users = Lista użytkowników w panelu, szukana po numerze
users-here = Po całym numerze, całym adresie lub słowach. Nikt nie zakłada konta komuś innemu.
documents = Swagger UI jako pierwsza strona i ReDoc
documents-here = Swagger UI z przewodnikami. ReDoc nie ma.
