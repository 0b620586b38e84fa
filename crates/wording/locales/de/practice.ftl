### The pages of therapists about the practice, and what their forms have in common.

saved = Gespeichert.
save = Speichern
show = Anzeigen
search = Suchen
remove = Entfernen
page-before = Vorherige Seite
page-after = Nächste Seite
yes = ja
no = nein
form-errors = Es wurde nichts gespeichert. Bitte prüfen Sie, was unten markiert ist.

## Fields

field-date = Datum
field-time = Uhrzeit
field-first-date = Erster Tag
field-last-date = Letzter Tag
field-last-date-hint = Wenn das Feld leer bleibt, nur der erste Tag.
field-from = Von
field-to = Bis
field-date-invalid = Bitte wählen Sie ein Datum.
field-time-invalid = Bitte geben Sie eine Uhrzeit wie 9:30 ein.
field-number-invalid = Bitte geben Sie eine Zahl ein, die hier möglich ist.
field-too-long = Das ist leer oder zu lang.
field-phone-invalid = Bitte geben Sie eine Telefonnummer wie +49 30 23125 456 ein.
field-url-invalid = Bitte geben Sie eine Adresse ein, die mit https:// beginnt.
field-color-invalid = Bitte geben Sie eine Farbe wie #14532d ein.
field-service = Leistung
field-therapist = Therapeutin oder Therapeut
field-price = Preis
field-amount = Betrag
field-method = Zahlungsart
field-reference = Referenz, zum Beispiel eine Belegnummer
field-payment = Zahlung
field-reason = Grund
field-reason-for-client = Grund, den die Klientin oder der Klient per E-Mail erhält (freiwillig)
field-override = Arbeitszeiten und Regeln nicht beachten
field-name = Name
field-role = Rolle
field-language = Sprache der E-Mails
field-language-unknown = Wie die Praxis
field-zone = Zeitzone
field-zone-hint = Zum Beispiel Europe/Berlin. Wenn das Feld leer bleibt, gilt die Zeitzone der Praxis.
field-count = Anzahl der Termine
field-count-hint = 1 für einen einzelnen, mehr für eine Serie.
field-every = Abstand in Wochen
method-cash = Bar
method-bank-transfer = Überweisung
method-card = Karte

## Why something was not done

refused-email-taken = Mit dieser E-Mail-Adresse gibt es schon ein Konto.
refused-slot-taken = Diese Zeit ist belegt. Es wurde nichts geändert.
refused-already-paid = Für diesen Termin ist nichts zu zahlen.
refused-hold-expired = Die Frist für die Zahlung ist abgelaufen, und die Zeit wurde freigegeben.
refused-payment-processing = Eine Zahlung wird gerade verarbeitet. Bitte versuchen Sie es noch einmal, wenn sie eingegangen ist.
refused-refund-in-progress = Eine andere Erstattung dieser Zahlung läuft gerade. Bitte warten Sie, bis sie erledigt ist.
refused-nothing-to-refund = Es ist nichts mehr da, was erstattet werden kann.
refused-invalid-state = Im jetzigen Zustand ist das nicht möglich. Bitte prüfen Sie ihn.
refused-already-invited = Mit dieser E-Mail-Adresse nimmt schon jemand teil.
refused-too-many-participants = Mehr Gäste sind nicht möglich.
refused-window-closed = Dafür ist es zu früh oder zu spät.
refused-version-conflict = Jemand anderes hat das inzwischen geändert. Es wurde nichts gespeichert. Unten steht, was Sie eingegeben haben; was sich geändert hat, steht daneben.
refused-quote-changed = Die Erstattung hat sich inzwischen geändert. Es wurde nichts abgesagt. Bitte prüfen Sie den neuen Betrag.
refused-daily-limit = Die Höchstzahl der Termine an diesem Tag ist erreicht.
refused-series-conflict = Einige der Zeiten sind nicht frei. Es wurde nichts geändert.
refused-practice-not-configured = Die Praxis hat noch keine Leistung.
refused-invitation-accepted = Dieses Konto ist in Gebrauch oder gesperrt, daher ist keine Einladung möglich.
refused-last-admin = Die Praxis braucht mindestens eine Therapeutin oder einen Therapeuten. Es wurde nichts geändert.
refused-step-up = Bitte geben Sie Ihr eigenes Passwort ein.
refused-image = Bitte wählen Sie ein Bild als PNG, JPEG oder WebP mit höchstens 200 KB.
refused-notice = Der Termin würde zu bald beginnen: Ihre Regeln verlangen mehr Vorlauf.
refused-outside-hours = Das ist außerhalb der Arbeitszeiten.
refused-in-the-past = Diese Zeit liegt in der Vergangenheit.
refused-nonexistent-time = Diese Uhrzeit gibt es an dem Tag nicht, weil die Uhren vorgestellt werden.
refused-horizon = So weit im Voraus kann nicht gebucht werden.
refused-length = Ein Termin dauert 1 Minute bis 12 Stunden.
refused-unknown-client = Diese Person gibt es nicht, oder für sie kann nicht gebucht werden.
refused-unknown-service = Diese Leistung gibt es nicht.
refused-unknown-therapist = Diese Therapeutin oder diesen Therapeuten gibt es nicht.
refused-range = Das Ende liegt vor dem Beginn, oder der Zeitraum ist zu lang.
refused-overlapping-hours = Zwei Zeiten an einem Tag überschneiden sich.
refused-too-many-hours = Eine Woche hat höchstens 42 Zeiten.
refused-amount = Bitte geben Sie einen Betrag wie 80,00 ein, der zu dem passt, was fällig ist.
refused-refund-too-large = Das ist mehr, als von der Zahlung noch übrig ist.
refused-provider = Der Zahlungsdienst antwortet nicht. Bitte versuchen Sie es bald noch einmal.
refused-out-of-range = Eine Angabe liegt außerhalb dessen, was möglich ist. Es wurde nichts gespeichert.
refused-sent-twice = Dieses Formular wurde schon einmal mit anderem Inhalt gesendet. Bitte prüfen Sie, was gespeichert wurde.
changed-to = Jetzt: { $value }

