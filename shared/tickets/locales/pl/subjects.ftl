# Tematy formularza kontaktowego, według ich wartości.
subject-account_access = Nie mogę dostać się na swoje konto
subject-sign_in_email = Nie mogę zalogować się adresem e-mail
subject-sign_in_username = Nie mogę zalogować się nazwą użytkownika
subject-sign_in_code = Nie mogę zalogować się kodem
subject-impersonation = Ktoś podszywa się pode mnie lub pod kogoś innego
subject-report_user = Chcę zgłosić inną osobę
subject-bug_report = Coś nie działa
subject-other = Coś innego

# Od czego może zaczynać się wiadomość: powitanie i tekst do tematu.
greeting = Dzień dobry,

    nazywam się Imię Nazwisko.
template = Chcę zgłosić następującą sprawę:
template-account_access = Nie mogę dostać się na swoje konto. Oto czego próbuję i co widzę:
template-sign_in_email = Nie mogę zalogować się adresem e-mail. Oto czego próbuję i co widzę:
template-sign_in_username = Nie mogę zalogować się nazwą użytkownika. Oto czego próbuję i co widzę:
template-sign_in_code = Nie mogę zalogować się kodem. Oto jak dostaję kody i co widzę:
template-impersonation = Ktoś podszywa się pod inną osobę. Oto nazwa tej osoby i to, pod kogo się podszywa:
template-report_user = Chcę zgłosić inną osobę. Oto jej nazwa i to, co robi:
template-bug_report = Coś nie działa. Oto co robię, czego się spodziewam i co się dzieje:
