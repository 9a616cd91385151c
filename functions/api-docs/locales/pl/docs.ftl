# Teksty stron pod `/docs`, w HTML. Przy budowaniu trafiają do szablonów w `assets`, po jednym w wierszu.
language = Polski
documents = Dokumenty
api = API
flows = Procesy
client = Klient
from = Z innych projektów

docs-about = Każda operacja z limitami, błędami i przykładami. Opisy są po angielsku, bo są dla programistów. Operacje można tu wypróbować.
docs-search = Szukaj operacji
docs-search-hint = Szukaj operacji: password, DELETE, /v1/me …
docs-no-script = Ta strona wymaga JavaScriptu. Sam opis jest pod adresem <a href="/openapi.json">/openapi.json</a>.

flows-skip = Przejdź do procesów
flows-title = Procesy krok po kroku
flows-about = Co wysyła frontend, co dostaje i co w tym czasie robi człowiek. Każda operacja z limitami, błędami i przykładami jest w <a href="/docs">dokumentacji</a>, każda ramka WebSocketu w <a href="/asyncapi.json">asyncapi.json</a>; błędy są dokumentami problemów, z których programy porównują <code>code</code>.
flows-contents = Procesy
flows-no-script = Diagramy rysuje skrypt. Operacje opisuje <a href="/openapi.json">/openapi.json</a>.

