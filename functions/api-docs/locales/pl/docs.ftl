# Teksty stron pod `/docs`, w HTML. Przy budowaniu trafiają do szablonów w `assets`, po jednym w wierszu.
language = Polski
documents = Dokumenty
api = API
flows = Procesy

docs-about = Każda operacja z limitami, błędami i przykładami. Opisy są po angielsku, bo są dla programistów. Operacje można tu wypróbować.
docs-search = Szukaj operacji
docs-search-hint = Szukaj operacji: password, DELETE, /v1/me …
docs-no-script = Ta strona wymaga JavaScriptu. Sam opis jest pod adresem <a href="/openapi.json">/openapi.json</a>.

flows-skip = Przejdź do procesów
flows-title = Procesy krok po kroku
flows-about = Co wysyła frontend, co dostaje i co w tym czasie robi człowiek. Każda operacja z limitami, błędami i przykładami jest w <a href="/docs">dokumentacji</a>, każda ramka WebSocketu w <a href="/asyncapi.json">asyncapi.json</a>; błędy są dokumentami problemów, z których programy porównują <code>code</code>.
flows-contents = Procesy
flows-no-script = Diagramy rysuje skrypt. Operacje opisuje <a href="/openapi.json">/openapi.json</a>.
