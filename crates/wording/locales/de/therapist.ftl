### The pages of therapists.

tab-today = Heute
therapists-only = Für Therapeutinnen und Therapeuten
therapists-only-sentence = Diese Seite ist für die Therapeutinnen und Therapeuten der Praxis.

## The day

today-title = Heute, { $day }
today-therapists = Wessen Tag
today-day = Der Tag
today-nothing = An diesem Tag gibt es keine Termine und keine freien Zeiten.
today-before = Vorheriger Tag
today-after = Nächster Tag
today-today = Heute
today-waiting = Wartet jetzt
today-who-waits = Jetzt wartet: { $clients }
today-in-room = Im Raum
today-since = seit { $time } Uhr
today-about = { $client }, { $time }
today-range = { $from }–{ $to }
today-join = Zum Gespräch
today-complete = Stattgefunden
today-no-show = Nicht erschienen
today-reopen = Rückgängig machen
today-free = frei
today-changed = Dieser Termin hat sich inzwischen geändert. So sieht der Tag jetzt aus.

## The week and the month

tab-week = Woche
tab-clients = Kartei
tab-practice = Praxis
week-title = Woche vom { $from } bis { $to }
week-before = Vorherige Woche
week-after = Nächste Woche
week-this = Diese Woche
week-place = Die Zeiten gelten für { $place }. Schattiert: außerhalb der Arbeitszeiten.
week-caption = { $therapist }, { $week }: Tage als Spalten, Stunden als Zeilen
week-time = Zeit
week-closed = geschlossen
week-nothing = Keine Termine.
month = Monat
month-before = Vorheriger Monat
month-after = Nächster Monat
month-caption = { $therapist }, { $month }: die Termine jedes Tages
month-count =
    { $count ->
        [0] keine
        [one] 1{ "\u00A0" }Termin
       *[other] { $count }{ "\u00A0" }Termine
    }

## One booking

booking-heading = { $client }, { $when }
booking-back = Der Tag
booking-status = Status
booking-client = Klientin oder Klient
booking-therapist = Therapeutin oder Therapeut
booking-held-until = Reserviert bis
booking-by-client = Von der Klientin oder dem Klienten
booking-note = Nachricht
booking-note-hint = Die Klientin oder der Klient kann sie lesen.
booking-to-client = Zur Klientin oder zum Klienten
booking-to-series = Zur Serie
booking-mark = Hat der Termin stattgefunden?
booking-end = Für alle beenden
booking-changes = Änderungen
booking-move = Verschieben
booking-move-button = Termin verschieben
booking-reassign = An eine Kollegin oder einen Kollegen übergeben
booking-reassign-button = Übergeben
booking-edit = Leistung, Preis oder Nachricht ändern
booking-price-hint = Bei 0 wird auf die Zahlung verzichtet.
booking-part-paid = Bezahlt sind bereits { $received }. Der Preis muss höher sein, oder Sie erstatten den Betrag zuerst.
booking-cancel-nothing = Es wird nichts erstattet, weil nichts bezahlt wurde.
booking-cancel-refund = Alles, was bezahlt wurde, wird erstattet: { $refund }.
booking-revoke-links = Alle Links ersetzen
booking-revoke-links-sentence = Die Links in früheren E-Mails funktionieren dann nicht mehr. Alle erhalten per E-Mail einen neuen.
booking-revoke-links-button = Links ersetzen
booking-payments = Zahlungen
booking-no-payments = Es gibt keine Zahlungen.
booking-payment = { $amount } am { $at }
booking-refunded = Erstattung von { $amount } am { $at }
booking-pay-page = Seite zum Bezahlen
booking-checkout = Seite des Zahlungsdienstes öffnen
booking-checkout-why = Auf der Seite oben kann jederzeit bezahlt werden. Hiermit wird die Seite des Zahlungsdienstes schon jetzt geöffnet, damit Sie sehen, ob es funktioniert.
booking-checkout-button = Seite öffnen
booking-pay = Zahlung erfassen
booking-pay-button = Zahlung erfassen
booking-paid-hint = Wenn das Feld leer bleibt, der ganze fällige Betrag.
booking-amount-left = Mehr als { $left } ist nicht fällig.
booking-refund = Erstatten
booking-refund-button = Erstatten
booking-refund-hint = Wenn das Feld leer bleibt, alles, was noch übrig ist.
booking-participants = Gäste
booking-invite = Gast einladen
booking-invite-button = Einladen
booking-revoke-invitation = Einladung zurückziehen
booking-invitation-revoked = Zurückgezogen
booking-emails = E-Mails
booking-attendance = Wer im Raum war
booking-attendance-unknown = Unbekannte Person
booking-history = Verlauf