## Working hours

hours-title = Arbeitszeiten und Abwesenheiten
hours-week = Die Woche
hours-day-hint = Zum Beispiel 9:00-12:00, 13:00-17:30. Ein freier Tag bleibt leer.
hours-day-invalid = Bitte geben Sie Zeiten wie 9:00-12:00, 13:00-17:30 ein.
hours-exceptions = Abwesenheiten und zusätzliche Zeiten
hours-no-exceptions = Es gibt keine.
hours-add = Abwesenheit oder zusätzliche Zeiten eintragen
hours-add-button = Eintragen
hours-kind-label = Was ist es?
hours-kind =
    .dates = Ganze Tage abwesend
    .period = Einen Teil des Tages abwesend
    .extra = Zusätzliche Zeiten
hours-time-hint = Nur für einen Teil des Tages und für zusätzliche Zeiten.
hours-note = Bezeichnung, zum Beispiel Urlaub
hours-note-hint = Nur die Praxis kann sie lesen.
hours-closed-day = Abwesend am { $day }
hours-closed-days = Abwesend vom { $from } bis { $to }
hours-closed-period = Abwesend vom { $from } bis { $to }
hours-extra = Geöffnet am { $day }, { $hours }
hours-in-the-way = Noch ist nichts gespeichert. Diese Termine sind im Weg; wenn Sie speichern, bleiben sie, wie sie sind.
hours-confirm = Trotzdem speichern
hours-count =
    { $count ->
        [one] 1{ "\u00A0" }Stunde
       *[other] { $count }{ "\u00A0" }Stunden
    }

## Why is this time not offered?

why-title = Warum wird diese Zeit nicht angeboten?
why-button = Erklären
why-offered = Diese Zeit wird angeboten.
why-all = Alles, was wir geprüft haben
why-allows = Erlaubt es
why-stops = Verhindert es
why-future = Die Zeit liegt in der Zukunft
why-notice = Vorlauf: mindestens { $notice } vorher
why-horizon =
    { $days ->
        [one] Höchstens 1{ "\u00A0" }Tag im Voraus
       *[other] Höchstens { $days }{ "\u00A0" }Tage im Voraus
    }
why-hours = Arbeitszeiten an diesem Tag: { $hours }
why-no-hours = Keine Arbeitszeiten an diesem Tag
why-closed = Keine Arbeitszeit: { $exceptions }
why-grid = Termine beginnen alle { $step }
why-daily-limit =
    { $limit ->
        [one] Höchstens 1{ "\u00A0" }Termin am Tag
       *[other] Höchstens { $limit }{ "\u00A0" }Termine am Tag
    }
why-no-daily-limit = Keine Höchstzahl von Terminen am Tag
why-no-conflicts = Kein anderer Termin
why-conflicts = Ein anderer Termin ist im Weg: { $bookings }
why-conflict = { $client }, { $from } bis { $to }
why-conflict-with-buffer = { $client }, { $from } bis { $to }, danach Pause bis { $until }
why-open-conflict = Zum Termin von { $client }
why-book = Diese Zeit buchen
why-book-anyway = Trotzdem buchen
why-change-hours = Arbeitszeiten ändern
why-change-policy = Regeln ändern

