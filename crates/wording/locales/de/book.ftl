### Booking an appointment

book-button-front = Termin buchen

## The three steps

book-steps = Fortschritt
book-step-time = Zeit wählen
book-step-who = Ihre Angaben
book-step-check = Prüfen und buchen
book-step-done = (erledigt)

## Choosing service, therapist and time

book-time = Wann passt es Ihnen?
book-service = Was möchten Sie buchen?
book-service-price = { $duration }, { $price }
book-service-free = { $duration }, kostenlos
book-therapist = Mit wem?
book-therapist-unnamed = Therapeutin oder Therapeut
book-chosen = (gewählt)
book-next = Nächste freie Zeit
book-next-button = Diese Zeit nehmen
book-times = Freie Zeiten vom { $first } bis { $last }
book-slot = { $date }, { $time } Uhr
book-none-on = { $date }: keine freien Zeiten
book-none-between = { $first } bis { $last }: keine freien Zeiten
book-none =
    { $count ->
        [one] Am nächsten Tag ist keine Zeit frei, und weiter im Voraus kann hier nicht gebucht werden. Bitte versuchen Sie es später noch einmal, oder wenden Sie sich an die Praxis.
       *[other] In den nächsten { $count } Tagen ist keine Zeit frei, und weiter im Voraus kann hier nicht gebucht werden. Bitte versuchen Sie es später noch einmal, oder wenden Sie sich an die Praxis.
    }
book-none-from = Ab dem { $date } gibt es noch keine freien Zeiten. Bitte sehen Sie sich frühere an.
book-earlier = Frühere Zeiten
book-later = Spätere Zeiten
book-zone = Zeitzone
book-zone-shown = Alle Zeiten gelten für { $place }
book-zone-practice = Die Praxis ist in einer anderen Zeitzone: { $place }. Dort kann das Datum abweichen.
book-zone-button = Zeiten in dieser Zeitzone anzeigen
book-zone-hint = Ihr Browser ist auf eine andere Zeitzone eingestellt: { $zone }.
book-zone-hint-button = Zeiten in { $zone } anzeigen
book-taken = Diese Zeit ist nicht mehr frei.
book-taken-sentence = { $when } ist inzwischen gebucht oder kann hier nicht mehr gebucht werden. Es wurde nichts berechnet. Bitte wählen Sie eine andere Zeit.
book-taken-note = Ihre Nachricht bleibt erhalten.
book-closed = Noch keine Termine
book-closed-sentence = Im Moment können hier keine Termine gebucht werden. Bitte wenden Sie sich an die Praxis.

## Who books

book-who = Wer sind Sie?
book-slot-heading = Ihr Termin
book-fact-service = Leistung
book-fact-therapist = Mit
book-fact-price = Preis
book-fact-price-free = Kostenlos
book-fact-practice = In der Praxis
book-other-time = Andere Zeit wählen
book-not-reserved = Diese Zeit wird erst im letzten Schritt reserviert, wenn Sie buchen.
book-new = Ich bin zum ersten Mal hier
book-new-sentence = Bitte sagen Sie uns, wer Sie sind. Wir senden Ihnen per E-Mail einen Link, der Ihre Adresse bestätigt und zu diesem Termin zurückführt.
book-new-wrong = Eine Angabe stimmt noch nicht. Ihr Termin bleibt gewählt.
book-new-button = Link zusenden
book-new-no-password = Ein Passwort brauchen Sie nicht. Sie können später in Ihrem Konto eines festlegen.
book-new-closed = Neue Konten legt die Praxis an. Bitte wenden Sie sich an uns.
book-register = Mit einem Passwort registrieren
book-known = Ich habe ein Konto
book-log-in = Anmelden und weiter

# After the form of a new client.

book-mailed = Wir haben Ihnen eine E-Mail gesendet. Bitte öffnen Sie den Link darin, um mit Ihrem Termin fortzufahren: { $when }.
book-mailed-not-reserved = Er ist erst für Sie reserviert, wenn Sie ihn buchen.
book-mailed-again = Andere E-Mail-Adresse eingeben

## The summary

book-check = Ist alles richtig?
book-you = Ihre Angaben
book-you-name = Name
book-you-email = E-Mail
book-terms = Wenn sich etwas ändert
book-move = Verschieben
book-move-until = Bis { $when }, kostenlos und so oft wie nötig.
book-move-late = Dieser Termin beginnt so bald, dass er hier nicht verschoben werden kann. Bitte wenden Sie sich an die Praxis.
book-cancel = Absagen
book-cancel-free = Bis zum Beginn, kostenlos.
book-cancel-free-until = Bis { $when }, kostenlos.
book-cancel-full = Bis zum Beginn: Sie erhalten { $amount } zurück, den vollen Betrag.
book-cancel-part = Bis { $when }: Sie erhalten { $amount } zurück, den vollen Betrag. Danach: { $late }.
book-cancel-nothing = Bis { $when }: Sie erhalten { $amount } zurück, den vollen Betrag. Danach wird nichts erstattet.
book-cancel-late-part = Dieser Termin beginnt bald: Sie erhalten { $late } von { $amount } zurück.
book-cancel-late-nothing = Dieser Termin beginnt bald, daher wird nichts erstattet.
book-grace = Versehentlich gebucht?
book-grace-sentence = Direkt nach der Buchung ist das Absagen immer kostenlos ({ $minutes } lang).
book-note = Nachricht (freiwillig)
book-note-hint = Für Ihre Therapeutin oder Ihren Therapeuten. Höchstens { $max } Zeichen.
book-note-too-long = Bitte kürzen Sie die Nachricht auf { $max } Zeichen.
book-button = Buchen
book-button-pay = Zahlungspflichtig buchen und { $amount } zahlen
book-button-price = Zahlungspflichtig buchen: { $amount }
book-pay-online = Sie bezahlen auf der Seite unseres Zahlungsdienstes. Diese Zeit ist für { $minutes } reserviert und bestätigt, sobald Ihre Zahlung eingegangen ist.
book-pay-offline = Diese Zeit ist bis { $until } reserviert und bestätigt, sobald Ihre Zahlung eingegangen ist. Wie Sie bezahlen, erfahren Sie auf der nächsten Seite und per E-Mail.

## After the address of a new account is verified

book-verified-free = Mit diesem Termin fortfahren
book-verified-taken = Andere Zeit wählen