booking-state =
    .pending_payment = noch nicht bezahlt
    .scheduled = bestätigt
    .completed = stattgefunden
    .no_show = nicht erschienen
    .cancelled = abgesagt
    .expired = nicht rechtzeitig bezahlt
payment-state =
    .opening = wird geöffnet
    .open = offen
    .processing = läuft
    .closing = wird geschlossen
    .settled = bezahlt
    .unapplied = zu spät bezahlt
    .closed = nicht bezahlt
refund-stage =
    .queued = wartet
    .pending = läuft
    .succeeded = erstattet
    .failed = fehlgeschlagen
    .retried = fehlgeschlagen, noch einmal versucht
participant-role =
    .participant = Nimmt teil
    .presenter = Darf den Bildschirm teilen
    .observer = Sieht und hört zu
history =
    .booking-held = Gebucht, noch zu bezahlen
    .booking-scheduled = Bestätigt
    .booking-rescheduled = Verschoben
    .booking-reassigned = Übergeben
    .booking-cancelled = Abgesagt
    .booking-expired = Nicht rechtzeitig bezahlt
    .booking-completed = Stattgefunden
    .booking-no_show = Nicht erschienen
    .booking-reopened = Rückgängig gemacht
    .booking-links_revoked = Links ersetzt
    .booking-payment_changed = Zahlung geändert
    .booking-edited = Bearbeitet
    .booking-entered = Nachträglich eingetragen
    .appointment-ended = Für alle beendet
    .participant-invited = Gast eingeladen
    .participant-revoked = Einladung eines Gastes zurückgezogen
    .payment-unapplied = Zahlung kam zu spät
    .notification-retried = E-Mail noch einmal gesendet
    .notification-cancelled = E-Mail zurückgezogen
    .payment_problem-resolved = Zahlungsproblem erledigt
history-by = { $at }, { $who }
history-by-client = { $at }, { $who } (Klientin oder Klient)
history-by-payment = Zahlung
history-by-system = automatisch
history-was = bisher { $from }, jetzt { $to }

## A series

series-title = Serie von { $client }
series-changes = Ändern, was noch bevorsteht
series-from = Ab
series-move = Verschieben
series-move-sentence = Der erste Termin rückt auf diese Zeit, die anderen auf dieselbe Uhrzeit. Die Abstände in Tagen bleiben gleich.
series-move-button = Termine verschieben
series-move-conflicts = Es wurde nichts verschoben, weil diese Zeiten nicht frei sind:
series-conflict = { $when }: { $why }
series-skip = Termine, deren neue Zeit nicht frei ist, lassen, wo sie sind
series-cancel = Absagen
series-cancel-sentence =
    { $count ->
        [one] 1{ "\u00A0" }Termin wird abgesagt, die Erstattung beträgt { $refund }.
       *[other] { $count }{ "\u00A0" }Termine werden abgesagt, die Erstattung beträgt { $refund }.
    }
series-cancel-button = Termine absagen

## Booking for a client