## Services

services-title = Leistungen
services-none = Es gibt noch keine Leistungen.
service-inactive = Nicht angeboten
service-add = Leistung anlegen
service-add-button = Anlegen
service-sentence = Gebuchte Termine behalten ihre Dauer und ihren Preis.
service-name = Name
service-name-hint = Er steht in E-Mails und Kalendern und sollte deshalb nicht verraten, dass jemand in Therapie ist.
service-name-invalid = Bitte geben Sie 1 bis 100 Zeichen ein.
service-description = Beschreibung
service-minutes = Dauer in Minuten
service-buffer = Pause danach in Minuten
service-buffer-hint = So lange bleibt der Kalender geschlossen.
service-active = Klientinnen und Klienten können sie buchen
service-currency = Währung
service-currency-invalid = Bitte geben Sie eine Währung wie EUR ein.
service-name-in = Name, { $language }
service-description-in = Beschreibung, { $language }

## The rules

policy-title = Regeln für Buchungen und Absagen
policy-sentence = Für gebuchte Termine gelten weiter die Bedingungen, zu denen sie gebucht wurden.
policy-hours-hint = In Stunden, zum Beispiel 24 oder 1:30.
policy-notice = Bis wie lange vorher können Klientinnen und Klienten buchen?
policy-horizon = Wie viele Tage im Voraus können sie buchen?
policy-limit = Termine je Therapeutin oder Therapeut am Tag
policy-limit-hint = Wenn das Feld leer bleibt, gibt es keine Höchstzahl.
policy-step = Im Abstand von wie vielen Minuten können Termine beginnen?
policy-step-hint = Klientinnen und Klienten sehen diese Zeiten.
policy-free = Bis wie lange vorher ist eine Absage kostenlos?
policy-percent = Was danach erstattet wird, in Prozent
policy-percent-hint = 0, wenn nichts erstattet wird.
policy-grace = Wie viele Minuten nach der Buchung ist eine Absage in jedem Fall kostenlos?
policy-grace-hint = Für alle, die versehentlich gebucht haben.
policy-reschedule = Bis wie lange vorher kann ein Termin verschoben werden?
policy-auto-complete = Vergangene Termine automatisch als stattgefunden markieren

## The practice

practice-hours = Wann Klientinnen und Klienten buchen können
practice-why = Welche Regel oder welcher Termin im Weg ist
practice-services = Was gebucht werden kann, wie lange es dauert und was es kostet
practice-policy = Vorlauf, kostenlose Absage, Höchstzahlen
practice-profile = Name, Kontakt, rechtliche Texte, Logo und Farbe
practice-money = Einnahmen, unbezahlte Termine, Probleme
practice-emails = Was gesendet wurde, was wartet, was nicht gesendet werden konnte
practice-team = Die Therapeutinnen und Therapeuten und ihr zweiter Faktor
profile-title = Praxis
profile-name = Name der Praxis
profile-phone = Telefon
profile-website = Website
profile-color = Farbe der Links und Schaltflächen
profile-color-hint = Zum Beispiel #14532d. Wo sie nicht lesbar wäre, machen wir sie dunkler oder heller.
profile-formality = Anrede auf Deutsch
formality =
    .formal = Siezen
    .informal = Duzen
profile-imprint = Impressum: Text oder Webadresse
profile-privacy = Datenschutzerklärung: Text oder Webadresse
profile-offline = Wie an Sie bezahlt wird, wenn Sie Zahlungen selbst entgegennehmen
profile-text-in = { $text } ({ $language })
profile-logo = Logo
profile-logo-file = Bild
profile-logo-hint = PNG, JPEG oder WebP, höchstens 200 KB.
profile-logo-button = Dieses Bild verwenden
profile-logo-remove = Logo entfernen

## Money

money-title = Finanzen
money-problems = Zahlungen, die Sie prüfen müssen
money-no-problems = Es gibt keine.
money-resolve = Erledigt
money-reference = Referenz beim Zahlungsdienst: { $reference }
money-unpaid = Bevorstehende Termine, die nicht bezahlt sind
money-revenue = Einnahmen nach Monaten
money-month = Monat
money-received = Eingegangen
money-refunded = Erstattet
money-net = Summe
money-none = In dieser Zeit ist nichts eingegangen.
money-export = Nach Tagen exportieren (CSV)
payment-problem =
    .wrong_amount = Der Betrag ist nicht der fällige
    .wrong_currency = Die Währung ist nicht die vereinbarte
    .wrong_mode = Eine Testzahlung, wo eine echte fällig war, oder umgekehrt
    .wrong_booking = Die Zahlung nennt einen anderen Termin oder keinen
    .unknown_checkout = Der Zahlungsdienst kennt diese Zahlungsseite nicht
    .unknown_booking = Diesen Termin gibt es nicht
    .refund_failed = Eine Erstattung ist fehlgeschlagen

