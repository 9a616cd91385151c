# The texts of the pages under `/docs`, as HTML. The build puts them into the templates in `assets`, one line each.
language = English
documents = Documents
api = The API
flows = The flows

docs-about = Every operation with its limits, errors and examples. Operations can be tried out here.
docs-search = Search the operations
docs-search-hint = Search the operations: password, DELETE, /v1/me …
docs-no-script = This page needs JavaScript. The description itself is at <a href="/openapi.json">/openapi.json</a>.

flows-skip = Skip to the flows
flows-title = The flows, step by step
flows-about = What a frontend sends, what it gets, and what the person does meanwhile. Every operation with its limits, errors and examples is in <a href="/docs">the documents</a>, every frame of the socket in <a href="/asyncapi.json">asyncapi.json</a>; errors are problem documents, of which programs compare <code>code</code>.
flows-contents = Flows
flows-no-script = The diagrams are drawn by a script. The operations are described at <a href="/openapi.json">/openapi.json</a>.