book-for-title = Für eine Klientin oder einen Klienten buchen
book-for-check = Zeiten prüfen
book-for-before = Vor dem Speichern
book-for-summary =
    { $all ->
        [one] { $free ->
            [one] Diese Zeit ist frei. Noch ist nichts gespeichert.
           *[other] Diese Zeit wird Klientinnen und Klienten nicht angeboten. Noch ist nichts gespeichert.
        }
       *[other] Freie Zeiten: { $free } von { $all }. Noch ist nichts gespeichert.
    }
book-for-free = Frei
book-for-outside = Außerhalb Ihrer Regeln
book-for-taken = Nicht möglich
book-for-payment = Zahlung
book-for-request = Zahlung durch die Klientin oder den Klienten: Link per E-Mail, die Zeit bleibt einige Tage reserviert
book-for-instructions = Zahlung direkt an Sie; wie, steht in der E-Mail
book-for-paid = Bereits bezahlt
book-for-waived = Ohne Zahlung
book-for-method-hint = Nur, wenn bereits bezahlt ist.
book-for-past = Der Termin hat stattgefunden; niemand erhält eine E-Mail
book-for-skip = Tage auslassen, an denen die Zeit nicht frei ist
book-for-button = Buchen
book-for-button-series = Serie buchen
book-for-conflicts = Es wurde nichts gebucht, weil diese Zeiten nicht frei sind:
book-for-count-invalid = Eine Serie hat 1 bis 53 Termine im Abstand von 1 bis 52 Wochen.

## Clients

clients-search = Name oder E-Mail-Adresse
clients-search-hint = Wortteile genügen: ann mül
clients-none = Es gibt noch keine Klientinnen und Klienten.
clients-none-found = Niemand gefunden.
clients-too-many = Es gibt noch mehr. Bitte geben Sie mehr vom Namen ein.
clients-add = Klientin oder Klienten anlegen
clients-add-button = Anlegen
clients-invite = Einladung zum Festlegen eines Passworts senden
clients-book-next = Danach einen Termin buchen
client-disabled = Gesperrt

## One person

user-email-confirmed = Bestätigt
user-email-unconfirmed = Noch nicht bestätigt
user-since = Konto seit
user-second-factor = Zweiter Faktor
user-second-factor-on = eingerichtet
user-second-factor-off = nicht eingerichtet
user-access = Zugang
user-unpaid = Noch zu zahlen für den Termin am { $when }: { $amount }.
user-upcoming = Bevorstehende Termine
user-no-upcoming = Es gibt keine.
user-past = Vergangene Termine
user-account = Konto
user-names = Namen ändern
user-email = E-Mail-Adresse ändern
user-email-button = Adresse ändern
user-password-hint = Ihr eigenes Passwort, weil dies besonders geschützt ist.
user-invitation = Einladung
user-invitation-sentence = Es gibt noch kein Passwort. Der Link in der Einladung gilt sieben Tage.
user-invite-button = Einladung noch einmal senden
user-withdraw-button = Einladung zurückziehen
user-grant-admin = Therapeutische Rechte geben
user-grant-admin-sentence = Therapeutinnen und Therapeuten sehen und ändern alles: alle Klientinnen und Klienten, Termine, Zahlungen und Einstellungen.
user-grant-admin-button = Rechte geben
user-revoke-admin = Therapeutische Rechte entziehen
user-revoke-admin-sentence = Das Konto bleibt, als das einer Klientin oder eines Klienten. Auch die Termine bei dieser Person bleiben.
user-revoke-admin-button = Rechte entziehen
user-disable = Konto sperren
user-disable-sentence = Alle Anmeldungen enden sofort, und Links in E-Mails funktionieren nicht mehr. Sie können das Konto wieder entsperren.
user-disable-button = Sperren
user-cancel-bookings = Auch die bevorstehenden Termine absagen; was bezahlt wurde, wird erstattet
user-enable = Konto entsperren
user-enable-button = Entsperren

## What waits for a therapist

today-needs = Hier sind Sie gefragt
today-payment = Zahlung zu prüfen
today-email = E-Mail konnte nicht gesendet werden
today-book = Hier buchen
