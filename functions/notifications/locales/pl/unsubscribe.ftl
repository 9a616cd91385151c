# Strona, którą otwiera link w wiadomości.
page-title = Zrezygnuj z wiadomości
page-lead = Czy nie chcesz już dostawać e-maili o tym: { $what }?
page-button = Zrezygnuj
done-title = Nie dostaniesz już takich wiadomości
done-lead = Od teraz nie dostajesz e-maili o tym: { $what }. W ustawieniach konta możesz je znowu włączyć.

# O czym są wiadomości.
about-direct = wiadomości bezpośrednie
about-mention = wzmianki o Tobie
about-group = wiadomości w grupach
about-support = odpowiedzi pomocy
about-friends = zaproszenia do znajomych
about-orders = zamówienia
about-security = bezpieczeństwo konta
