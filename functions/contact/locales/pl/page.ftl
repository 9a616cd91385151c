# Strona z formularzem kontaktowym.
title = Napisz do nas
lead = Odpowiadamy e-mailem na podany adres.
no-script = Ta strona wymaga JavaScriptu.
no-connection = Brak połączenia. Nic nie przepadło: spróbuj ponownie.
name = Imię i nazwisko
email = Adres e-mail
subject = Temat
choose = Wybierz temat
message = Wiadomość
message-hint = Od { $min } do { $max } znaków. Zastąp imię i nazwisko w tekście swoimi.
button = Wyślij
done = Dziękujemy. Mamy Twoją wiadomość o numerze { $id } i odpowiemy e-mailem.
