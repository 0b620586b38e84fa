### What differs for readers who are addressed with du.

form-errors = Es wurde nichts gespeichert. Bitte prüfe, was unten markiert ist.

field-date-invalid = Bitte wähle ein Datum.
field-time-invalid = Bitte gib eine Uhrzeit wie 9:30 ein.
field-number-invalid = Bitte gib eine Zahl ein, die hier möglich ist.
field-phone-invalid = Bitte gib eine Telefonnummer wie +49 30 23125 456 ein.
field-url-invalid = Bitte gib eine Adresse ein, die mit https:// beginnt.
field-color-invalid = Bitte gib eine Farbe wie #14532d ein.

refused-payment-processing = Eine Zahlung wird gerade verarbeitet. Bitte versuche es noch einmal, wenn sie eingegangen ist.
refused-refund-in-progress = Eine andere Erstattung dieser Zahlung läuft gerade. Bitte warte, bis sie erledigt ist.
refused-invalid-state = Im jetzigen Zustand ist das nicht möglich. Bitte prüfe ihn.
refused-version-conflict = Jemand anderes hat das inzwischen geändert. Es wurde nichts gespeichert. Unten steht, was du eingegeben hast; was sich geändert hat, steht daneben.
refused-quote-changed = Die Erstattung hat sich inzwischen geändert. Es wurde nichts abgesagt. Bitte prüfe den neuen Betrag.
refused-step-up = Bitte gib dein eigenes Passwort ein.
refused-image = Bitte wähle ein Bild als PNG, JPEG oder WebP mit höchstens 200 KB.
refused-notice = Der Termin würde zu bald beginnen: Deine Regeln verlangen mehr Vorlauf.
refused-amount = Bitte gib einen Betrag wie 80,00 ein, der zu dem passt, was fällig ist.
refused-provider = Der Zahlungsdienst antwortet nicht. Bitte versuche es bald noch einmal.
refused-sent-twice = Dieses Formular wurde schon einmal mit anderem Inhalt gesendet. Bitte prüfe, was gespeichert wurde.

hours-day-invalid = Bitte gib Zeiten wie 9:00-12:00, 13:00-17:30 ein.
hours-in-the-way = Noch ist nichts gespeichert. Diese Termine sind im Weg; wenn du speicherst, bleiben sie, wie sie sind.

service-name-invalid = Bitte gib 1 bis 100 Zeichen ein.
service-currency-invalid = Bitte gib eine Währung wie EUR ein.

profile-offline = Wie an dich bezahlt wird, wenn du Zahlungen selbst entgegennimmst

money-problems = Zahlungen, die du prüfen musst

team-how-to-add = Um jemanden ins Team aufzunehmen, lege zuerst ein Konto unter „Kartei“ an, und gib der Person dann auf ihrer Seite therapeutische Rechte.

## The first steps

set-up-note = Deine Praxis ist neu. Ein paar Schritte, und man kann Termine buchen.
set-up-step = Schritt { $number } von { $all }. Du kannst jeden Schritt auslassen und später nachholen.
set-up-you = Wer bist du?
set-up-second-factor = Ein zweiter Faktor für dein Konto
set-up-second-factor-sentence = Mit einer Authenticator-App öffnet dein Passwort allein keine Akte.
set-up-hours-sentence = Du kannst das jederzeit ändern und Abwesenheiten eintragen.
set-up-service-sentence = Beginne mit einer Leistung; weitere können folgen.
set-up-practice = Wie erreicht man dich?