## Emails

emails-title = E-Mails
emails-state = Status
emails-all = Alle
emails-none = Es gibt keine solchen E-Mails.
emails-send-again = Noch einmal senden
emails-cancel = Zurückziehen
emails-booking = Zum Termin
emails-person = Zur Person
email-state =
    .pending = Wartet
    .held = Seit einer Wiederherstellung angehalten
    .sent = Gesendet
    .skipped = Nicht mehr nötig
    .cancelled = Zurückgezogen
    .expired = Nicht rechtzeitig gesendet
    .dead = Konnte nicht gesendet werden
email-kind =
    .meeting_info = Bestätigung
    .reminder = Erinnerung
    .invitation = Einladung eines Gastes
    .rescheduled = Neue Zeit
    .cancelled = Absage
    .reassigned = Neue Therapeutin oder neuer Therapeut
    .updated = Neue Dauer
    .meeting_link = Link zum Termin
    .receipt = Quittung
    .payment_problem = Zahlungsproblem
    .refund = Erstattung
    .payment_instructions = Wie bezahlt wird
    .payment_request = Bitte um Zahlung
    .payment_reminder = Erinnerung an die Zahlung
    .hold_expired = Nicht rechtzeitig bezahlt
    .therapist_booked = An Therapeutin oder Therapeuten: gebucht
    .therapist_rescheduled = An Therapeutin oder Therapeuten: neue Zeit
    .therapist_cancelled = An Therapeutin oder Therapeuten: abgesagt
    .therapist_reassigned = An Therapeutin oder Therapeuten: übergeben
    .therapist_updated = An Therapeutin oder Therapeuten: neue Dauer
    .therapist_payment = An Therapeutin oder Therapeuten: bezahlt
    .therapist_payment_review = An Therapeutin oder Therapeuten: Zahlung zu prüfen
    .agenda = Termine des Tages
    .password_reset = Neues Passwort
    .login_link = Link zum Anmelden
    .email_verification = Bestätigung der Adresse
    .email_confirmation = Bestätigung einer neuen Adresse
    .email_changed = Adresse wurde geändert
    .account_invitation = Einladung, ein Passwort festzulegen
    .registration_attempt = Konto gibt es bereits
    .password_changed = Passwort wurde geändert
    .second_factor_added = Zweiter Faktor wurde eingerichtet
    .second_factor_removed = Zweiter Faktor wurde entfernt
    .role_changed = Neue Rechte
    .account_disabled = Konto wurde gesperrt
    .new_login = Anmeldung von einem neuen Gerät

## The team

team-title = Team
team-second-factor = Zweiter Faktor { $state }
team-last-login = zuletzt verwendet am { $at }
team-how-to-add = Um jemanden ins Team aufzunehmen, legen Sie zuerst ein Konto unter „Kartei“ an, und geben Sie der Person dann auf ihrer Seite therapeutische Rechte.

## The first steps

set-up-note = Ihre Praxis ist neu. Ein paar Schritte, und man kann Termine buchen.
set-up-begin = Praxis einrichten
set-up-step = Schritt { $number } von { $all }. Sie können jeden Schritt auslassen und später nachholen.
set-up-skip = Ohne das weiter
set-up-back = Zurück
set-up-finish = Fertig
set-up-you = Wer sind Sie?
set-up-you-sentence = Diesen Namen sieht man beim Buchen, in E-Mails und im Gespräch.
set-up-second-factor = Ein zweiter Faktor für Ihr Konto
set-up-second-factor-sentence = Mit einer Authenticator-App öffnet Ihr Passwort allein keine Akte.
set-up-second-factor-link = Zweiten Faktor einrichten
set-up-hours = Wann kann man Termine buchen?
set-up-hours-sentence = Sie können das jederzeit ändern und Abwesenheiten eintragen.
set-up-service = Was kann man buchen?
set-up-service-sentence = Beginnen Sie mit einer Leistung; weitere können folgen.
set-up-practice = Wie erreicht man Sie?
set-up-practice-sentence = Es steht am Ende jeder Seite und jeder E-Mail.
set-up-video = Funktioniert der Videoserver?
set-up-video-sentence = Das hat der Server soeben geantwortet.
set-up-check =
    .links = Links
    .video-server = Videoserver
    .clock = Uhr
    .end-meeting = Räume schließen
set-up-check-passed = Funktioniert
set-up-check-doubtful = Bitte prüfen
set-up-check-failed = Funktioniert nicht