client-skip = Przejdź do treści
client-title = Klient JavaScript
client-about = Klient bez zależności, który loguje, wywołuje API z typami i utrzymuje pokoje w całości, cokolwiek dzieje się z połączeniem. Każde wdrożenie udostępnia klienta pasującego do swojego API pod adresem <a href="/client/stoa.js"><code>/client/stoa.js</code></a>, z typami w <a href="/client/stoa.d.ts"><code>stoa.d.ts</code></a>. Działa w przeglądarkach, w workerach i w Node od wersji 22; Node 20 potrzebuje opcji <code>WebSocket</code> do wszystkiego, co dzieje się na żywo.
client-start = Początek
client-start-about = Strona importuje go z API; jej adres musi być wśród dozwolonych. Projekt instaluje go z repozytorium, w wersji swojego wdrożenia. Sam import jeszcze nic nie robi.
client-tokens = Gdzie są tokeny
client-tokens-about = <code>tokens: "cookie"</code> trzyma token odświeżania w ciasteczku, którego skrypty nie mogą odczytać: dla przeglądarek, w tej samej witrynie co API. <code>"memory"</code>, wartość domyślna, trzyma go do zamknięcia strony. Cokolwiek z <code>get()</code> i <code>set(token)</code> trzyma go gdzie indziej. Tokeny dostępu odnawiają się same, raz dla wszystkich wywołań, które ich potrzebują. Karty informują się nawzajem o nowym tokenie i o wylogowaniu, bez blokad.
client-signing-in = Logowanie
client-signing-in-about = <code>session.current.state</code> to <code>unknown</code>, <code>signed_out</code>, <code>needs_factor</code> albo <code>signed_in</code>. Logowanie zwraca następny krok, a każdy krok kolejny. Odpowiedź <code>step_up_required</code> uruchamia zarejestrowane potwierdzenie, raz dla wszystkich wywołań, które na nie czekają; potem wywołanie jest powtarzane.
client-calls = Wywołania
client-calls-about = Ścieżki, parametry, treści, odpowiedzi i kody problemów mają typy z dokumentu OpenAPI. Nic nie jest rzucane: wynik ma <code>data</code> albo <code>problem</code>. Wywołanie bez odpowiedzi ma kod <code>unreachable</code>. Tylko iteracja po stronach rzuca <code>StoaError</code> z problemem. Zadania, o które prosi <code>proof_of_work_required</code>, są rozwiązywane po drodze.
client-rooms = Pokoje
client-rooms-about = Gniazdo otwiera się z pierwszym pokojem, ponownie po utracie, po losowym czasie od 0,5 do 30 sekund albo gdy tylko wróci sieć, i jest wymieniane, zanim zamknie je platforma. Potem każdy pokój pyta o to, co go ominęło, więc jego wiadomości są w kolejności, kompletne i nigdy podwójne. Własna wiadomość pojawia się od razu w stanie <code>sending</code>, a potem <code>sent</code> albo <code>failed</code>. Wiadomości pokoju wychodzą jedna po drugiej, a ta, na którą zginęła odpowiedź, jest wysyłana ponownie bez podwojenia. Klient przestrzega tempa ramek konta.
client-list = Moje pokoje, grupy i kanały
client-list-about = Listę pokoi wypełnia powitanie gniazda; <code>more</code> wczytuje nazwy, ostatnie wiadomości i liczbę nieprzeczytanych. Odtąd wszystko to nadąża za zdarzeniami, na tym urządzeniu i na innych. Tutaj zakłada się grupy i kanały, dołącza do nich i z nich wychodzi. Kto zostanie usunięty z pokoju, dostaje <code>gone</code>, a pokój jest zamykany. Osoby wskazuje się identyfikatorami.
client-people = Ludzie
client-people-about = <code>stoa.people</code> to lista znajomych, obok <code>sent</code>, <code>received</code> i <code>blocked</code>. Każda jest pusta, dopóki nie wywoła się <code>more</code>, a potem jest aktualizowana. Połączenie odczytuje też <code>blocked</code>, bo wiadomości tych osób nie są liczone jako nieprzeczytane. Wyniki wyszukiwania i osoby w pobliżu mówią, jaka jest relacja z nimi.
client-notifications = Powiadomienia
client-notifications-about = Skrzynka od najnowszych, liczba nieprzeczytanych i każde powiadomienie, gdy nadchodzi. Po zerwaniu połączenia to, co przyszło w międzyczasie, jest wczytywane z serwera. <code>settings</code> i <code>setSettings</code> są od tego, o czym chce się wiedzieć.
client-support = Pomoc
client-support-about = Osobna część, dla aplikacji, które ją pokazują. Klient ma jeden wątek z całym zespołem. Członkowie zespołu widzą wszystkie wątki według stanu. Odpowiedź kończy się kodem <code>thread_moved_on</code>, jeśli ktoś coś napisał, odkąd jej autor patrzył. Gniazdo jest zespołu, jeśli otwarto je po potwierdzeniu drugiego składnika: mówi o tym <code>support.team</code>.
client-shop = Sklep
client-shop-about = Osobna część: produkty z tym, co mówią o nich ludzie, oraz katalog modeli.
client-checkout = Koszyk i płatności
client-checkout-about = Osobna część. Koszyk gościa jest zachowany dzięki tokenowi, w pamięci albo tam, gdzie wskazuje <code>guest</code>. Po zalogowaniu koszyk jest czytany ponownie, a koszyk gościa staje się częścią koszyka członka; <code>capped</code> i <code>left_out</code> mówią, co przy tym przepadło. Po wylogowaniu nic z niego nie zostaje dla następnej osoby. Zmiany idą jedna po drugiej, i jeszcze raz, gdy inni byli szybsi. Zamówienie, darowizna i zakup zaczynają się jeden raz, niezależnie od liczby kliknięć, także gdy odpowiedź przepadła: wtedy pyta się o to samo jeszcze raz. <code>pay</code> daje sekret Twojej funkcji, która płaci skryptem Stripe, a potem sprawdza, aż płatność będzie rozliczona. Listy to historia od najnowszych.
client-account = Konta
client-account-about = Osobna część, dla stron, na których ktoś zakłada konto, zmienia jego ustawienia i odchodzi. Rejestracja jest magazynem (<code>store</code>) swoich kroków. Logowanie telefonem i kluczem dostępu zwraca te same kroki co logowanie hasłem. Sesje, zaufane urządzenia, klucze dostępu, adresy i klucze API to listy, które nadążają za tym, co się tu robi. Hasła, dane kontaktowe, drugie składniki, zaproszenia i koniec konta to wywołania; to, co wymaga świeżego potwierdzenia, uruchamia zarejestrowaną funkcję. O archiwum swoich danych prosi się i czeka na nie jednym wywołaniem. Formularz kontaktowy jest także dla gości.
client-me = Własny profil
client-me-about = Zmiana podaje wersję profilu, która została ostatnio wczytana, więc dwa urządzenia nie nadpisują się nawzajem. Zdjęcie jest zgłaszane, wysyłane i publikowane jednym wywołaniem.
client-frameworks = Frameworki
client-frameworks-about = Wszystko, co się zmienia, jest magazynem: <code>current</code> oraz <code>subscribe</code>, które wywołuje z wartością teraz i po każdej zmianie i zwraca to, co to kończy. Svelte bierze go bez zmian, a React i Vue jedną linijką, tu dla React.

from-skip = Przejdź do tabeli
from-projects = Projekty
from-there = Tam
from-here = Tutaj
from-different = Co jest inaczej i dlaczego
from-frame = ramka
from-setting = ustawienie
from-name = Co mają wspólnego
from-cantina-shop-name = CantinaShop
from-chat-app-name = django_react_chat_app
from-django5-tutorial-name = django5-tutorial
from-shuttrly-name = Shuttrly
from-user-auth-name = User-Auth
